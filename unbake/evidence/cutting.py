"""Cuts glued names into known words by the cheapest cover (wrwoodbeam: wr, wood, beam); read by `names`."""

import re
from collections.abc import Set
from typing import NamedTuple

_LONGEST = 24
_VOWELS = frozenset("aeiou")
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Found(NamedTuple):
    """A known word of a name. trust: 1 where the rest of its piece is known too, else 0.5 to 0.8."""

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
    text = "".join(pieces)
    spans = _cheapest(text, frozenset(ends), known)

    found = []
    for start, end in spans:
        first = max(e for e in ends if e <= start)
        last = min(e for e in ends if e >= end)
        beside = [(s, e) for s, e in spans if first <= s and e <= last]
        covered = {at for s, e in beside for at in range(s, e)}
        before = "".join(text[at] for at in range(first, start) if at not in covered)
        after = "".join(text[at] for at in range(end, last) if at not in covered)
        trust = _trust(end - start, sum(e - s for s, e in beside if e - s > 3), before, after)
        if trust:
            found.append(Found(text[start:end], trust))
    return found


def covers(name: str, known: Set[str]) -> bool:
    """Whether known words cover all letters of a name: a mod's own name says nothing.

    >>> covers("snowstone", {"snow", "stone"}), covers("hideous", {"hide"})
    (True, False)
    """
    letters = "".join(_PIECES.findall(name.replace("'", "")))
    return bool(letters) and sum(len(found.word) for found in words_of(name, known)) == len(letters)


def _trust(letters: int, known: int, before: str, after: str) -> float:
    """How far a word of so many letters is believed beside the unknown letters of its piece.

    known: letters of the piece within words longer than three. Believed beside unknown letters are: the last word
    after an abbreviation (`sgrate`, `rrwall`) or a proper name (`barenziahscrown`), the first of five letters and
    more, and one of several words that cover most of the piece.
    """
    unknown = len(before) + len(after)
    if unknown == 0:
        return 1.0
    if letters < 4:
        return 0.0
    if known > letters:
        return 0.7 if unknown <= 0.5 * known else 0.0
    if before and not after:
        if len(before) <= 2 and _VOWELS.isdisjoint(before):
            return 0.8 if letters > 4 else 0.5
        return 0.5 if len(before) > 2 and (letters > 5 or (letters > 4 and before.endswith("s"))) else 0.0
    if before or letters < 5:
        return 0.0
    return 0.8 if unknown == 1 else 0.6 if unknown <= 0.67 * letters else 0.0


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
