"""Cuts glued names into known words by the cheapest cover (wrwoodbeam: wr, wood, beam); read by `names`."""

import re
from collections.abc import Set
from typing import NamedTuple

_LONGEST = 24
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Found(NamedTuple):
    """A known word of a name. trust: 1 where the rest of its piece is known too, down to 0.5."""

    word: str
    trust: float


def words_of(name: str, known: Set[str]) -> list[Found]:
    """The known words of a name, in order, without those that are only letters within another word.

    Digits, separators and capitals end a piece; a known word may span whole pieces (`skeleton_key`), never parts
    of two.

    >>> known = {"wr", "wood", "beam", "ice", "skeletonkey", "key"}
    >>> [found.word for found in words_of("WRWoodBeam01", known)]
    ['wr', 'wood', 'beam']
    >>> words_of("device", known), [found.word for found in words_of("Skeleton_Key", known)]
    ([], ['skeletonkey'])
    """
    pieces = [piece.lower() for piece in _PIECES.findall(name.replace("'", ""))]
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + len(piece))
    spans = _cheapest("".join(pieces), frozenset(ends), known)

    found = []
    for start, end in spans:
        first = max(e for e in ends if e <= start)
        last = min(e for e in ends if e >= end)
        lengths = [e - s for s, e in spans if s < last and e > first]
        unknown = last - first - sum(lengths)
        trust = _trust(end - start, sum(n for n in lengths if n > 3), unknown, end == last)
        if trust:
            found.append(Found("".join(pieces)[start:end], trust))
    return found


def covers(name: str, known: Set[str]) -> bool:
    """Whether known words cover all letters of a name: a mod's own name says nothing.

    >>> covers("snowstone", {"snow", "stone"}), covers("hideous", {"hide"})
    (True, False)
    """
    letters = "".join(_PIECES.findall(name.replace("'", "")))
    return bool(letters) and sum(len(found.word) for found in words_of(name, known)) == len(letters)


def _trust(letters: int, known: int, unknown: int, at_end: bool) -> float:
    """How far a word of so many letters is believed in a piece with so many unknown ones.

    known: letters of the piece within words longer than three. The last word is believed after a proper name
    (`barenziahscrown`), one of four letters only after an abbreviation (`rrwall`).
    """
    if unknown == 0:
        return 1.0
    if letters > 3 and known >= 5 and unknown <= 2:
        return 0.8
    if letters > 3 and known >= 5 and unknown <= 0.67 * known:
        return 0.6
    if at_end and (letters > 4 or (letters == 4 and unknown <= 2)):
        return 0.5
    return 0.5 if letters == 4 and unknown == 1 else 0.0


def _cheapest(text: str, ends: frozenset[int], known: Set[str]) -> list[tuple[int, int]]:
    """Spans of known words: an unknown letter costs 1, a word 0.4 and more where it is short."""
    best: list[tuple[float, int, bool]] = [(0.0, 0, False)]
    for end in range(1, len(text) + 1):
        choice = (best[end - 1][0] + 1.0, end - 1, False)
        for start in range(max(0, end - _LONGEST), end):
            if text[start:end] not in known:
                continue
            whole = start in ends and end in ends
            if not whole and (end - start < 2 or any(start < inner < end for inner in ends)):
                continue
            price = 0.4 if whole else {2: 1.6, 3: 0.75, 4: 0.5}.get(end - start, 0.4)
            if best[start][0] + price < choice[0]:
                choice = (best[start][0] + price, start, True)
        best.append(choice)

    spans = []
    end = len(text)
    while end:
        _, start, is_word = best[end]
        if is_word:
            spans.append((start, end))
        end = start
    return spans[::-1]
