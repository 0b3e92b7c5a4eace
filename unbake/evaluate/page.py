"""An evaluation as one HTML file: its tables, and of each map the best, the median and the worst painting in pictures;
the worst alone as one picture, for a model card.

After `evaluate`, whose paintings it makes once more where it shows them.
"""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from PIL import Image

from unbake.domain.maps import MapKind, spec
from unbake.evaluate.baselines import baselines_of
from unbake.evaluate.figures import HEADLINES, Evaluation, Score, Scored
from unbake.evaluate.painter import paint_legacy
from unbake.evaluate.run import Job, Setting, truth_of
from unbake.evaluate.tables import table, table_of_parts, table_of_trust
from unbake.image.resample import reduced
from unbake.metrics.pixel import fitted
from unbake.report.pictures import contact_sheet, thumbnail

SIDE = 192
"""Longest side of a picture, pixels."""

WORST: Final = 3
"""Paintings of each map in the gallery of failures."""

_BRIGHTEST = 0.5
"""The error that is shown as white."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A painting that stands for a map: the best, the median or the worst of all by the map's headline."""

    kind: MapKind
    place: str
    painting: Scored
    score: Score


def picks(evaluation: Evaluation) -> list[Pick]:
    """Three paintings for each map, or as many as there are."""
    found = []
    for kind, ordered in _ordered(evaluation).items():
        for place, at in (("best", 0), ("median", len(ordered) // 2), ("worst", len(ordered) - 1)):
            found.append(Pick(kind, place, *ordered[at]))
    return found


def failures(evaluation: Evaluation) -> list[Pick]:
    """The worst paintings of each map, each material once, the worst first."""
    found: list[Pick] = []
    for kind, ordered in _ordered(evaluation).items():
        worst: dict[str, Pick] = {}
        for painting, score in reversed(ordered):
            worst.setdefault(painting.id, Pick(kind, "worst", painting, score))
        found += list(worst.values())[:WORST]
    return found


def _ordered(evaluation: Evaluation) -> dict[MapKind, list[tuple[Scored, Score]]]:
    """The paintings by each map's headline, the smallest error first; maps that none has are left out."""
    found = {}
    for name, metric in HEADLINES.items():
        known = [
            (painting, score)
            for painting in evaluation.paintings
            for score in painting.scores
            if (score.map, score.metric) == (name, metric)
        ]
        if known and name in list(MapKind):
            found[MapKind(name)] = sorted(known, key=lambda entry: entry[1].ours)
    return found


def failure_sheet(evaluation: Evaluation, jobs: Sequence[Job], setting: Setting) -> np.ndarray:
    """The gallery of failures, uint8 (H, W, 3): a row each with input, ours, truth, first baseline and error.

    jobs, setting: what `evaluate.measure` was given.
    """
    by_id = {job.source.id: job for job in jobs}
    worst = failures(evaluation)
    rows = [list(_pictures(pick, by_id[pick.painting.id], setting).values()) for pick in worst]
    return contact_sheet(
        rows, ["input", "ours", "truth", "baseline", "error"], names=[_caption(pick) for pick in worst]
    )


def page(evaluation: Evaluation, about: Sequence[str], jobs: Sequence[Job], setting: Setting) -> str:
    """The HTML, pictures within it, no script; every text that comes from outside is escaped.

    about: sentences on what was measured and how. jobs, setting: what `evaluate.measure` was given.
    """
    tables = [
        ("Ours and the baselines", table(evaluation.rows)),
        (
            "By category (in brackets: the ratio to the best baseline)",
            table_of_parts(evaluation.categories, "category"),
        ),
        ("By style of the painter", table_of_parts(evaluation.styles, "style")),
        ("Calibration and confidence", table_of_trust(evaluation)),
    ]
    return _PAGE.format(
        style=_STYLE,
        about="".join(f"<p>{escape(sentence)}</p>" for sentence in about),
        tables="".join(f"<h2>{escape(title)}</h2>{_table(lines)}" for title, lines in tables),
        pictures="".join(_shown(evaluation, jobs, setting)),
        left_out="".join(f"<li>{escape(sentence)}</li>" for sentence in evaluation.left_out)
        or "<li>nothing</li>",
    )


def _shown(evaluation: Evaluation, jobs: Sequence[Job], setting: Setting) -> Iterator[str]:
    """A row of pictures for each pick."""
    by_id = {job.source.id: job for job in jobs}
    for pick in picks(evaluation):
        painting = pick.painting
        yield f"<h3>{escape(_caption(pick))}</h3><div class=row>"
        for caption, pixels in _pictures(pick, by_id[painting.id], setting).items():
            yield f'<figure><img src="{_uri(pixels)}" alt="{escape(caption)} of {escape(painting.id)}">'
            yield f"<figcaption>{escape(caption)}</figcaption></figure>"
        yield "</div>"


def _caption(pick: Pick) -> str:
    painting, baseline = pick.painting, next(iter(pick.score.baselines), "")
    caption = f"{pick.kind}, {pick.place}: {painting.id}, {painting.style}. {pick.score.metric} {pick.score.ours:.3f}"
    return caption + (f", {baseline} {pick.score.baselines[baseline]:.3f}" if baseline else "")


def _pictures(pick: Pick, job: Job, setting: Setting) -> dict[str, np.ndarray]:
    """Input, ours, truth, first baseline and the error, as a person looks at them: uint8 (h, w, 3)."""
    truth = truth_of(job.source, setting.size)
    legacy = paint_legacy(job.source.id, job.source.category, truth, pick.painting.style)
    made = job.convert(legacy)
    name, baseline = next(iter(baselines_of(legacy, made.wrap, job.roughness)[pick.kind].items()))
    side = max(made.maps[pick.kind].shape[:2])
    small = {"ours": made.maps, "truth": truth, name: {pick.kind: baseline}}
    images = {
        caption: reduced({pick.kind: maps[pick.kind]}, side)[pick.kind] for caption, maps in small.items()
    }
    if spec(pick.kind).affine_free:
        images = {
            caption: fitted(image, images["truth"]).astype(np.float32) for caption, image in images.items()
        }
    error = np.abs(images["ours"] - images["truth"]).mean(-1, keepdims=True)
    # From black over red and yellow to white.
    heat = np.clip(3 * error / _BRIGHTEST - np.array([0, 1, 2], np.float32), 0, 1)
    shown = {caption: thumbnail(image, pick.kind, SIDE) for caption, image in images.items()}
    return {
        "input": thumbnail(legacy.diffuse, MapKind.DIFFUSE, SIDE),
        **shown,
        f"error (white: {_BRIGHTEST} or more)": thumbnail(heat, MapKind.DIFFUSE, SIDE),
    }


def _uri(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rows = (
        "".join(f"<t{tag}>{escape(cell)}</t{tag}>" for cell in line) for line, tag in _tagged(lines)
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _tagged(lines: Sequence[Sequence[str]]) -> Iterator[tuple[Sequence[str], str]]:
    for number, line in enumerate(lines):
        yield line, "d" if number else "h"


_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; } h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }
th, td { border-bottom: 1px solid var(--line); padding: .15rem .6rem; text-align: left; white-space: nowrap; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; } figure { margin: 0; width: 12rem; }
img { background: var(--soft); width: 100%; } figcaption { font-size: .8rem; }
""".strip()

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>unbake eval</title>
<style>
{style}
</style>
</head>
<body>
<h1>unbake eval</h1>
{about}
{tables}
<h2>Best, median and worst</h2>
{pictures}
<h2>Left out</h2>
<ul>{left_out}</ul>
</body>
</html>
"""
