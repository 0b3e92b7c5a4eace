"""Our LPIPS is torchmetrics' on equal backbone weights; the real ones cannot be had here."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchmetrics.functional.image import lpips as oracle

from unbake.errors import FileError
from unbake.metrics import lpips
from unbake.metrics.lpips import FILES, Lpips, fetch_backbone

NETS = list(FILES)
NAMES = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}


def layers(net: str) -> torch.nn.Sequential:
    torch.manual_seed(1)
    features, _ = lpips._FEATURES[net]()
    for parameter in features.parameters():
        if parameter.ndim > 1:
            torch.nn.init.kaiming_normal_(parameter)
    return features


@pytest.fixture(scope="module", params=NETS)
def net(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def backbone(net: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights under torchvision's names, classifier included."""
    path = tmp_path_factory.mktemp("weights") / "backbone.safetensors"
    tensors = {f"features.{name}": value for name, value in layers(net).state_dict().items()}
    save_file(tensors | {"classifier.1.weight": torch.zeros(2, 2)}, path)
    return path


@pytest.fixture(scope="module")
def distance(backbone: Path) -> Lpips:
    return Lpips(backbone)


def pairs(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a = torch.rand(3, 3, 32, 40, generator=generator)
    return a, (
        a + torch.randn(a.shape, generator=generator) * torch.tensor([0.02, 0.1, 0.4]).view(3, 1, 1, 1)
    ).clamp(0, 1)


def test_it_gives_the_value_of_torchmetrics_on_equal_weights(
    net: str, distance: Lpips, monkeypatch: pytest.MonkeyPatch
):
    def ours(name: str, pretrained: bool = False) -> torch.nn.Sequential:
        assert name == NAMES[net]
        return layers(net)

    monkeypatch.setattr(oracle, "_get_tv_model_features", ours)
    a, b = pairs()
    expected = oracle._NoTrainLpips(net=net)(a, b, normalize=True).flatten()
    torch.testing.assert_close(distance(a, b), expected, rtol=1e-4, atol=1e-6)


def test_equal_images_are_at_distance_zero_and_others_are_not(distance: Lpips):
    a, b = pairs()
    assert distance(a, a).tolist() == [0.0, 0.0, 0.0]
    near, nearer_still, far = distance(a, b).tolist()
    assert 0.0 < near < nearer_still < far


def test_gradients_reach_the_image_and_no_weight(distance: Lpips):
    a, b = pairs()
    distance(a.requires_grad_(), b).sum().backward()
    assert a.grad is not None
    assert a.grad.abs().amax(dim=(1, 2, 3)).gt(0).tolist() == [True] * 3
    assert [name for name, p in distance.named_parameters() if p.requires_grad] == []


@pytest.mark.parametrize(
    ("net_name", "all_parameters", "of_the_classifier"),
    [
        ("alex", 61_100_840, 58_631_144),
        ("vgg", 138_357_544, 123_642_856),
        ("squeeze", 1_235_496, 513_000),
    ],
)
def test_a_backbone_has_as_many_weights_as_torchvision_says(
    net_name: str, all_parameters: int, of_the_classifier: int
):
    features, _ = lpips._FEATURES[net_name]()
    assert sum(p.numel() for p in features.parameters()) == all_parameters - of_the_classifier


def test_the_file_itself_says_which_backbone_it_is(net: str, distance: Lpips):
    assert distance.net == net


def test_a_pth_file_gives_the_same_distance_whatever_the_precision_around(tmp_path: Path):
    weights = {f"features.{name}": value for name, value in layers("squeeze").state_dict().items()}
    torch.save(weights, tmp_path / "squeezenet.pth")
    a, b = pairs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        halved = Lpips(tmp_path / "squeezenet.pth")(a, b)
    save_file(weights, tmp_path / "squeezenet.safetensors")
    assert torch.equal(Lpips(tmp_path / "squeezenet.safetensors")(a, b), halved)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("sprung", "w"))


def test_a_pth_file_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(FileError, match="cannot be read"):
        Lpips(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_weights_of_another_network_are_refused(tmp_path: Path):
    save_file({"features.0.weight": torch.zeros(32, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(FileError, match=r"alexnet-owt-7be5be79\.pth.*none of them"):
        Lpips(tmp_path / "other.safetensors")


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path):
    weights = {f"features.{name}": value for name, value in layers("alex").state_dict().items()}
    del weights["features.3.weight"]
    save_file(weights, tmp_path / "alex.safetensors")
    with pytest.raises(FileError, match="differ in name or shape"):
        Lpips(tmp_path / "alex.safetensors")


def test_a_backbone_is_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    name = f"squeezenet1_1-{hashlib.sha256(b'weights').hexdigest()[:8]}.pth"
    (there / name).write_bytes(b"weights")
    monkeypatch.setattr(lpips, "SOURCE", there.as_uri() + "/")
    monkeypatch.setitem(FILES, "squeeze", name)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(here))
    path = fetch_backbone("squeeze")
    (there / name).unlink()
    assert (fetch_backbone("squeeze"), path.read_bytes()) == (here / "checkpoints" / name, b"weights")


def test_a_backbone_that_cannot_be_fetched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lpips, "SOURCE", (tmp_path / "nowhere").as_uri() + "/")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FileError, match=r"vgg16-397923af\.pth.*by hand"):
        fetch_backbone("vgg")
