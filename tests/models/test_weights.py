import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import Dinov2Config, Dinov2Model  # noqa: E402

from unbake.domain.maps import OUTPUTS, MapKind  # noqa: E402
from unbake.errors import FileError, UsageError  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.lora import add_lora  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
from unbake.models.parameters import part_of  # noqa: E402
from unbake.models.weights import (  # noqa: E402
    build_networks,
    load_head,
    load_weights,
    read_metadata,
    save_head,
    save_weights,
    sha256_of,
    warm_vit,
)

TINY = CONFIGS["tiny"]
REAL = Path(__file__).parents[3] / "shared" / "weights" / "dinov2-small"


def _networks(seed: int) -> Networks:
    torch.manual_seed(seed)
    return Networks(TINY)


def test_weights_and_metadata_come_back_as_they_were(tmp_path: Path):
    ours, other = _networks(0), _networks(1)
    path = tmp_path / "A0_best.safetensors"
    save_weights(path, ours, {"tag": "phase_A0", "epoch": 3})
    assert load_weights(path, other) == {"tag": "phase_A0", "epoch": 3, "model": "tiny", "lora": None}
    torch.testing.assert_close(other.state_dict(), ours.state_dict(), rtol=0, atol=0)
    assert [path] == list(tmp_path.iterdir())


def _adapted(seed: int, rank: int = 4, alpha: float = 8.0) -> Networks:
    networks = _networks(seed)
    add_lora(networks, rank, alpha)
    with torch.no_grad():
        for parameter in networks.parameters():
            parameter.add_(torch.randn_like(parameter))
    return networks


def test_a_file_has_the_names_of_plain_networks_and_those_of_lora_on_top(tmp_path: Path):
    ours = _adapted(0)
    save_weights(tmp_path / "w", ours, {})
    names = set(load_file(tmp_path / "w"))
    assert names >= _networks(0).state_dict().keys()
    assert all(".lora_" in name for name in names - _networks(0).state_dict().keys())
    assert read_metadata(tmp_path / "w")["lora"] == {"rank": 4, "alpha": 8.0}


def test_networks_built_from_the_metadata_take_lora_weights_back(tmp_path: Path):
    ours = _adapted(0)
    save_weights(tmp_path / "w", ours, {})
    again = build_networks(read_metadata(tmp_path / "w"))
    load_weights(tmp_path / "w", again)
    torch.testing.assert_close(again.state_dict(), ours.state_dict(), rtol=0, atol=0)


def test_a_plain_file_leaves_the_adapters_of_the_networks_as_they_are(tmp_path: Path):
    plain, ours = _networks(0), _adapted(1)
    adapters = {name: t.clone() for name, t in ours.state_dict().items() if ".lora_" in name}
    save_weights(tmp_path / "w", plain, {})
    load_weights(tmp_path / "w", ours)
    after = {name.replace(".base_layer", ""): t for name, t in ours.state_dict().items()}
    torch.testing.assert_close(after, plain.state_dict() | adapters, rtol=0, atol=0)


@pytest.mark.parametrize("other", [None, (2, 8.0), (4, 4.0)], ids=["none", "rank", "alpha"])
def test_a_file_with_lora_is_refused_by_networks_without_the_same(
    tmp_path: Path, other: tuple[int, float] | None
):
    save_weights(tmp_path / "w", _adapted(0), {})
    ours = _adapted(1, *other) if other else _networks(1)
    with pytest.raises(UsageError, match=r"rank 4, alpha 8\.0.*but these have"):
        load_weights(tmp_path / "w", ours)


def test_only_lora_may_be_missing(tmp_path: Path):
    weights = _networks(0).state_dict()
    weights.pop("vit.classifier.bias")
    save_file(weights, tmp_path / "w", {"unbake": json.dumps({"model": "tiny", "lora": None})})
    with pytest.raises(UsageError, match=r"1 tensors differ, first vit\.classifier\.bias"):
        load_weights(tmp_path / "w", _adapted(1))


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_head_comes_back_with_its_statistics_and_nothing_else_moves(tmp_path: Path, kind: MapKind):
    ours, other = _adapted(0), _adapted(1)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    base = {"name": "Cp_best", "sha256": "0"}
    save_head(tmp_path / "w", ours, kind, {"base": base})
    told = {"base": base, "model": "tiny", "lora": {"rank": 4, "alpha": 8.0}, "head": kind}
    assert load_head(tmp_path / "w", other) == told
    moved = {name for name, t in other.state_dict().items() if not torch.equal(t, before[name])}
    head = {name for name in before if part_of(ours, name) == f"head.{kind}"}
    assert {name for name in head if "num_batches" not in name and "running" not in name} <= moved <= head
    assert any("running_mean" in name for name in head)
    torch.testing.assert_close(
        {n: other.state_dict()[n] for n in head}, {n: ours.state_dict()[n] for n in head}
    )


def test_the_six_heads_share_nothing(tmp_path: Path):
    networks = _networks(0)
    heads = []
    for kind in OUTPUTS:
        save_head(tmp_path / kind, networks, kind, {"base": {}})
        heads.append(set(load_file(tmp_path / kind)))
    assert sum(map(len, heads)) == len(set().union(*heads))


def test_a_head_is_not_taken_for_networks_nor_networks_for_a_head(tmp_path: Path):
    networks = _networks(0)
    save_head(tmp_path / "head", networks, "ao", {"base": {}})
    save_weights(tmp_path / "whole", networks, {})
    with pytest.raises(UsageError, match="head of ao alone"):
        load_weights(tmp_path / "head", networks)
    with pytest.raises(UsageError, match="holds whole networks"):
        load_head(tmp_path / "whole", networks)


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256_of(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_size_can_be_read_before_networks_are_built(tmp_path: Path):
    save_weights(tmp_path / "w", _networks(0), {})
    assert read_metadata(tmp_path / "w") == {"model": "tiny", "lora": None}


def test_weights_of_other_shapes_are_refused_and_change_nothing(tmp_path: Path):
    save_weights(tmp_path / "w", Networks(TINY, labels=5), {})
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


def test_writing_where_no_file_can_be_is_a_clear_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="Expected to write"):
        save_weights(tmp_path / "file" / "w", _networks(0), {})


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
    px = TINY.vit.px  # theirs is made for another: it brings its position embeddings to ours itself
    x = torch.rand(1, 3, px, px)
    assert torch.equal(theirs(x).last_hidden_state, networks.vit.backbone(x).last_hidden_state)


def test_a_backbone_of_our_size_gives_its_weights_as_they_are_but_for_the_grid_of_positions(tmp_path: Path):
    theirs = _backbone(tmp_path, TINY.vit.hidden, TINY.vit.heads, TINY.vit.layers).state_dict()
    networks = _networks(0)
    warm_vit(networks, tmp_path)
    ours = networks.vit.backbone.state_dict()
    positions = "embeddings.position_embeddings"
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items() if name != positions)
    assert ours[positions].shape == (1, 1 + (TINY.vit.px // TINY.vit.patch) ** 2, TINY.vit.hidden)
    assert torch.equal(ours[positions][:, 0], theirs[positions][:, 0])


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
    px = networks.vit.px
    x = torch.rand(1, 3, px, px)
    with torch.no_grad():
        torch.testing.assert_close(networks.vit.backbone(x).last_hidden_state, real(x).last_hidden_state)
