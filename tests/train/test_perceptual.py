"""A recipe's perceptual distance is the one it names, or a sentence that says what is missing."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from unbake.errors import FileError, UsageError
from unbake.metrics import lpips
from unbake.metrics.dino import DinoDistance
from unbake.metrics.lpips import Lpips
from unbake.train.perceptual import perceptual

CPU = torch.device("cpu")


@pytest.fixture
def squeezenet(tmp_path: Path) -> Path:
    features, _ = lpips._FEATURES["squeeze"]()
    path = tmp_path / "squeezenet1_1.safetensors"
    save_file({f"features.{name}": value for name, value in features.state_dict().items()}, path)
    return path


@pytest.fixture(autouse=True)
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


def test_lpips_reads_the_backbone_it_is_given(squeezenet: Path):
    found = perceptual("lpips", squeezenet, CPU)
    assert found is not None
    name, distance = found
    assert isinstance(distance, Lpips)
    assert (name, distance.net) == ("lpips", "squeeze")


def test_lpips_without_a_backbone_takes_alexnet_where_torch_has_it(empty_hub: Path):
    empty_hub.mkdir(parents=True)
    features, _ = lpips._FEATURES["alex"]()
    weights = {f"features.{name}": value for name, value in features.state_dict().items()}
    torch.save(weights, empty_hub / "alexnet-owt-7be5be79.pth")
    found = perceptual("lpips", None, CPU)
    assert found is not None
    assert isinstance(found[1], Lpips)
    assert found[1].net == "alex"


@pytest.mark.parametrize("backbone", [None, Path("missing.pth")])
def test_lpips_without_weights_says_which_file_from_where_and_what_else(backbone: Path | None):
    with pytest.raises(UsageError) as error:
        perceptual("lpips", backbone, CPU)
    for word in ("alexnet-owt-7be5be79.pth", "download.pytorch.org", "losses.perceptual=dino_distance"):
        assert word in str(error.value)


def test_a_bare_name_fetches_that_backbone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(lpips, "SOURCE", (tmp_path / "nowhere").as_uri() + "/")
    with pytest.raises(FileError, match=r"nowhere/vgg16-397923af\.pth"):
        perceptual("lpips", Path("vgg"), CPU)


def test_dino_distance_bears_its_own_name(tmp_path: Path):
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28)
    Dinov2Model(config).save_pretrained(tmp_path)
    found = perceptual("dino_distance", tmp_path, CPU)
    assert found is not None
    assert (found[0], type(found[1])) == ("dino_distance", DinoDistance)


def test_dino_distance_without_a_folder_says_so():
    with pytest.raises(UsageError, match="facebook/dinov2-small"):
        perceptual("dino_distance", None, CPU)


def test_none_is_no_distance(squeezenet: Path):
    assert perceptual("none", squeezenet, CPU) is None
