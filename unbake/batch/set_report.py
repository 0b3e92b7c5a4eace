"""A set's report: how far its maps as written can be trusted, and pictures of them; the end of stage 3 of `stages`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unbake.convert.convert import Converted
from unbake.domain.packing import Preset
from unbake.export.adjust import Adjust, adjusted
from unbake.export.packs import resampling
from unbake.image.arrays import CodedMaps
from unbake.report.confidence import judge
from unbake.report.lit import save_lit
from unbake.report.outcome import SetReport
from unbake.report.pictures import save_thumbnails

CHECKED = 512
"""Longest side of the maps that the report judges and draws, up to twice as much; larger ones are sampled for the one,
averaged for the other."""


def report_of(
    converted: Converted, adjust: Adjust, warnings: Sequence[str], name: str, out: Path, preset: Preset
) -> SetReport:
    """The report of a set of this name, whose pictures it writes below OUT.

    converted: the maps before a user's changes, `adjust`. warnings: of the set's files.
    """
    shown = adjusted(dict(_sampled(converted.maps)), adjust)
    judged = judge(shown, converted.wrap, converted.decision, warnings)
    before = dict(_averaged(converted.maps))
    after = adjusted(before, adjust)
    resampled = resampling(converted.maps.size, preset)
    return SetReport(
        name,
        thumbnails=save_lit(before, after, name, out) | save_thumbnails(after, name, out),
        classes={label: round(share, 4) for label, share in converted.classes.items()},
        confidence=judged.confidence,
        figures=judged.figures,
        warnings=judged.warnings,
        notes=[*converted.notes, *filter(None, [resampled])],
        decided=converted.decision,
    )


def _sampled(maps: CodedMaps) -> CodedMaps:
    """The maps, or every n-th texel of large ones: exact values at a fraction of the memory."""
    step = _step(maps.size)
    return CodedMaps({kind: codes[::step, ::step] for kind, codes in maps.codes.items()})


def _averaged(maps: CodedMaps) -> CodedMaps:
    """The maps, or the means of n × n texels of large ones, as they are stored: enough for small pictures."""
    step = _step(maps.size)
    if step == 1:
        return maps
    means = {}
    for kind, codes in maps.codes.items():
        height, width = (max(side // step, 1) * step for side in codes.shape[:2])
        parts = [codes[i:height:step, j:width:step] for i in range(step) for j in range(step)]
        if any(part.shape != parts[0].shape for part in parts):  # a side shorter than n
            parts = parts[:1]
        total = parts[0].astype(np.uint32)
        for part in parts[1:]:
            total += part
        means[kind] = ((total + len(parts) // 2) // len(parts)).astype(codes.dtype)
    return CodedMaps(means)


def _step(size: tuple[int, int]) -> int:
    return max(1, max(size) // CHECKED)
