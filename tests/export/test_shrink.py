from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper, numpy_helper

pytest.importorskip("torch")

from unbake.export.bundle import shrink


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return line(tmp_path, 64)


def line(folder: Path, outputs: int) -> Path:
    """y = x W + b, with a large W and a small b."""
    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.normal(0, 1, (64, outputs)).astype(np.float32), "weight")
    bias = numpy_helper.from_array(rng.normal(0, 1, outputs).astype(np.float32), "bias")
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weight"], ["h"]), helper.make_node("Add", ["h", "bias"], ["y"])],
        "line",
        [helper.make_tensor_value_info("x", kind, [1, 64])],
        [helper.make_tensor_value_info("y", kind, [1, outputs])],
        [weight, bias],
    )
    path = folder / "line.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def answer(path: Path) -> np.ndarray:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    [y] = session.run(None, {"x": np.linspace(-1, 1, 64, dtype=np.float32)[None]})
    return np.asarray(y)


def test_a_halved_file_is_half_as_large_and_answers_alike(model: Path):
    before, size = answer(model), model.stat().st_size
    shrink(model)
    assert model.stat().st_size < 0.56 * size
    np.testing.assert_allclose(answer(model), before, atol=2e-2)


def test_small_weights_keep_every_bit(model: Path):
    shrink(model)
    types = {w.name: w.data_type for w in onnx.load(model).graph.initializer}
    assert types == {"weight.half": onnx.TensorProto.FLOAT16, "bias": onnx.TensorProto.FLOAT}


def test_a_halved_file_is_a_valid_model(model: Path):
    shrink(model)
    onnx.checker.check_model(onnx.load(model), full_check=True)


def test_large_matrices_become_codes_of_eight_bits_that_answer_alike(tmp_path: Path):
    model = line(tmp_path, 1024)
    before, size = answer(model), model.stat().st_size
    shrink(model)
    assert model.stat().st_size < 0.3 * size
    onnx.checker.check_model(onnx.load(model), full_check=True)
    assert float(np.abs(answer(model) - before).std()) < 0.02 * float(before.std())
