"""A checkpoint validated again: the figures that training wrote into its JSON."""

import json
from pathlib import Path

import pytest
from support.tiny_project import start

from unbake.errors import TrainingError, UsageError
from unbake.project import Project
from unbake.train.loop import train
from unbake.train.review import validate_checkpoint

ONE_EPOCH = ("epochs.min=1", "epochs.max=1")


@pytest.fixture(scope="module")
def trained(cached_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Whole networks and one head on them, an epoch each, over the shared caches."""
    root = tmp_path_factory.mktemp("trained")
    (root / "data").symlink_to(cached_root / "data")
    train(start(root, "A0", *ONE_EPOCH), lambda event: None)
    train(start(root, "D", *ONE_EPOCH, 'starts_from.all="A0_best"', kind="ao"), lambda event: None)
    return Project(root)


def validated_again(project: Project, name: str) -> dict[str, float]:
    """The figures of a checkpoint's JSON that validation made."""
    figures = json.loads((project.checkpoints / f"{name}.json").read_bytes())["figures"]
    return {key: value for key, value in figures.items() if "loss" in key or "/" in key}


@pytest.mark.parametrize("name", ["A0_best", "D_ao_best"], ids=["whole networks", "one head"])
def test_a_checkpoint_gives_the_figures_that_training_wrote(trained: Project, name: str):
    assert validate_checkpoint(trained, f"{name}.pth") == pytest.approx(
        validated_again(trained, name), rel=1e-4, abs=1e-5
    )


def test_where_a_run_stands_is_validated_like_a_best_one(trained: Project):
    assert validate_checkpoint(trained, "A0_last") == pytest.approx(
        validated_again(trained, "A0_best"), rel=1e-4, abs=1e-5
    )


def test_a_perceptual_distance_without_its_backbone_is_an_error_before_anything_runs(trained: Project):
    with pytest.raises(UsageError, match="--backbone"):
        more = ("losses.perceptual=dino_distance", "losses.perceptual_weight=0.1")
        validate_checkpoint(trained, "A0_best", more)


def test_a_head_whose_base_has_changed_is_an_error(trained: Project, tmp_path: Path):
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    head, other = (trained.checkpoints / f"{name}.safetensors" for name in ("D_ao_best", "A0_last"))
    (checkpoints / head.name).write_bytes(head.read_bytes())
    (checkpoints / "A0_best.safetensors").write_bytes(other.read_bytes())
    with pytest.raises(TrainingError, match="has changed since"):
        validate_checkpoint(Project(tmp_path), "D_ao_best")
