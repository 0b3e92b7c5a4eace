"""What a person changes about finished maps: strength, bias and inversion; between the stored maps and packing.

Rules are one small TOML file, `unbake.toml` in IN or the file named by `--rules`:

    [roughness]                       # every texture
    bias = 0.05

    [[rules]]                         # the textures whose name matches; a later rule overrides an earlier one
    match = "architecture/*"          # case-insensitive, `*` crosses folders, as with --include
    roughness = { strength = 1.2 }
    normal    = { strength = 0.7 }

What each value does, in this order (values are then clipped to the range of the map):

| map | invert | strength (1 = as converted) | bias (added, 0 = as converted) |
|---|---|---|---|
| albedo | complement of each channel | from the input diffuse (0) to the albedo as converted | sRGB, each channel |
| roughness | gloss for roughness | multiplies: 0 is a mirror | above 0 is duller |
| metallic | metal where there was none | multiplies: 0 is no metal | towards metal |
| ao | occluded for open | depth of the shadows: 0 is none (all 1) | above 0 is lighter |
| height | dents for bumps | contrast about 127/255: 0 is flat | raises, unless the preset recentres it |
| normal | dents for bumps | multiplies the slopes: 0 is flat | there is none |
"""

import re
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from unbake.domain.maps import MAPS_HEADS, SPECS, MapKind
from unbake.errors import UsageError
from unbake.image.normals import from_slopes, slopes

Maps = dict[MapKind, np.ndarray]

RULES: Final = "unbake.toml"
"""The rules of a mod, at the top of IN."""

Strength = Annotated[float, msgspec.Meta(ge=0, le=10)]
Bias = Annotated[float, msgspec.Meta(ge=-1, le=1)]


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is done to a map, as far as it is said (None: it is not)."""

    strength: Strength | None = None
    bias: Bias | None = None
    invert: bool | None = None


class Bend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is done to the slopes of a normal map; a bias would mean nothing."""

    strength: Strength | None = None
    invert: bool | None = None


class Adjust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is done to the maps of one texture; `Adjust()` leaves them alone. Equal ones give equal bytes.

    `msgspec.json.encode` of it is what a journal needs to know of the rules for one texture.
    """

    albedo: Change = Change()
    roughness: Change = Change()
    metallic: Change = Change()
    ao: Change = Change()
    height: Change = Change()
    normal: Bend = Bend()


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to the textures whose name matches a pattern."""

    match: str
    albedo: Change = Change()
    roughness: Change = Change()
    metallic: Change = Change()
    ao: Change = Change()
    height: Change = Change()
    normal: Bend = Bend()


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules: what holds for every texture, and what for those whose name matches."""

    albedo: Change = Change()
    roughness: Change = Change()
    metallic: Change = Change()
    ao: Change = Change()
    height: Change = Change()
    normal: Bend = Bend()
    rules: tuple[Rule, ...] = ()


_NAMES: Final = Adjust.__struct_fields__

_PIVOT: Final = {kind: SPECS[kind].neutral[0] if SPECS[kind].contrast else 0.0 for kind in MAPS_HEADS}
"""Where strength 0 leads a map of one channel."""


def load_rules(source: Path, given: Path | None = None, flags: Sequence[str] = ()) -> Rules:
    """The rules of a conversion: the file `given`, else `unbake.toml` in the folder `source`, else none.

    flags: `--adjust` values such as "roughness.bias=0.1"; they replace what the file says for every texture,
    while its rules for some go on top. UsageError in one sentence, with the place in the file, where anything
    is wrong.

    >>> load_rules(Path("nowhere"), flags=["ao.strength=0.5"]).ao.strength
    0.5
    """
    path = given or source / RULES
    rules = Rules()
    if given is not None or path.is_file():
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"Rules {path} cannot be read ({why}); check the path.") from error
        rules = read_rules(text, str(path))
    for flag in flags:
        rules = _with_flag(rules, flag)
    return rules


def read_rules(text: str, where: str = RULES) -> Rules:
    """The rules in a TOML text; `where` names it in the UsageError that anything wrong with it raises.

    >>> read_rules("[ao]\\nstrength = 0.5").ao.strength
    0.5
    """
    try:
        return msgspec.convert(tomllib.loads(text), Rules)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(
            f"rules were expected in {where}, for {', '.join(_NAMES)}: strength (0 to 10), bias (-1 to 1, not of "
            f"normal), invert (true or false); but it says: {error}; mend that"
        ) from error


def rules_for(rules: Rules, name: str) -> Adjust:
    """What is done to the texture of this name (below the texture root, forward slashes).

    >>> rules = read_rules('roughness.bias = 0.1\\n[[rules]]\\nmatch = "a/*"\\nroughness.strength = 2.0')
    >>> rules_for(rules, "A/rock").roughness
    Change(strength=2.0, bias=0.1, invert=None)
    """
    fits = [rule for rule in rules.rules if fnmatchcase(name.lower(), rule.match.replace("\\", "/").lower())]
    return Adjust(**{key: _merged([getattr(said, key) for said in (rules, *fits)]) for key in _NAMES})


def adjusted(maps: Maps, adjust: Adjust) -> Maps:
    """The maps after a person's changes; those that nothing is said of are the very same arrays.

    maps: float32 (H, W, C) in the range of their spec, normals unit vectors (OpenGL). A changed albedo needs
    the diffuse beside it. Each pixel is changed on its own, so strips of rows give what the whole gives.

    >>> dark = {MapKind.AO: np.zeros((1, 1, 1), np.float32)}
    >>> adjusted(dark, Adjust(ao=Change(strength=0.5)))[MapKind.AO].item()
    0.5
    """
    changed = dict(maps)
    for key in _NAMES:
        kind, how = MapKind(key), getattr(adjust, key)
        if kind in maps and _changes(how):
            changed[kind] = _turned(maps[kind], how) if SPECS[kind].vector else _moved(kind, maps, how)
    return changed


def relief_factor(adjust: Adjust) -> float:
    """By what `displacement_scale`'s relief is multiplied, so that a stronger height map stands deeper."""
    return 1.0 if adjust.height.strength is None else adjust.height.strength


