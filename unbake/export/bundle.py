"""Exports the networks as ONNX files for the converter; the only module of `export` that imports `models`."""

import copy
import logging
import math
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.export import Dim

from unbake.domain.maps import spec
from unbake.domain.networks import CLASSIFIER, FOLDS, LABEL_PROBS, NETWORKS, Network, given_name, input_name
from unbake.files import write_atomic
from unbake.models.network import Networks
from unbake.models.vit import Averaged

OPSET = 18

HALVED_FROM = 1024
"""Least number of values of a weight that is stored as float16."""

QUARTERED_FROM = 1 << 16
"""Least number of values of a matrix that is stored as int8, with a scale for each row or column."""


def export_onnx(networks: Networks, folder: Path) -> dict[str, Path]:
    """Write vit, segformer, unet_albedo and unet_maps as `<network>.onnx`; returns network → file.

    Each takes a batch of one, float32, in the ranges and orders of `models.network`. Inputs: "diffuse",
    "normal", "specular", "specular_given", "environment", "environment_given", "mask", "coarse", "albedo",
    "geometry", "label_probs", as far as the network reads them. Outputs: "label_logits", "patch_logits" |
    "mask_logits" | "albedo" | "roughness", "metallic", "ao", "height"; the classifier's are means over its folds.
    vit takes 1 × 3 × 252 × 252 (resized outside, antialiased); H and W of the others are any multiples of the
    stride, of 32 for segformer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = copy.deepcopy(networks).cpu().float().eval()
    config = networks.config
    labels = networks.vit.classifier.out_features // FOLDS
    side = max(64, 2 * config.stride)

    multiples = {"vit": 0, "segformer": 32}  # of the others the stride
    files = {name: folder / f"{name}.onnx" for name in NETWORKS}
    for name, wiring in NETWORKS.items():
        network = Averaged(networks.vit) if name == CLASSIFIER else networks.get_submodule(name)
        px = config.vit.px if name == CLASSIFIER else side
        _write(
            network,
            _example(wiring, px, labels),
            list(wiring.outputs),
            multiples.get(name, config.stride),
            files[name],
        )
    return files


def _example(wiring: Network, px: int, labels: int) -> dict[str, Tensor]:
    """Inputs of a network by name, images of px × px; one tensor of its own each: the tracer merges shared ones."""
    channels: Counter[str] = Counter()
    for kind in wiring.reads:
        channels[input_name(kind)] += spec(kind).channels
    special = {given_name(kind): torch.ones(1, 1) for kind in wiring.reads if spec(kind).optional}
    special[LABEL_PROBS] = torch.rand(1, labels)
    return {
        name: special[name] if name in special else torch.rand(1, channels[name], px, px)
        for name in wiring.inputs
    }


def _write(
    network: nn.Module, inputs: dict[str, Tensor], outputs: list[str], multiple: int, path: Path
) -> None:
    """multiple: H and W may be any multiples of it; 0 = they are fixed."""
    shapes: Any = None
    if multiple:
        free = {2: multiple * Dim("h", min=1, max=4096), 3: multiple * Dim("w", min=1, max=4096)}
        shapes = tuple(free if tensor.ndim == 4 else None for tensor in inputs.values())
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # third-party deprecations inside the exporter
            program = torch.onnx.export(
                network,
                tuple(inputs.values()),
                dynamo=True,
                input_names=list(inputs),
                output_names=outputs,
                dynamic_shapes=shapes,
                opset_version=OPSET,
                verbose=False,
            )
    finally:
        exporter.setLevel(level)
    assert program is not None  # only a failed export of the old kind returns None
    write_atomic(path, _without_traces(program.model_proto).SerializeToString())


def _without_traces(model: Any) -> Any:
    """The same graph without the exporter's notes, which quote source lines and local paths."""
    graph = model.graph
    for item in (
        model,
        graph,
        *graph.node,
        *graph.value_info,
        *graph.initializer,
        *graph.input,
        *graph.output,
    ):
        del item.metadata_props[:]
        item.doc_string = ""
    return model


def shrink(path: Path) -> None:
    """Keep an ONNX file's large weights as float16 and its large matrices as int8: a quarter to half of the download.

    Computation stays float32: the weights are cast back when a session loads or runs. A float16 weight moves by at most
    a part in 2 000, an int8 one by about a hundredth of its row's deviation (logits of the classifier: 0.05 of 2).
    """
    model = onnx.load(path)
    graph = model.graph
    restored = []
    for weight in list(graph.initializer):
        size = math.prod(weight.dims)
        if weight.data_type != onnx.TensorProto.FLOAT or size < HALVED_FROM:
            continue
        name, values = weight.name, numpy_helper.to_array(weight)
        if len(weight.dims) == 2 and size >= QUARTERED_FROM:
            axis, scale, codes = _coded(values)
            weight.CopyFrom(numpy_helper.from_array(codes, f"{name}.codes"))
            graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
            inputs = [f"{name}.codes", f"{name}.scale"]
            restored.append(helper.make_node("DequantizeLinear", inputs, [name], axis=axis))
        else:
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            restored.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*restored, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    write_atomic(path, model.SerializeToString())


def _coded(values: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """A matrix as int8: the axis that has scales, those scales, the codes; of both axes the one that errs less."""
    tried = []
    for axis in (0, 1):
        scale = np.maximum(np.abs(values).max(1 - axis, keepdims=True) / 127, np.float32(1e-12))
        codes = np.clip(np.rint(values / scale), -127, 127)
        error = float(((codes * scale - values) ** 2).mean())
        tried.append((error, axis, scale.ravel().astype(np.float32), codes.astype(np.int8)))
    _, axis, scales, chosen = min(tried, key=lambda one: one[0])
    return axis, scales, chosen
