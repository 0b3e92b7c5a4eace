"""The HTML report of a conversion: every set before and after, then failed and skipped ones with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, Literal
from urllib.parse import quote

from unbake.domain.decision import Decision
from unbake.domain.maps import MapKind
from unbake.files import why_unsafe
from unbake.report.confidence import REVIEW_BELOW

PAGE = "report.html"

_CAPTIONS: dict[str, str] = {
    MapKind.DIFFUSE: "before: diffuse",
    MapKind.ALBEDO: "after: albedo",
    MapKind.AO: "AO",
}
"""Captions of thumbnails, where they are not the map's own name."""


@dataclass(frozen=True, slots=True)
class SetReport:
    """The result of one texture set, or of a file that belongs to no set.

    name: its path below the texture root.
    status: "converted", "skipped" (never meant to be converted) or "failed"; `reason` says why for the last two.
    thumbnails: map to the picture's path below OUT, as `pictures.save_thumbnails` gives them.
    classes: material class to probability; for tools, as they are not shown. confidence, figures, warnings: see
    `confidence.judge`. notes: other facts, such as a resampling. decided: what evidence made of the set, None where
    the picture alone decided.
    """

    name: str
    status: Literal["converted", "skipped", "failed"] = "converted"
    reason: str = ""
    thumbnails: dict[str, str] = field(default_factory=dict)
    classes: dict[str, float] = field(default_factory=dict)
    confidence: float = 1.0
    figures: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    decided: Decision | None = None

    @property
    def reasons(self) -> list[str]:
        """Why metal, finish and brightness are as they are, one sentence each; [] where nothing but the picture was."""
        if self.decided is None:
            return []
        level = [f"Brightness: {self.decided.level}."] if self.decided.level else []
        return [*self.decided.sentences(), *level]


def thumbnails_of(report: SetReport) -> dict[str, str]:
    """The thumbnails that a page may show: JPEGs inside OUT, whoever wrote the report that names them.

    >>> thumbnails_of(SetReport("pot", thumbnails={"ao": "report/pot/ao.jpg", "height": "//example.org/pot.jpg"}))
    {'ao': 'report/pot/ao.jpg'}
    """
    return {
        kind: path
        for kind, path in report.thumbnails.items()
        if path.endswith(".jpg") and why_unsafe(path) is None
    }


@dataclass(frozen=True, slots=True)
class ModReport:
    """What is to be told of a mod as a whole.

    level: the painter's, as a clause, "" where it was not read. unmatched: patterns of rules that no texture matches.
    """

    level: str = ""
    unmatched: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """For a person.

        >>> ModReport("painted 0.9 stops dark (from 45 textures)").sentences()
        ["painted 0.9 stops dark (from 45 textures); --hint '*: painted=normal' overrides"]
        """
        level = [f"{self.level}; --hint '*: painted=normal' overrides"] if self.level else []
        return level + [
            f"no texture matches the pattern {pattern!r} of a rule or hint" for pattern in self.unmatched
        ]


NOTHING_TOLD: Final = ModReport()


def page(results: Sequence[SetReport], viewed: bool = False, mod: ModReport = NOTHING_TOLD) -> str:
    """The HTML, sets of little confidence first, else by name; all text from outside is escaped.

    viewed: whether the viewer's page is beside it. mod: told at the top.

    >>> "&lt;b&gt;" in page([SetReport("<b>")])
    True
    """
    ordered = sorted(results, key=lambda report: report.name.lower())
    by_status = {
        status: [report for report in ordered if report.status == status]
        for status in ("converted", "failed", "skipped")
    }
    doubtful = sum(report.confidence < REVIEW_BELOW for report in by_status["converted"])
    by_status["converted"].sort(key=lambda report: report.confidence >= REVIEW_BELOW)
    counts = ", ".join(f"{len(sets)} {status}" for status, sets in by_status.items())
    return _PAGE.format(
        counts=f"{counts}; {doubtful} to look at, which come first",
        view=_VIEWED if viewed else _NOT_VIEWED,
        mod="".join(f"<p>{escape(sentence)}</p>" for sentence in mod.sentences()),
        style=_STYLE,
        failed=_reasons("Failed", by_status["failed"], opened=True),
        cards="\n".join(_card(report) for report in by_status["converted"]),
        skipped=_reasons("Skipped", by_status["skipped"], opened=False),
    )


def _card(report: SetReport) -> str:
    pictures = "".join(
        f'<figure><img src="{quote(path)}" alt="{escape(kind)} of {escape(report.name)}" loading="lazy">'
        f"<figcaption>{escape(_CAPTIONS.get(kind, kind))}</figcaption></figure>"
        for kind, path in thumbnails_of(report).items()
    )
    chips = f"<span>confidence {report.confidence:.0%}</span>"
    if report.decided is not None:
        chips += f"<span>{report.decided.metal:.0%} metal</span>"
    return (
        f"<article{' class=doubtful' * (report.confidence < REVIEW_BELOW)}><h2>{escape(report.name)}</h2>"
        + f'<p class="chips">{chips}</p>'
        + f'<div class="maps">{pictures}</div>'
        + _list("warnings", report.warnings)
        + _list("reasons", report.reasons)
        + _list("notes", report.notes)
        + "</article>"
    )


def _reasons(title: str, sets: Sequence[SetReport], opened: bool) -> str:
    """A folded list of names under each reason."""
    if not sets:
        return ""
    reasons: dict[str, list[str]] = {}
    for report in sets:
        reasons.setdefault(report.reason or "no reason was given", []).append(report.name)
    items = "".join(
        f"<dt>{escape(reason)} ({len(names)})</dt>" + "".join(f"<dd>{escape(name)}</dd>" for name in names)
        for reason, names in sorted(reasons.items())
    )
    return f"<details{' open' * opened}><summary>{title}: {len(sets)}</summary><dl>{items}</dl></details>"


def _list(kind: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f'<ul class="{kind}">{"".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)}</ul>'


_VIEWED = '<a href="view.html">view.html</a> shows them under moving light, as <code>unbake view</code> last wrote it.'
_NOT_VIEWED = "<code>unbake view</code> with this folder shows them under moving light."

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --warn: #b45309; }
@media (prefers-color-scheme: dark) { :root { --warn: #fbbf24; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
article, details { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .75rem; }
.doubtful { border-color: var(--warn); }
.maps { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); }
figure { margin: 0; } figcaption { font-size: .8rem; } img { background: var(--soft); width: 100%; }
.chips span { background: var(--soft); border-radius: 1rem; font-size: .85rem; margin-right: .4rem;
  padding: .1rem .6rem; white-space: nowrap; }
ul { font-size: .9rem; margin: .5rem 0 0; padding-left: 1.2rem; } .warnings { color: var(--warn); }
dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0 0 0 1rem; overflow-wrap: anywhere; }
""".strip()

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>unbake report</title>
<style>
{style}
</style>
</head>
<body>
<header><h1>unbake report</h1><p>{counts}</p><p>{view}</p>{mod}</header>
<main>
{failed}
{cards}
{skipped}
</main>
</body>
</html>
"""