def _changes(how: Change | Bend) -> bool:
    return how.strength not in (None, 1.0) or bool(how.invert) or bool(getattr(how, "bias", None))


def _moved(kind: MapKind, maps: Maps, how: Change) -> np.ndarray:
    spec, values = SPECS[kind], maps[kind]
    start = maps[spec.start] if spec.start and kind not in _PIVOT else np.float32(_PIVOT.get(kind, 0.0))
    values = np.float32(spec.low + spec.high) - values if how.invert else values
    if how.strength not in (None, 1.0):
        values = start + np.float32(how.strength) * (values - start)
    return np.clip(values + np.float32(how.bias or 0.0), spec.low, spec.high).astype(np.float32, copy=False)


def _turned(normal: np.ndarray, how: Bend) -> np.ndarray:
    strength = np.float32(1.0 if how.strength is None else how.strength) * np.float32(-1 if how.invert else 1)
    dx, dy = slopes(normal)
    return from_slopes(strength * dx, strength * dy)


def _merged(said: Sequence[Any]) -> Any:
    """Of each value of several `Change` or `Bend` the last that was said."""
    last = said[0]
    for one in said[1:]:
        values = {key: getattr(one, key) for key in one.__struct_fields__}
        last = msgspec.structs.replace(last, **{key: it for key, it in values.items() if it is not None})
    return last


def _with_flag(rules: Rules, flag: str) -> Rules:
    """The rules with one value for every texture said anew."""
    form = re.fullmatch(r"\s*(\w+)\.(\w+)\s*=\s*(\S+)\s*", flag)
    if form is None:
        raise UsageError(
            f"--adjust was expected as MAP.VALUE=NUMBER, such as roughness.bias=0.1, but {flag!r} came; "
            "see unbake convert --help"
        )
    name, key, value = form.groups()
    said = read_rules(f"{name}.{key} = {value}", f"--adjust {flag}")
    merged = {one: _merged([getattr(rules, one), getattr(said, one)]) for one in _NAMES}
    return msgspec.structs.replace(rules, **merged)
