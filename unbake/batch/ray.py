"""The same conversion on Ray Data: sets on all machines of a cluster, results in their order on this one.

Every machine sees IN, OUT and the model under the same paths; what is written is the same bytes as locally.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import onnxruntime

from unbake.batch.journal import Record
from unbake.batch.stages import Stages, Written, error_sentence
from unbake.convert.bundle import BY_RULES
from unbake.convert.predict import load_predictor
from unbake.convert.sets import TextureSet
from unbake.errors import TextureSetError, UsageError

CORES: Final = 4
"""Of one worker, where --threads does not say."""

MOST_BLOCKS: Final = 1000
"""More parts than this, and Ray is busier with them than the workers."""


def run_on_ray(
    stages: Stages,
    sets: Sequence[TextureSet],
    find_record: Callable[[str], Record | None],
    on_result: Callable[[TextureSet, Written | Exception], None],
) -> None:
    """Run every set through the stages on the cluster that RAY_ADDRESS names, else on this machine.

    stages: without a predictor, which each worker loads. find_record: name → the record of an earlier run.
    on_result: called here, in the order of the sets. UsageError where Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("Expected Ray for --engine ray, got none; pip install 'unbake[ray]'.") from error
    if not sets:
        return
    started = not ray.is_initialized()
    if started:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init(logging_level=logging.ERROR, log_to_driver=False, configure_logging=False)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # its execution plan means nothing to a modder
        workers = _workers(ray.cluster_resources(), stages.options.threads)
        # Materialised first: workers take all cores, and a task that had yet to read would wait for one for ever.
        numbers = ray.data.range(len(sets), override_num_blocks=min(len(sets), MOST_BLOCKS)).materialize()
        records = [find_record(files.name) for files in sets]
        outcomes = numbers.map(
            _Worker,
            fn_constructor_args=(stages.portable(), list(sets), records, workers.cores),
            num_cpus=workers.cores,
            num_gpus=1 if workers.cuda else None,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers.most),
        )
        for number, outcome in _in_order(outcomes.iter_rows()):
            on_result(sets[number], outcome)
    finally:
        if started:
            ray.shutdown()


@dataclass(frozen=True, slots=True)
class _Workers:
    """The workers that a cluster has room for: cores of each, whether each takes a GPU, and the most at once."""

    cores: int
    cuda: bool
    most: int


def _workers(available: Mapping[str, float], threads: int) -> _Workers:
    """available: a cluster's resources. threads: of a worker, 0: as many as CORES and the cluster allow."""
    cores = threads or min(CORES, int(available.get("CPU", 1)))
    cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers() and available.get("GPU", 0) >= 1
    most = int(available["GPU"]) if cuda else int(available.get("CPU", 1)) // cores
    return _Workers(cores, cuda, max(1, most))


def _in_order(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[int, Written | Exception]]:
    """The outcomes in workers' rows, which come in any order, by the number of their set."""
    waiting: dict[int, Written | Exception] = {}
    following = 0
    for row in rows:
        waiting[row["id"]] = _outcome(row)
        while following in waiting:
            yield following, waiting.pop(following)
            following += 1


class _Worker:
    """One process of the cluster: its own networks, one set after the other."""

    def __init__(
        self, stages: Stages, sets: Sequence[TextureSet], records: Sequence[Record | None], threads: int
    ) -> None:
        self.stages, self.sets, self.records = stages, sets, records
        if stages.inference["model"] != BY_RULES:
            stages.predictor = load_predictor(stages.options.model, threads)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        number = int(row["id"])
        record = self.records[number]
        try:
            loaded = self.stages.load(
                self.sets[number],
                lambda name, key: record if record is not None and record.key == key else None,
                lambda size: None,  # a worker holds one set at a time
            )
            written = loaded if isinstance(loaded, Written) else self.stages.write(self.stages.infer(loaded))
        except Exception as error:  # one bad file never stops the batch
            return {"id": number, "written": b"", "failed": error_sentence(error)}
        return {"id": number, "written": msgspec.json.encode(written), "failed": ""}


def _outcome(row: dict[str, Any]) -> Written | Exception:
    return (
        TextureSetError(row["failed"]) if row["failed"] else msgspec.json.decode(row["written"], type=Written)
    )
