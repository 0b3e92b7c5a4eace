"""Patterns by which a person names texture sets, in `--include`, in rules and in hints."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches(name: str, pattern: str) -> bool:
    """Whether a person's pattern (`*`, `?`, `[]`, either slash) matches a set's name; case counts nowhere.

    >>> matches("Clutter/Pot", "clutter\\\\*")
    True
    """
    return fnmatchcase(name.lower(), pattern.replace("\\", "/").lower())


def unmatched(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The patterns that match none of these names.

    >>> unmatched(["clutter/*", "clutr/*"], ["clutter/pot"])
    ['clutr/*']
    """
    names = list(names)
    return [pattern for pattern in patterns if not any(matches(name, pattern) for name in names)]


def exact_pattern(name: str) -> str:
    """A pattern that matches this name alone, as `matches` matches.

    >>> exact_pattern("a[1]/b*")
    'a[[]1]/b[*]'
    """
    return re.sub(r"([\[*?])", r"[\1]", name)
