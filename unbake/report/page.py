"""The HTML report of a conversion: every set before and after, then failed and skipped ones with reasons."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from unbake.domain.maps import MapKind
from unbake.report.lit import AFTER, BEFORE
from unbake.report.order import in_order
from unbake.report.outcome import NOTHING_TOLD, ModReport, SetReport, thumbnails_of

__all__ = ["NOTHING_TOLD", "PAGE", "ModReport", "SetReport", "page", "thumbnails_of"]

PAGE = "report.html"

_CAPTIONS: dict[str, str] = {
    BEFORE: "before, as the old game lights it",
    AFTER: "after, as PBR",
    MapKind.DIFFUSE: "diffuse (before)",
    MapKind.AO: "AO",
}
"""Captions of thumbnails, where they are not the map's own name."""


def page(results: Sequence[SetReport], viewed: bool = False, mod: ModReport = NOTHING_TOLD) -> str:
    """The HTML, sets in the order of `unbake review`; all text from outside is escaped.

    viewed: whether the viewer's page is beside it. mod: told at the top.

    >>> "&lt;b&gt;" in page([SetReport("<b>")])
    True
    """
    by_status = {
        status: sorted(
            (report for report in results if report.status == status), key=lambda it: it.name.lower()
        )
        for status in ("converted", "failed", "skipped")
    }
    converted, doubtful = in_order(results)
    counts = ", ".join(f"{len(sets)} {status}" for status, sets in by_status.items())
    return _PAGE.format(
        counts=f"{counts}; {doubtful} to look at, which come first",
        view=_VIEWED if viewed else _NOT_VIEWED,
        mod="".join(f"<p>{escape(sentence)}</p>" for sentence in mod.sentences()),
        style=_STYLE,
        failed=_reasons("Failed", by_status["failed"], opened=True),
        cards="\n".join(_card(report, place < doubtful) for place, report in enumerate(converted)),
        skipped=_reasons("Skipped", by_status["skipped"], opened=False),
    )


def _card(report: SetReport, doubtful: bool) -> str:
    """One set: before and after large, what was decided, then the maps and the facts."""
    pictures = thumbnails_of(report)
    large = {kind: path for kind, path in pictures.items() if kind in (BEFORE, AFTER)}
    maps = {kind: path for kind, path in pictures.items() if kind not in large}
    look = "<strong>Look at it.</strong> " if doubtful else ""
    return (
        f"<article{' class=doubtful' * doubtful}><h2>{escape(report.name)}</h2>"
        + _figures("pair", report, large)
        + f"<p>{look}{escape(report.headline)}</p>"
        + _list("warnings", report.warnings)
        + _figures("maps", report, maps)
        + _list("reasons", report.reasons)
        + _list("notes", [*report.notes, f"Confidence: {report.confidence:.0%}."])
        + "</article>"
    )


def _figures(kind: str, report: SetReport, pictures: Mapping[str, str]) -> str:
    figures = "".join(
        f'<figure><img src="{quote(path)}" alt="{escape(name)} of {escape(report.name)}" loading="lazy">'
        f"<figcaption>{escape(_CAPTIONS.get(name, name))}</figcaption></figure>"
        for name, path in pictures.items()
    )
    return f'<div class="{kind}">{figures}</div>' if figures else ""


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
article p { margin: .5rem 0 0; } strong { color: var(--warn); }
.pair { display: grid; gap: .5rem; grid-template-columns: repeat(2, minmax(0, 24rem)); margin-top: .5rem; }
.maps { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); margin-top: .5rem;
  max-width: 63rem; }
figure { margin: 0; } figcaption { font-size: .8rem; } img { background: var(--soft); display: block; width: 100%; }
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
