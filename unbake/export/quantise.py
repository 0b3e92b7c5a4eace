"""Writes a UNet of a bundle anew in integers of 8 bits, as a file beside it; a processor computes it twice as fast.

Weights and what lies between layers become codes, by ranges seen on real sets; a head's last layer gives floats, so
that a map keeps its fine steps. Weights have 7 bits: sums of products then fit 16 bits on every processor, and none
gives another map than the next.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from unbake.domain.networks import MADE_OF
from unbake.files import content_hash, write_atomic

IN_CODES: Final = ("Conv", "Relu", "Concat", "Resize", "Pad", "Slice")
"""Operations that take and give codes."""

_LAST: Final = ".out.weight"
"""How the weight of a head's last layer is called."""

Feeds = Mapping[str, np.ndarray]
"""What a network is run with."""


def quantise(path: Path, target: Path, seen: Sequence[Feeds]) -> None:
    """Write the UNet in `path` to `target` in integers; seen: what it was run with on sets like those it is for.

    ValueError where nothing was seen.
    """
    if not seen:
        raise ValueError("Expected runs of the network to take its ranges from, got none; give texture sets.")
    model = _restored(onnx.load(path))
    exact = [node.name for node in model.graph.node if any(name.endswith(_LAST) for name in node.input)]
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "floats.onnx", Path(folder) / "codes.onnx"
        onnx.save(model, source)
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)  # it wants another program run first, which has nothing to do here
        try:
            quantize_static(
                source,
                made,
                _Reader(seen),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(IN_CODES),
                nodes_to_exclude=exact,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        finally:
            logging.disable(before)
        coded = onnx.load(made)
    helper.set_model_props(coded, {MADE_OF: content_hash(path.read_bytes())})
    write_atomic(target, coded.SerializeToString())


class _Reader:
    """Gives the runtime's calibration one run after the other; all it asks of its readers."""

    def __init__(self, seen: Iterable[Feeds]) -> None:
        self._left = iter(seen)

    def get_next(self) -> Feeds | None:
        return next(self._left, None)

    def __iter__(self) -> Iterator[Feeds]:
        return self._left


def _restored(model: Any) -> Any:
    """The same graph with every weight as the floats it stands for (`bundle.shrink` stores them as halves)."""
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in list(graph.node):
        if node.op_type == "Cast" and node.input[0] in stored:
            weight = stored[node.input[0]]
            values = numpy_helper.to_array(weight).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            graph.initializer.remove(weight)
            graph.node.remove(node)
    return model
