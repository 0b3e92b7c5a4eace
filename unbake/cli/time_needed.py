"""The time that a conversion will take here, by what this machine has converted before; used by `convert`."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from unbake.cli.examples import bundled_examples

if TYPE_CHECKING:
    from unbake.batch.events import Emit, Event, Options, Summary

MEASURED = ("architecture/keep/keepwall01", "dungeons/ruins/ruinsgate01", "landscape/snow01")
"""Examples of 512, 256 and 128 texels, which are converted where this machine has converted nothing yet."""


@contextmanager
def timed(options: "Options", emit: "Emit") -> "Iterator[Emit]":
    """A function that takes events for `emit`; what they say of time is kept for this user when the block ends."""
    from unbake.batch.events import SetDone
    from unbake.batch.speed import keep_speeds

    spent = []

    def watch(event: "Event") -> None:
        # The first set makes the networks' memory and caches, which later ones find.
        if isinstance(event, SetDone) and event.inferred:
            spent.append(event.spent)
        emit(event)

    try:
        yield watch
    finally:
        keep_speeds(_key(options), spent[1:])


def with_seconds(summary: "Summary", options: "Options") -> "Summary":
    """The summary of a dry run with the time that it would take; a machine that is new to it is measured first.

    Measuring takes some seconds, and nothing is left of it but its figures.
    """
    from unbake.batch.speed import read_speeds, seconds_for

    if not summary.planned or options.engine != "local":
        return summary
    key = _key(options)
    if key not in read_speeds():
        _measure(options)
    writers = options.threads or os.cpu_count() or 1
    return replace(summary, seconds=seconds_for(summary.work, read_speeds().get(key, {}), writers))


def duration(seconds: float) -> str:
    """For a person, no more exact than it is.

    >>> [duration(seconds) for seconds in (8, 100, 5000)]
    ['10 seconds', '2 minutes', '1.4 hours']
    """
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"


def _measure(options: "Options") -> None:
    """Convert a few of the bundled examples into a folder that is removed at once."""
    from unbake.batch.events import Options
    from unbake.batch.run import convert_folder
    from unbake.convert.predict import load_predictor

    same = Options(
        preset=options.preset,
        model=options.model,
        effort=options.effort,
        threads=options.threads,
        include=MEASURED,
    )
    predictor = load_predictor(options.model, options.threads)
    with (
        bundled_examples() as examples,
        tempfile.TemporaryDirectory() as folder,
        timed(same, lambda event: None) as watched,
    ):
        # The smallest alone, as what a first set takes does not count.
        for number, wanted in enumerate((MEASURED[2:], MEASURED)):
            out = Path(folder) / str(number)
            convert_folder(examples, out, replace(same, include=wanted), watched, predictor=predictor)


def _key(options: "Options") -> str:
    from unbake.batch.speed import key_of
    from unbake.image.dds.blocks import Effort

    return key_of(options.model, options.preset, options.threads, options.effort is Effort.FAST)
