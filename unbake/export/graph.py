"""Rewrites exported ONNX files so that they answer the same with less work: after `bundle` writes them.

`go_round` lets a UNet go on round a texture that tiles by itself, instead of seeing half its receptive field on every
side of it. `fold_fuse` multiplies two layers of SegFormer's head that have nothing between them but a resize. `keep`
leaves out the heads whose maps nobody reads.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from unbake.domain.networks import AROUND, RING
from unbake.files import write_atomic

_PAD_WRAPS_FROM: Final = 19
"""The first opset whose Pad knows the mode "wrap"."""

_OWN_RING: Final = 2
"""Texels around a level that its two convolutions, which see zeros beyond the border, spoil."""

_SHARED_LEVELS: Final = 2
"""The finest levels, which the outer ring serves: going round is done below them, where a level is small."""


def slim(path: Path) -> None:
    """Rewrite one of a bundle's files, as `<network>.onnx`, by what fits it; the classifier's stays."""
    match path.stem:
        case "segformer":
            fold_fuse(path)
        case "unet_albedo" | "unet_maps":
            go_round(path)


class _Editor:
    """A graph with new nodes to be placed behind those that make their inputs."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.graph
        self.behind: dict[str, list[Any]] = {}
        self.first: list[Any] = []
        self.convolutions = {
            node.input[1]: node for node in self.graph.node if node.op_type in ("Conv", "MatMul")
        }

    def users(self, tensor: str) -> list[Any]:
        return [node for node in self.graph.node if tensor in node.input]

    def constant(self, name: str, values: Any) -> str:
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, tensor: str, node: Any, users: Collection[Any] = ()) -> str:
        """Place a node behind what makes `tensor`; these users of it read the node's output instead."""
        self.behind.setdefault(tensor, []).append(node)
        for user in users:
            for place, name in enumerate(user.input):
                if name == tensor:
                    user.input[place] = node.output[0]
        return str(node.output[0])

    def finish(self, path: Path) -> None:
        ordered = list(self.first)
        for node in self.graph.node:
            ordered.append(node)
            for output in node.output:
                ordered += self.behind.pop(output, [])
        del self.graph.node[:]
        self.graph.node.extend(ordered)
        del self.graph.value_info[:]  # shapes of before
        write_atomic(path, self.model.SerializeToString())


