from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")

from unbake.domain.materials import LABELS  # noqa: E402
from unbake.domain.networks import AROUND, NETWORKS, RING  # noqa: E402
from unbake.export.bundle import export_onnx, shrink  # noqa: E402
from unbake.export.graph import fold_fuse, go_round, keep, slim  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks, receptive_field  # noqa: E402
from unbake.models.vit import Averaged  # noqa: E402

pytestmark = pytest.mark.slow  # symbolic tracing takes half a minute

ORDER = {
    "vit": ["diffuse"],
    "segformer": [
        "diffuse", "normal", "specular", "specular_given", "environment", "environment_given", "coarse"
    ],
    "unet_albedo": ["diffuse", "normal", "specular", "specular_given", "mask", "coarse", "label_probs"],
    "unet_maps": ["albedo", "normal", "specular", "specular_given", "mask", "coarse", "geometry", "label_probs"],
}  # fmt: skip
OUTPUTS = {
    "vit": ["label_logits", "patch_logits"],
    "segformer": ["mask_logits"],
    "unet_albedo": ["albedo"],
    "unet_maps": ["roughness", "metallic", "ao", "height"],
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Networks, dict[str, Path]]:
    torch.manual_seed(0)
    networks = Networks(CONFIGS["tiny"])
    with torch.no_grad():
        for parameter in networks.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    files = export_onnx(networks, tmp_path_factory.mktemp("bundle"))
    return networks.eval(), files


