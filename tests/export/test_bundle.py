from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")

from unbake.domain.materials import LABELS  # noqa: E402
from unbake.domain.networks import NETWORKS  # noqa: E402
from unbake.export.bundle import export_onnx  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
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


def test_the_names_of_inputs_and_outputs_are_those_of_the_table():
    assert {name: list(network.inputs) for name, network in NETWORKS.items()} == ORDER
    assert {name: list(network.outputs) for name, network in NETWORKS.items()} == OUTPUTS