def go_round(path: Path) -> None:
    """Give a UNet's file an input "around", int64 (2,): 1 for rows, for columns, that are a whole axis which tiles.

    The other inputs then have RING texels more on each side of that axis, from round the border; so has the output,
    whose ring is of no use. With 0 everything is as before. ValueError where the file is no UNet of ours.
    """
    edit = _Editor(onnx.load(path))
    named, graph = edit.convolutions, edit.graph
    levels = [int(name.split(".")[2]) for name in named if name.startswith("body.encoder.")]
    if not levels:
        raise ValueError(f"Expected a UNet in {path.name}, got no encoder; choose unet_albedo or unet_maps.")
    edit.model.opset_import[0].version = max(edit.model.opset_import[0].version, _PAD_WRAPS_FROM)
    graph.input.append(helper.make_tensor_value_info(AROUND, onnx.TensorProto.INT64, [2]))
    edit.constant("around.axes", np.array([2, 3]))
    edit.constant("around.far", np.array([np.iinfo(np.int32).max] * 2, np.int64))
    outer = RING >> _SHARED_LEVELS
    for texels in sorted({1, _OWN_RING, 2 * _OWN_RING, outer}):
        edit.first += _amounts(edit, texels)
    for level in range(_SHARED_LEVELS, max(levels) + 1):
        made = _activated(edit, f"body.encoder.{level}.1.0.weight")
        users = edit.users(made)
        exact = edit.add(made, _cut(made, outer if level == _SHARED_LEVELS else _OWN_RING), users)
        for kind, ring in (
            ("Conv", 2 * _OWN_RING),
            ("Concat", _OWN_RING),
        ):  # the next level halves what it gets
            chosen = [
                user for user in edit.users(exact) if user.op_type == kind and _reads_around(edit, user)
            ]
            if chosen:
                _replace(chosen, exact, edit.add(made, _widened(exact, ring)))
    for level in range(max(levels) - _SHARED_LEVELS):
        reduced = named[f"body.decoder.{level}.reduce.weight"].output[0]
        edit.add(reduced, _widened(reduced, _OWN_RING // 2), edit.users(reduced))
        made = _activated(edit, f"body.decoder.{level}.blocks.1.0.weight")
        edit.add(made, _cut(made, _OWN_RING), edit.users(made))
    for name, convolution in named.items():
        if name.endswith(".middle.reduce.weight"):
            reduced = convolution.output[0]
            edit.add(reduced, _widened(reduced, outer), edit.users(reduced))
    edit.finish(path)


def _reads_around(edit: _Editor, node: Any) -> bool:
    """Whether a node is or feeds a convolution that looks at neighbours; those of one texel do not."""
    if node.op_type == "Concat":
        return True
    return not node.input[1].endswith(".reduce.weight")


def _replace(nodes: Collection[Any], before: str, after: str) -> None:
    for node in nodes:
        for place, name in enumerate(node.input):
            if name == before:
                node.input[place] = after


def _activated(edit: _Editor, weight: str) -> str:
    """What a convolution of this weight gives, behind its ReLU."""
    [relu] = edit.users(edit.convolutions[weight].output[0])
    return str(relu.output[0])


def _amounts(edit: _Editor, texels: int) -> list[Any]:
    """Nodes that make what Pad and Slice take for a ring of so many texels: 0 on an axis that is not gone round."""
    name = f"around.{texels}"
    edit.constant(f"{name}.texels", np.array([texels]))
    nothing = edit.constant(f"{name}.zero", np.array([0]))
    return [
        helper.make_node("Mul", [AROUND, f"{name}.texels"], [name]),
        helper.make_node("Concat", [name, name], [f"{name}.pads"], axis=0),
        helper.make_node("Neg", [name], [f"{name}.before"]),
        helper.make_node("Equal", [name, nothing], [f"{name}.none"]),
        helper.make_node("Where", [f"{name}.none", "around.far", f"{name}.before"], [f"{name}.ends"]),
    ]


def _cut(tensor: str, texels: int) -> Any:
    """A ring taken off."""
    amount = f"around.{texels}"
    return helper.make_node("Slice", [tensor, amount, f"{amount}.ends", "around.axes"], [f"{tensor}.exact"])


def _widened(tensor: str, texels: int) -> Any:
    """A ring put on, from round the border."""
    inputs = [tensor, f"around.{texels}.pads", "", "around.axes"]
    return helper.make_node("Pad", inputs, [f"{tensor}.wide{texels}"], mode="wrap")


def fold_fuse(path: Path) -> None:
    """Multiply SegFormer's four projections with the fusing convolution, each at the size of its own stage.

    A convolution of one texel and a linear resize commute, so fuse(concat(resize(project(x)))) is the sum of
    resize(folded(x)): the same but for rounding, for a fifth of the work of the head. ValueError where the file is no
    SegFormer of ours.
    """
    edit = _Editor(onnx.load(path))
    graph = edit.graph
    fuse = edit.convolutions.get("model.decode_head.linear_fuse.weight")
    if fuse is None:
        raise ValueError(f"Expected a SegFormer in {path.name}, got no fusing convolution; choose segformer.")
    made = {output: node for node in graph.node for output in node.output}
    joined = made[fuse.input[0]]
    weight = _values(graph, made, fuse.input[1])[..., 0, 0]
    parts = np.split(weight, len(joined.input), axis=1)
    bias = _values(graph, made, fuse.input[2]).astype(np.float64)
    dead = {id(joined), id(fuse)}
    sums: list[str] = []
    for place, (resized, part) in enumerate(zip(joined.input, parts, strict=True)):
        added, projected = _projection(made, resized)
        matrix = _values(graph, made, projected.input[1]).astype(np.float64)
        constant = next(name for name in added.input if name != projected.output[0])
        bias = bias + part.astype(np.float64) @ _values(graph, made, constant)
        folded = edit.constant(f"folded.{place}", (matrix @ part.T.astype(np.float64)).astype(np.float32))
        projected.input[1] = folded
        _replace(edit.users(added.output[0]), added.output[0], projected.output[0])
        dead.add(id(added))
        sums.append(resized)
    edit.constant("folded.bias", bias.astype(np.float32).reshape(1, -1, 1, 1))
    total = [helper.make_node("Sum", [*sums, "folded.bias"], [fuse.output[0]])]
    nodes = []
    for node in graph.node:
        if id(node) == id(fuse):
            nodes += total
        elif id(node) not in dead:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    _prune(graph)
    edit.finish(path)


def _projection(made: Mapping[str, Any], tensor: str) -> tuple[Any, Any]:
    """The addition and the product of matrices that a resized plane of the head comes from."""
    node = made[tensor]
    while node.op_type != "Add":
        node = made[node.input[0]]
    return node, next(made[name] for name in node.input if name in made and made[name].op_type == "MatMul")


def _values(graph: Any, made: Mapping[str, Any], name: str) -> np.ndarray:
    """A constant of a graph, also one that is stored smaller than it is used (`bundle.shrink`)."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    if name in stored:
        return np.asarray(numpy_helper.to_array(stored[name]))
    node = made[name]
    values = [_values(graph, made, part) for part in node.input]
    match node.op_type:
        case "Cast":
            return values[0].astype(np.float32)
        case "Transpose":
            return values[0].transpose(*helper.get_node_attr_value(node, "perm"))
        case "DequantizeLinear":
            shape = [1] * values[0].ndim
            shape[helper.get_node_attr_value(node, "axis")] = -1
            return values[0].astype(np.float32) * values[1].reshape(shape)
        case _:
            raise ValueError(
                f"Expected a constant for {name}, got a {node.op_type}; export the network anew."
            )


def keep(path: Path, outputs: Collection[str]) -> None:
    """Leave out every output of a file but these, and all that only the others need."""
    model = onnx.load(path)
    graph = model.graph
    kept = [output for output in graph.output if output.name in outputs]
    del graph.output[:]
    graph.output.extend(kept)
    _prune(graph)
    write_atomic(path, model.SerializeToString())


def _prune(graph: Any) -> None:
    """Leave out nodes and constants that no output needs; inputs stay."""
    needed = {output.name for output in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    constants = [constant for constant in graph.initializer if constant.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(nodes))
    graph.initializer.extend(constants)
