"""Decisions and credits of a release; and one from checkpoints to converted textures, on the tiny networks."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from support.trained_project import BASES, stirred, write_base, write_checkpoints, write_head  # noqa: E402

from unbake.convert.bundle import read_card  # noqa: E402
from unbake.data.sources import (  # noqa: E402
    PROCEDURAL,
    MaterialSource,
    list_materials,
)
from unbake.domain.maps import OUTPUTS  # noqa: E402
from unbake.errors import TrainingError  # noqa: E402
from unbake.evaluate.figures import Score, Scored  # noqa: E402
from unbake.evaluate.gather import gather  # noqa: E402
from unbake.evaluate.held_out import held_out_of  # noqa: E402
from unbake.evaluate.merge_heads import load_merged, merge_heads  # noqa: E402
from unbake.evaluate.painter import PAINTER_VERSION  # noqa: E402
from unbake.evaluate.release import credits, release, spread_over, use_of  # noqa: E402
from unbake.evaluate.run import Setting  # noqa: E402
from unbake.models.lora import merge_lora  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
from unbake.models.parameters import part_of  # noqa: E402
from unbake.models.weights import architecture, build_networks, load_weights, read_metadata  # noqa: E402
from unbake.prepare.library import write_library  # noqa: E402
from unbake.project import Project  # noqa: E402
from unbake.synth.materials import FEW  # noqa: E402
from unbake.train.checkpoint import Position, save_state  # noqa: E402
from unbake.train.lineage import Lineage, ancestry  # noqa: E402
from unbake.train.surrogate_skyrim import write_surrogate  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "unbake" / "bundled" / "examples" / "legacy"


def validated(kind: str, metric: str, ours: float, baseline: float, name: str = "a") -> Scored:
    return Scored(
        name, "stone", "sun", (Score(kind, metric, "lower", ours, {"rule": baseline, "other": 0.0}),)
    )


def test_a_network_that_beats_the_rule_is_used():
    use = use_of(gather([validated("roughness", "rmse", 0.1, 0.2)]).rows)
    assert use["roughness"] == "network"


@pytest.mark.parametrize("ours", [0.2, 0.198])
def test_a_network_that_hardly_beats_the_rule_is_not_used(ours: float):
    use = use_of(gather([validated("ao", "mae", ours, 0.2)]).rows)
    assert use["ao"] == "baseline"


def test_a_network_beats_the_normal_maps_rule_only_where_it_does_so_for_sure():
    parted = [validated("ao", "mae", ours, 0.2, str(ours)) for ours in (0.02, 0.05, 0.28, 0.3)]
    assert use_of(gather(parted).rows)["ao"] == "baseline"
    assert use_of(gather(parted[:2]).rows)["ao"] == "network"


def test_the_mask_goes_with_the_metallic_map():
    use = use_of(gather([validated("metallic", "rmse", 0.1, 0.3)]).rows)
    assert (use["metallic"], use["metallic_mask"]) == ("network", "network")


def test_only_the_deciding_metric_decides():
    use = use_of(gather([validated("albedo", "mae", 0.1, 0.2)]).rows)
    assert use["albedo"] == "baseline"


def test_a_map_that_was_not_measured_is_left_to_the_rule():
    assert set(use_of(gather([]).rows).values()) == {"baseline"}


def test_a_part_of_a_split_is_taken_from_all_of_its_categories():
    ids = {f"{category}/{i}" for category in ("concrete", "metal", "stone", "wood") for i in range(10)}
    assert {name.split("/")[0] for name in spread_over(ids, 4)} == {"concrete", "metal", "stone", "wood"}


@pytest.mark.parametrize("at_most", [None, 3, 9])
def test_a_split_that_is_small_enough_is_measured_whole(at_most: int | None):
    assert spread_over({"a/1", "b/2", "c/3"}, at_most) == {"a/1", "b/2", "c/3"}


def trained(held_out: list[str], fold: list[int] | None = None, **more: list[str]) -> Lineage:
    return Lineage.from_metadata({"recipe": {"data": {"held_out": held_out, "fold": fold}}, **more})


def test_what_one_training_saw_was_not_held_out():
    assert held_out_of([trained(["a/b", "c/d"]), trained(["c/d"])]) == (("c/d",), None)


@pytest.mark.parametrize(
    ("folds", "expected"), [([[1, 5], [1, 5]], (1, 5)), ([[1, 5], [2, 5]], None), ([[1, 5], None], None)]
)
def test_a_fold_is_held_out_where_every_training_left_it_out(folds, expected):
    assert held_out_of([trained([], fold) for fold in folds])[1] == expected


def test_lineage_tells_the_heads_of_an_ancestor_and_a_phase_that_was_done_twice():
    first = {"name": "A_best", "sha256": "1", "recipe": {}, "parents": {}}
    joined = {"name": "Cp_best", "sha256": "2", "recipe": {}, "parents": {"all": first}}
    joined["heads"] = {"ao": {"name": "D_ao_best", "sha256": "3"}}
    again = {"name": "A_best", "sha256": "4", "recipe": {}, "parents": {"all": joined}}
    found = ancestry(Lineage.from_metadata(again))
    assert [checkpoint.sha256 for checkpoint in found] == ["1", "2", "3", "4"]


def test_training_on_procedural_materials_sees_no_fold_and_no_source():
    first = trained([], sources=[PROCEDURAL])
    assert held_out_of([first, trained(["a/b"], [1, 5])]) == (("a/b",), (1, 5))


def test_checkpoints_of_before_there_were_folds_held_none_out():
    assert held_out_of([Lineage.from_metadata({"recipe": {"data": {"held_out": []}}})]) == ((), None)


def test_credits_count_materials_by_source_and_licence():
    def source(name: str, origin: str, licence: str) -> MaterialSource:
        return MaterialSource(name, "stone", {"albedo": Path()}, True, "zero", licence, origin, name)  # type: ignore[dict-item]

    told = credits([source("a", "x/y", "CC0"), source("b", "x/y", "CC0"), source("c", "z/w", "MIT")])
    assert [(line.source, line.licence, line.materials) for line in told] == [
        ("x/y", "CC0", 2),
        ("z/w", "MIT", 1),
    ]


def _expected(heads: dict[str, Networks]) -> dict[str, torch.Tensor]:
    """The base's weights, LoRA merged, with each head from where it was trained."""
    base = stirred(0)
    merge_lora(base)
    state = base.state_dict()
    for kind, networks in heads.items():
        head = {
            name: t for name, t in networks.state_dict().items() if part_of(networks, name) == f"head.{kind}"
        }
        state |= head
    return state


