from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from transformers import Dinov2Config, Dinov2Model  # noqa: E402

from unbake.errors import FileError, UsageError  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
from unbake.models.weights import load_weights, read_metadata, save_weights, warm_vit  # noqa: E402

TINY = CONFIGS["tiny"]
REAL = Path(__file__).parents[3] / "shared" / "weights" / "dinov2-small"


def _networks(seed: int) -> Networks:
    torch.manual_seed(seed)
    return Networks(TINY)


def test_weights_and_metadata_come_back_as_they_were(tmp_path: Path):
    ours, other = _networks(0), _networks(1)
    path = tmp_path / "A0_best.safetensors"
    save_weights(path, ours, {"tag": "phase_A0", "epoch": 3})
    assert load_weights(path, other) == {"tag": "phase_A0", "epoch": 3, "model": "tiny"}
    torch.testing.assert_close(other.state_dict(), ours.state_dict(), rtol=0, atol=0)
    assert [path] == list(tmp_path.iterdir())


def test_the_size_can_be_read_before_networks_are_built(tmp_path: Path):
    save_weights(tmp_path / "w", _networks(0), {})
    assert read_metadata(tmp_path / "w") == {"model": "tiny"}


def test_weights_of_other_shapes_are_refused_and_change_nothing(tmp_path: Path):
    save_weights(tmp_path / "w", Networks(TINY, classes=5), {})
    ours = _networks(0)
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    with pytest.raises(UsageError, match=r"tensors differ, first .*; build that size"):
        load_weights(tmp_path / "w", ours)
    torch.testing.assert_close(ours.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("content", [None, b"", b"no safetensors at all"])
def test_a_missing_or_damaged_file_is_named_in_the_error(tmp_path: Path, content: bytes | None):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=r"w\.safetensors"):
        load_weights(path, _networks(0))


def test_writing_into_a_missing_folder_is_a_clear_error(tmp_path: Path):
    with pytest.raises(FileError, match="check the folder"):
        save_weights(tmp_path / "missing" / "w", _networks(0), {})


def _backbone(folder: Path, hidden: int, heads: int, layers: int) -> Dinov2Model:
    torch.manual_seed(5)
    backbone = Dinov2Model(
        Dinov2Config(
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            image_size=224,
            patch_size=14,
        )
    ).eval()
    backbone.save_pretrained(folder)
    return backbone


def test_a_backbone_of_our_size_is_copied_whole(tmp_path: Path):
    theirs = _backbone(tmp_path, TINY.vit.hidden, TINY.vit.heads, TINY.vit.layers)
    networks = _networks(0).eval()
    assert warm_vit(networks, tmp_path)["licence"] == "Apache-2.0"
    x = torch.rand(1, 3, 224, 224)
    assert torch.equal(theirs(x).last_hidden_state, networks.vit.backbone(x).last_hidden_state)


def test_a_larger_backbone_gives_evenly_spaced_channels_whole_heads_and_layers(tmp_path: Path):
    theirs = _backbone(tmp_path, 2 * TINY.vit.hidden, 2 * TINY.vit.heads, 2 * TINY.vit.layers)
    networks = _networks(0)
    warm_vit(networks, tmp_path)
    ours, every_other = networks.vit.backbone.encoder.layer[1], slice(None, None, 2)
    source = theirs.encoder.layer[2]
    assert torch.equal(source.mlp.fc1.weight[every_other, every_other], ours.mlp.fc1.weight)
    assert torch.equal(source.norm1.weight[every_other], ours.norm1.weight)
    heads = source.attention.q_proj.weight.unflatten(0, (2 * TINY.vit.heads, -1))
    expected = heads[every_other, :, every_other].flatten(0, 1)
    assert torch.equal(expected, ours.attention.q_proj.weight)
    columns = source.attention.o_proj.weight.unflatten(1, (2 * TINY.vit.heads, -1))
    expected = columns[every_other, every_other].flatten(1, 2)
    assert torch.equal(expected, ours.attention.o_proj.weight)


def test_a_smaller_backbone_is_refused(tmp_path: Path):
    _backbone(tmp_path, TINY.vit.hidden // 2, TINY.vit.heads, TINY.vit.layers)
    with pytest.raises(UsageError, match="name a larger one"):
        warm_vit(_networks(0), tmp_path)


def test_a_folder_without_a_backbone_is_named_in_the_error(tmp_path: Path):
    with pytest.raises(FileError, match="check the warm start's path"):
        warm_vit(_networks(0), tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the DINOv2 weights are not beside the checkout")
def test_the_real_backbone_loads_into_full_as_transformers_would_use_it(capfd: pytest.CaptureFixture[str]):
    networks = Networks(CONFIGS["full"]).eval()
    warm_vit(networks, REAL)
    assert capfd.readouterr() == ("", "")
    real = Dinov2Model.from_pretrained(REAL, local_files_only=True, dtype=torch.float32).eval()
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(networks.vit.backbone(x).last_hidden_state, real(x).last_hidden_state)
