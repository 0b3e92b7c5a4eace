from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")

from unbake.export.bundle import export_onnx  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402

pytestmark = pytest.mark.slow  # symbolic tracing takes half a minute

ORDER = {
    "vit": ["diffuse"],
    "segformer": ["diffuse", "normal", "specular", "specular_given"],
    "unet_albedo": ["diffuse", "normal", "specular", "specular_given", "mask"],
    "unet_maps": ["albedo", "normal", "specular", "specular_given", "mask", "geometry", "class_probs"],
}
OUTPUTS = {
    "vit": ["class_logits"],
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
    channels = {"diffuse": 3, "albedo": 3, "normal": 3, "geometry": 3, "specular": 1, "mask": 1}
    images = {name: torch.rand(1, count, height, width) for name, count in channels.items()}
    return images | {"specular_given": torch.ones(1, 1), "class_probs": torch.rand(1, 7)}


@pytest.mark.parametrize("name", ORDER)
def test_onnx_runtime_gives_what_torch_gives_at_any_size(bundle: tuple[Networks, dict[str, Path]], name: str):
    networks, files = bundle
    session = ort.InferenceSession(files[name], providers=["CPUExecutionProvider"])
    assert ORDER[name] == [one.name for one in session.get_inputs()]
    assert OUTPUTS[name] == [one.name for one in session.get_outputs()]
    for size in [(224, 224)] if name == "vit" else [(96, 160), (128, 64)]:
        chosen = {key: value for key, value in _inputs(*size).items() if key in ORDER[name]}
        with torch.no_grad():
            expected = getattr(networks, name)(*(chosen[key] for key in ORDER[name]))
        tensors = list(expected.values()) if isinstance(expected, dict) else [expected]
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