def test_joining_takes_every_head_from_its_own_checkpoint_and_merges_the_adapters(tmp_path: Path):
    heads = write_checkpoints(tmp_path)
    networks, lineage = merge_heads(Project(tmp_path))
    torch.testing.assert_close(networks.state_dict(), _expected(heads), rtol=0, atol=0)
    assert list(lineage.heads) == list(OUTPUTS)


def test_missing_heads_are_named_in_one_sentence(tmp_path: Path):
    write_checkpoints(tmp_path)
    for kind in ("ao", "height"):
        (Project(tmp_path).checkpoints / f"D_{kind}_best.safetensors").unlink()
    with pytest.raises(TrainingError, match="but D_ao_best, D_height_best are not in"):
        merge_heads(Project(tmp_path))


def test_a_release_of_what_is_not_there_leaves_no_folder(tmp_path: Path):
    with pytest.raises(TrainingError, match="Expected the checkpoint A_best"):
        release(Project(tmp_path), tmp_path / "out", "A_best")
    assert not (tmp_path / "out").exists()


def test_heads_of_another_base_are_refused_by_name(tmp_path: Path):
    write_checkpoints(tmp_path)
    for kind in ("albedo", "metallic"):
        write_head(tmp_path, kind, write_base(tmp_path, BASES[1], seed=9))
    refused = f"trained on {BASES[0]} .*but D_albedo_best, D_metallic_best are of {BASES[1]} [0-9a-f]{{12}};"
    with pytest.raises(TrainingError, match=refused):
        merge_heads(Project(tmp_path))


def test_a_base_that_was_trained_again_refuses_the_heads_of_the_old_one(tmp_path: Path):
    write_checkpoints(tmp_path)
    write_base(tmp_path, seed=9)
    with pytest.raises(TrainingError, match="train these heads again"):
        merge_heads(Project(tmp_path))


def test_without_the_optional_phase_the_heads_join_the_one_before_it(tmp_path: Path):
    base = write_base(tmp_path, BASES[1])
    for kind in OUTPUTS:
        write_head(tmp_path, kind, base)
    assert merge_heads(Project(tmp_path))[1].name == BASES[1]


