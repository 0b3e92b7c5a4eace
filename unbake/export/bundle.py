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


def halve(path: Path) -> None:
    """Keep an ONNX file's large weights as float16, cast back to float32 when a session loads: half the download.

    Computation stays float32 (runtimes fold the casts once); weights move by at most a part in 2 000.
    """
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT or math.prod(weight.dims) < HALVED_FROM:
            continue
        name = weight.name
        small = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}.half")
        weight.CopyFrom(small)
        casts.append(helper.make_node("Cast", [small.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    write_atomic(path, model.SerializeToString())
