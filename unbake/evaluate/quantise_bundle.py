"""Adds the UNets in integers to a bundle: converts texture sets and tells `export.quantise` what the networks met."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from unbake.convert.convert import convert_set
from unbake.convert.find import find_sets
from unbake.convert.inputs import load_inputs
from unbake.convert.predict import Predictor
from unbake.convert.sessions import open_floats
from unbake.convert.sets import TextureSet
from unbake.domain.networks import CODED, coded_name
from unbake.errors import UsageError
from unbake.export.quantise import Feeds, quantise

SIDE: Final = 512
"""Longest side that the sets are converted at: what most are read at (`convert.reading`)."""

MOST: Final = 12
"""Sets that are taken of each folder, spread over it."""


def quantise_bundle(
    folder: Path, sets: Sequence[Path], on_progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Write the UNets of a bundle's folder in integers beside those in floats, by what they meet on texture sets.

    sets: folders of them; at most `MOST` of each are converted, with the networks in floats. on_progress: told
    how many of how many are done.
    UsageError where there are none.
    """
    seen: dict[str, list[Feeds]] = {name: [] for name in CODED}

    def listening(bundle: Path, name: str, threads: int) -> Any:
        session = open_floats(bundle, name, threads)
        return _Listening(session, seen[name]) if name in seen else session

    predictor = Predictor(folder, 1, listening)
    chosen = [files for root in sets for files in _spread(find_sets(root)[0])]
    if not chosen:
        raise UsageError("Expected texture sets to take ranges from, got none; name folders with some.")
    for done, files in enumerate(chosen, 1):
        convert_set(load_inputs(files, max_size=SIDE), predictor)
        on_progress(done, len(chosen))
    for name in CODED:
        quantise(folder / f"{name}.onnx", folder / coded_name(name), seen[name])


def _spread(sets: Sequence[TextureSet]) -> Sequence[TextureSet]:
    return sets[:: max(1, len(sets) // MOST)][:MOST]


class _Listening:
    """A session that keeps what it is run with."""

    def __init__(self, session: Any, seen: list[Feeds]) -> None:
        self._session, self._seen = session, seen
        self.get_inputs, self.get_outputs = session.get_inputs, session.get_outputs

    def run(self, outputs: Any, feeds: Feeds, options: Any = None) -> Any:
        """As the runtime's."""
        self._seen.append({name: values.copy() for name, values in feeds.items()})
        return self._session.run(outputs, feeds, options)
