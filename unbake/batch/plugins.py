"""Reads plugins for a conversion: editor IDs of the ground and keywords of its textures; before `stages`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from unbake.evidence.keywords import KeywordEvidence, metal_of_keywords
from unbake.evidence.load_order import find_all
from unbake.evidence.plugins import EditorIds, ground_editor_ids, keywords, read_plugins


class Told(NamedTuple):
    """Facts from plugins.

    editor_ids: of the ground's texture sets, by texture (`export.landscape.write_landscape`). keywords: what
    keywords say of a texture's material, by `TextureSet.texture`. notes: sentences about what could not be read.
    """

    editor_ids: EditorIds = MappingProxyType({})
    keywords: Mapping[str, KeywordEvidence] = MappingProxyType({})
    notes: tuple[str, ...] = ()


def read_told(sources: Sequence[Path], textures: Sequence[str]) -> Told:
    """What the plugins of these sources (`load_order.find_all`) tell of textures, each whatever the others are.

    textures: as in `plugins.keywords`. UsageError where a source is neither plugins nor a load order.
    """
    if not sources:
        return Told()
    found = find_all(sources)
    order = read_plugins(found.paths)
    said = {
        texture: evidence
        for texture, words in keywords(order, textures).items()
        if (evidence := metal_of_keywords(words)) is not None
    }
    return Told(ground_editor_ids(order), said, (*found.notes, *order.notes))