def test_a_single_checkpoint_is_released_with_its_own_heads(tmp_path: Path):
    networks, lineage = load_merged(write_base(tmp_path))
    torch.testing.assert_close(networks.state_dict(), _expected({}), rtol=0, atol=0)
    assert not lineage.heads


def test_the_last_state_of_a_run_with_adapters_is_released_merged(tmp_path: Path):
    networks = stirred(0)
    optimizer = torch.optim.AdamW(networks.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    position = Position(1, 0, [{"mat_val_loss": 1.0}, {"mat_val_loss": 0.5}], {}, 0)
    begun = Lineage(**architecture(networks))
    save_state(tmp_path / "B_last.safetensors", networks, optimizer, schedule, position, begun)
    merged, lineage = load_merged(tmp_path / "B_last.safetensors")
    torch.testing.assert_close(merged.state_dict(), _expected({}), rtol=0, atol=0)
    assert (lineage.name, lineage.figures) == ("B_last", {"mat_val_loss": 0.5})


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after a release, in its folder "out"."""
    root = tmp_path_factory.mktemp("project")
    write_checkpoints(root)
    project = Project(root)
    write_library(project.materials("matsynth"), size=64, names=FEW)
    write_surrogate(list_materials(project.materials("matsynth"))[:3], project.materials("skyrim"), size=64)
    release(project, root / "out", setting=Setting(size=64, styles=1), at_most=2)
    return root


@pytest.mark.slow
def test_a_release_is_a_model_that_converts(released: Path, tmp_path: Path):
    legacy = tmp_path / "legacy" / "textures"
    legacy.mkdir(parents=True)
    for name in ("rug01.dds", "rug01_n.dds"):
        shutil.copy(EXAMPLES / "textures" / "clutter" / name, legacy)
    command = [sys.executable, "-m", "unbake.cli", "convert", tmp_path / "legacy", tmp_path / "mod"]
    done = subprocess.run(
        [*map(str, command), "--model", str(released / "out"), "--preset", "png"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "mod" / "rug01_albedo.png").is_file()


@pytest.mark.slow
def test_a_release_holds_networks_weights_and_cards_and_no_draft(released: Path):
    networks = ("vit", "segformer", "unet_albedo", "unet_maps")
    files = {f"{name}.onnx" for name in networks} | {"model.safetensors", "card.json", "MODEL_CARD.md"}
    assert {path.name for path in (released / "out").iterdir()} == files
    assert read_card(released / "out").size == "tiny"


@pytest.mark.slow
def test_the_released_weights_load_into_plain_networks(released: Path):
    weights = released / "out" / "model.safetensors"
    networks = build_networks(read_metadata(weights))
    load_weights(weights, networks)
    torch.testing.assert_close(
        networks.state_dict(), merge_heads(Project(released))[0].state_dict(), rtol=0, atol=0
    )


@pytest.mark.slow
def test_the_card_says_what_was_measured_and_what_it_was_made_from(released: Path):
    card = json.loads((released / "out" / "card.json").read_bytes())
    assert card["measured_on"] == "procedural materials"
    assert card["held_out"] == {
        "fold": None, "sources": [], "materials": [], "px": 64, "painter": PAINTER_VERSION, "styles": 1,
    }  # fmt: skip
    assert card["figures"]["validation"][0]["materials"] <= 2
    materials = len(FEW) + 3  # of both domains
    assert card["data"] == [{"source": "unbake/procedural", "licence": "CC0", "materials": materials}]
    assert list(card["provenance"]["heads"]) == list(OUTPUTS)


@pytest.mark.slow
def test_the_model_card_tells_lineage_licences_baselines_and_commands(released: Path):
    page = (released / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "procedural materials of validation: no source was held out" in page
    assert "| albedo | rmse ↓ | 2 |" in page
    assert "| vit | DINOv2 ViT backbone, Meta | Apache-2.0 |" in page
    assert f"| {BASES[0]} | phase_Cp | all = A0_best | fail, forced |" in page
    assert "unbake train phase_A0 --root ROOT --set epochs.max=9\n" in page
    assert "unbake train phase_D --root ROOT --map ao --set epochs.max=9\n" in page
    assert page.endswith("unbake release OUT --root ROOT --styles 1 --at-most 2\n```\n")
