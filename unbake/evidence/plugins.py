"""Plugins of a load order: editor IDs of the ground's texture sets, and keywords of what wears a texture.

`load_order.find_plugins` → `read_plugins` → `ground_editor_ids`, `keywords` → `keywords.metal_of_keywords`.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from unbake.domain.texture_paths import EXTENSIONS
from unbake.errors import FileError
from unbake.evidence.keywords import known_names
from unbake.evidence.load_order import some
from unbake.evidence.plugin_file import FormId, Record, read_plugin

EditorIds = Mapping[str, tuple[str, ...]]
"""Texture (lower case, forward slashes, below `textures`, no extension) to its editor IDs, as `export.landscape`'s."""

_EDITOR_ID: Final = re.compile(r"[A-Za-z0-9_]{1,200}")
_DEVICES: Final = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
"""Names that are no files on Windows."""


class LoadOrder(NamedTuple):
    """What the plugins say together: of records with one form ID the last.

    records: in the order of their first definition. notes: sentences about what was left out, for a person.
    """

    records: Mapping[FormId, Record]
    notes: tuple[str, ...] = ()


def read_plugins(paths: Iterable[Path]) -> LoadOrder:
    """The records of plugins in load order; a plugin that cannot be read is left out and named in the notes."""
    records: dict[FormId, Record] = {}
    notes: list[str] = []
    names: set[str] = set()
    masters: dict[str, str] = {}
    for path in paths:
        try:
            plugin = read_plugin(path)
        except FileError as error:
            notes.append(str(error))
            continue
        if plugin.damaged:
            notes.append(f"Expected whole records, got {plugin.damaged} damaged in {plugin.name}; left out.")
        records.update((record.form, record) for record in plugin.records)
        names.add(plugin.name.lower())
        masters.update((name.lower(), name) for name in plugin.masters)
    absent = sorted(masters[name] for name in masters.keys() - names)
    if absent:
        notes.append(
            f"Expected the masters of the plugins, got no {some(absent)}; what they define is not known: "
            "add the game's Data folder or the load order."
        )
    return LoadOrder(records, tuple(notes))


def ground_editor_ids(order: LoadOrder) -> EditorIds:
    r"""Editor IDs of the texture sets (TXST) that a ground (LTEX) uses, by their diffuse; in load order.

    What `export.landscape.read_edid_map` returns, so the two can be merged. A set that names a PBR texture already
    (`textures\pbr\landscape\...`) counts for the texture it stands for. Editor IDs that cannot be file names are
    left out.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for ground in order.records.values():
        if ground.kind != "LTEX" or ground.deleted:
            continue
        for record in _sets(order, ground.forms(ground.links)):
            identity = record.editor_id
            if not record.textures[0] or not _EDITOR_ID.fullmatch(identity) or _DEVICES.fullmatch(identity):
                continue
            texture = texture_key(record.textures[0]).removeprefix("pbr/")
            found[texture].setdefault(identity.lower(), identity)
    return {texture: tuple(ids.values()) for texture, ids in found.items()}


def keywords(order: LoadOrder, textures: Iterable[str]) -> dict[str, frozenset[str]]:
    """Keywords of the records that wear each of these textures, where a plugin ties them together.

    textures: paths below `textures` without extension, any slash and case; keys of the result are as given, and
    textures without keywords are absent. A record wears what its models list (hashes), or, where it puts texture
    sets over a model, those. Names of the game's own keywords are known without its plugins.
    """
    given: dict[str, list[str]] = defaultdict(list)
    for texture in textures:
        given[texture_key(texture)].append(texture)
    by_hash = {texture_hash(key): key for key in given}
    found: dict[str, set[str]] = defaultdict(set)
    for record in order.records.values():
        names = _keyword_names(order, record) if record.keywords and not record.deleted else set()
        if not names:
            continue
        for key in _worn(order, record, by_hash):
            if key in given:
                found[key] |= names
    return {texture: frozenset(found[key]) for key in found for texture in given[key]}


def texture_key(texture: str) -> str:
    r"""A texture's path in lower case, with forward slashes, below `textures`, without extension.

    >>> texture_key(r"Data\Textures\Landscape\Dirt02.dds")
    'landscape/dirt02'
    """
    path = texture.replace("\\", "/").lower().strip("/ ").removeprefix("data/").removeprefix("textures/")
    return next((path.removesuffix(end) for end in EXTENSIONS if path.endswith(end)), path)


def texture_hash(texture: str) -> bytes:
    """How a model's list (MODT) knows a texture: CRC-32 of its name and of its folder, 8 bytes.

    Begun at 0 and without the final inversion, over lower case, backslashes, `textures` and no extension.

    >>> texture_hash("cubemaps/shinydull_e").hex()
    'b8ec307b262c333b'
    """
    folder, _, name = ("textures/" + texture_key(texture)).rpartition("/")
    parts = (part.replace("/", "\\").encode("cp1252", "replace") for part in (name, folder))
    return b"".join((zlib.crc32(part, 0xFFFFFFFF) ^ 0xFFFFFFFF).to_bytes(4, "little") for part in parts)


def _sets(order: LoadOrder, forms: Iterable[FormId]) -> Iterator[Record]:
    """The texture sets among these records that name textures."""
    for form in forms:
        record = order.records.get(form)
        if record and record.kind == "TXST" and record.textures and not record.deleted:
            yield record


def _keyword_names(order: LoadOrder, record: Record) -> set[str]:
    names = set()
    for form in record.forms(record.keywords):
        keyword = order.records.get(form)
        name = keyword.editor_id if keyword and keyword.kind == "KYWD" else known_names().get(form)
        if name:
            names.add(name)
    return names


def _worn(order: LoadOrder, record: Record, by_hash: Mapping[bytes, str]) -> Iterator[str]:
    """Keys of the textures on a record's own models and on those it links to."""
    linked = (order.records.get(form) for form in record.forms(record.links))
    for model in (record, *(one for one in linked if one and not one.deleted)):
        if model.alternates:
            for one in _sets(order, model.forms(model.alternates)):
                yield from (texture_key(texture).removeprefix("pbr/") for texture in one.textures)
        else:
            hashes = (model.hashes[at : at + 8] for at in range(0, len(model.hashes), 8))
            yield from (by_hash[one] for one in hashes if one in by_hash)