def _inputs(height: int, width: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(height)
    three, one = ("diffuse", "albedo", "normal", "geometry", "coarse"), ("specular", "environment", "mask")
    images = {name: torch.rand(1, 3 if name in three else 1, height, width) for name in three + one}
    flags = {f"{name}_given": torch.ones(1, 1) for name in ("specular", "environment")}
    return images | flags | {"label_probs": torch.rand(1, len(LABELS))}


@pytest.mark.parametrize("name", ORDER)
def test_onnx_runtime_gives_what_torch_gives_at_any_size(bundle: tuple[Networks, dict[str, Path]], name: str):
    networks, files = bundle
    session = ort.InferenceSession(files[name], providers=["CPUExecutionProvider"])
    assert ORDER[name] == [one.name for one in session.get_inputs()]
    assert OUTPUTS[name] == [one.name for one in session.get_outputs()]
    network = Averaged(networks.vit) if name == "vit" else getattr(networks, name)
    for size in [(networks.vit.px,) * 2] if name == "vit" else [(96, 160), (128, 64)]:
        chosen = {key: value for key, value in _inputs(*size).items() if key in ORDER[name]}
        with torch.no_grad():
            expected = network(*(chosen[key] for key in ORDER[name]))
        several = isinstance(expected, dict | tuple)
        tensors = (
            list(expected.values() if isinstance(expected, dict) else expected) if several else [expected]
        )
        actual = session.run(OUTPUTS[name], {key: value.numpy() for key, value in chosen.items()})
        for ours, theirs in zip(tensors, actual, strict=True):
            np.testing.assert_allclose(theirs, ours.numpy(), rtol=1e-4, atol=1e-4)


def test_the_bundle_is_four_files_that_quote_no_path_of_the_machine_that_made_them(
    bundle: tuple[Networks, dict[str, Path]],
):
    _, files = bundle
    assert sorted(files.values()) == sorted(files["vit"].parent.iterdir())
    assert not any(b"site-packages" in path.read_bytes() for path in files.values())
    assert not any(str(Path(__file__).parents[2]).encode() in path.read_bytes() for path in files.values())


def _run(path: Path, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return list(session.run(None, {one.name: feeds[one.name] for one in session.get_inputs()}))


def _around(image: np.ndarray, texels: int, axes: tuple[int, ...]) -> np.ndarray:
    if image.ndim < 4:
        return image
    return np.pad(image, [(texels, texels) if axis in axes else (0, 0) for axis in range(4)], mode="wrap")


def _inside(image: np.ndarray, texels: int, axes: tuple[int, ...]) -> np.ndarray:
    return image[tuple(slice(texels, -texels) if axis in axes else slice(None) for axis in range(4))]


@pytest.mark.parametrize("name", ["unet_albedo", "unet_maps"])
@pytest.mark.parametrize("axes", [(2, 3), (2,), (3,), ()])
def test_a_unet_that_goes_on_round_by_itself_says_what_it_says_between_halos(
    bundle: tuple[Networks, dict[str, Path]], tmp_path: Path, name: str, axes: tuple[int, ...]
):
    networks, files = bundle
    path = tmp_path / f"{name}.onnx"
    path.write_bytes(files[name].read_bytes())
    slim(path)
    feeds = {key: value.numpy() for key, value in _inputs(32, 64).items()}
    halo = -(-receptive_field(networks.config) // 2 // networks.config.stride) * networks.config.stride
    haloed = _run(files[name], {key: _around(image, halo, axes) for key, image in feeds.items()})
    told = {AROUND: np.array([2 in axes, 3 in axes], np.int64)}
    ringed = _run(path, {key: _around(image, RING, axes) for key, image in feeds.items()} | told)
    for ours, theirs in zip(ringed, haloed, strict=True):
        np.testing.assert_allclose(_inside(ours, RING, axes), _inside(theirs, halo, axes), atol=1e-5)


def test_segformers_folded_head_says_what_its_two_layers_say(
    bundle: tuple[Networks, dict[str, Path]], tmp_path: Path
):
    _, files = bundle
    path = tmp_path / "segformer.onnx"
    path.write_bytes(files["segformer"].read_bytes())
    feeds = {key: value.numpy() for key, value in _inputs(96, 160).items()}
    slim(path)
    [before], [after] = _run(files["segformer"], feeds), _run(path, feeds)
    np.testing.assert_allclose(after, before, atol=1e-4)
    assert path.stat().st_size < files["segformer"].stat().st_size


def test_a_file_without_some_heads_says_the_same_of_the_others_and_is_smaller(
    bundle: tuple[Networks, dict[str, Path]], tmp_path: Path
):
    _, files = bundle
    path = tmp_path / "unet_maps.onnx"
    path.write_bytes(files["unet_maps"].read_bytes())
    keep(path, ["roughness", "ao"])
    feeds = {key: value.numpy() for key, value in _inputs(32, 64).items()}
    before, after = _run(files["unet_maps"], feeds), _run(path, feeds)
    assert len(after) == 2
    for ours, theirs in zip(after, [before[0], before[2]], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert path.stat().st_size < files["unet_maps"].stat().st_size


def test_what_is_rewritten_can_be_shrunk_and_what_is_shrunk_rewritten(
    bundle: tuple[Networks, dict[str, Path]], tmp_path: Path
):
    _, files = bundle
    feeds = {key: value.numpy() for key, value in _inputs(64, 64).items()}
    said = []
    for steps in ((slim, shrink), (shrink, slim)):
        path = tmp_path / "segformer.onnx"
        path.write_bytes(files["segformer"].read_bytes())
        for step in steps:
            step(path)
        said += _run(path, feeds)
    np.testing.assert_allclose(said[0], said[1], atol=1e-2)


def test_only_networks_that_have_something_to_rewrite_can_be(
    tmp_path: Path, bundle: tuple[Networks, dict[str, Path]]
):
    _, files = bundle
    with pytest.raises(ValueError, match="Expected a UNet"):
        go_round(files["vit"])
    with pytest.raises(ValueError, match="Expected a SegFormer"):
        fold_fuse(files["unet_maps"])


def test_the_names_of_inputs_and_outputs_are_those_of_the_table():
    assert {name: list(network.inputs) for name, network in NETWORKS.items()} == ORDER
    assert {name: list(network.outputs) for name, network in NETWORKS.items()} == OUTPUTS
