"""The DINOv2 feature distance, on a tiny random backbone and where present on the real one."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import Dinov2Config, Dinov2Model

from unbake.errors import FileError
from unbake.metrics.dino import DinoDistance

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("dino")
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14
    )
    Dinov2Model(config).save_pretrained(path)
    return path


def images(*size: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, *size, generator=generator), torch.rand(2, 3, *size, generator=generator)


def test_it_is_one_minus_the_mean_cosine_of_the_patch_tokens(folder: Path):
    a, b = images(42, 56)
    model = Dinov2Model.from_pretrained(folder).eval()
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    with torch.no_grad():
        ours, theirs = (model((x - mean) / std).last_hidden_state[:, 1:] for x in (a, b))
        ours, theirs = (x / x.norm(dim=-1, keepdim=True) for x in (ours, theirs))
    assert ours.shape[1] == 12
    torch.testing.assert_close(DinoDistance(folder)(a, b), 1 - (ours * theirs).sum(-1).mean(1))


@pytest.mark.parametrize("size", [(42, 56), (64, 64), (10, 33)])
def test_equal_images_of_any_size_are_at_distance_zero(folder: Path, size: tuple[int, int]):
    a, _ = images(*size)
    assert DinoDistance(folder)(a, a).tolist() == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_large_image_is_looked_at_518_texels_long(folder: Path):
    distance = DinoDistance(folder)
    seen = []
    distance.backbone.register_forward_hook(lambda _, inputs, __: seen.append(tuple(inputs[0].shape[-2:])))
    a, b = images(600, 1200)
    with torch.no_grad():
        distance(a, b)
    assert seen == [(252, 518)] * 2


def test_gradients_reach_the_image_and_no_weight(folder: Path):
    a, b = images(64, 64)
    distance = DinoDistance(folder)
    distance(a.requires_grad_(), b).sum().backward()
    assert a.grad is not None
    assert float(a.grad.abs().max()) > 0
    assert [name for name, p in distance.named_parameters() if p.requires_grad] == []


def test_a_folder_without_a_backbone_is_named(tmp_path: Path):
    with pytest.raises(FileError, match="facebook/dinov2-small"):
        DinoDistance(tmp_path)


def test_weights_that_lack_a_layer_are_refused(folder: Path, tmp_path: Path):
    shutil.copy(folder / "config.json", tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["layernorm.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(FileError, match=r"1 tensors are missing .layernorm\.weight"):
        DinoDistance(tmp_path)


@pytest.mark.skipif(not (SHARED / "weights").is_dir(), reason="no DINOv2 weights at hand")
def test_a_blurred_photograph_is_nearer_than_another_material():
    def texture(name: str) -> torch.Tensor:
        with Image.open(SHARED / "data" / "materials" / name / "basecolor.jpg") as image:
            pixels = np.asarray(image.convert("RGB").resize((112, 112)), np.float32)
        return torch.from_numpy(pixels / 255).permute(2, 0, 1)[None]

    bricks, rock = texture("stone/bricks010"), texture("stone/rock001")
    distance = DinoDistance(SHARED / "weights" / "dinov2-small")
    with torch.no_grad():
        blurred = torch.nn.functional.avg_pool2d(bricks, 3, 1, 1)
        assert float(distance(bricks, blurred)) < float(distance(bricks, rock))
