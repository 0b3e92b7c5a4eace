"""The same conversion on Ray Data: sets on all machines of a cluster, settled in their order by the one that asked.

Every machine sees IN, OUT and the model under the same paths; what is written is the same bytes as locally.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import onnxruntime

from unbake.batch.journal import Record
from unbake.batch.stages import Done, Work, told
from unbake.convert.predict import load_predictor
from unbake.convert.sets import TextureSet
from unbake.errors import TextureSetError, UsageError

CORES: Final = 4
"""Of one worker, where --threads does not say."""

MOST_BLOCKS: Final = 1000
"""More parts than this, and Ray is busier with them than the workers."""


def run_on_ray(
    work: Work,
    sets: Sequence[TextureSet],
    record: Callable[[str], Record | None],
    settle: Callable[[TextureSet, Done | Exception], None],
) -> None:
    """Take every set through `work` on the cluster that RAY_ADDRESS names, else on this machine.

    work: without its predictor, which each worker loads. record: what is known of a set from earlier runs.
    settle: called here, in the order of the sets. UsageError where Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError(
            "Ray was expected for --engine ray, but it is not installed; pip install 'unbake[ray]'"
        ) from error
    if not sets:
        return
    started = not ray.is_initialized()
    if started:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init(logging_level=logging.ERROR, log_to_driver=False, configure_logging=False)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # what it executes how is nothing to a modder
        there = ray.cluster_resources()
        cores = work.options.threads or min(CORES, int(there.get("CPU", 1)))
        cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers() and there.get("GPU", 0) >= 1
        # Materialised first: workers take all cores, and a task that had yet to read would wait for one for ever.
        numbers = ray.data.range(len(sets), override_num_blocks=min(len(sets), MOST_BLOCKS)).materialize()
        outcomes = numbers.map(
            _Worker,
            fn_constructor_args=(_everywhere(work), list(sets), [record(one.name) for one in sets], cores),
            num_cpus=cores,
            num_gpus=1 if cuda else None,
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=max(1, int(there.get("GPU" if cuda else "CPU", 1)) // (1 if cuda else cores)),
            ),
        )
        early: dict[int, Done | Exception] = {}
        following = 0
        for row in outcomes.iter_rows():
            early[row["id"]] = _outcome(row)
            while following in early:
                settle(sets[following], early.pop(following))
                following += 1
    finally:
        if started:
            ray.shutdown()


class _Worker:
    """One process of the cluster: its own networks, one set after the other."""

    def __init__(
        self, work: Work, sets: Sequence[TextureSet], records: Sequence[Record | None], threads: int
    ) -> None:
        self.work, self.sets, self.records = work, sets, records
        self.work.predictor = load_predictor(work.options.model, threads)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        number = int(row["id"])
        record = self.records[number]
        try:
            loaded = self.work.load(
                self.sets[number],
                lambda name, key: record if record is not None and record.key == key else None,
                lambda size: None,  # one set at a time is all that is held here
            )
            done = loaded if isinstance(loaded, Done) else self.work.write(self.work.convert(loaded))
        except Exception as error:  # one bad file never stops the batch
            return {"id": number, "done": b"", "failed": told(error)}
        return {"id": number, "done": msgspec.json.encode(done), "failed": ""}


def _outcome(row: dict[str, Any]) -> Done | Exception:
    return TextureSetError(row["failed"]) if row["failed"] else msgspec.json.decode(row["done"], type=Done)


def _everywhere(work: Work) -> Work:
    """The work with paths that mean the same in another folder."""
    model = work.options.model
    options = replace(work.options, model=None if model is None else model.absolute())
    return work.elsewhere(work.out.absolute(), options)
