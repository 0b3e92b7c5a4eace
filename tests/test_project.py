"""A project's folders, spelled in one place."""

import subprocess
import sys
from pathlib import Path

import pytest

from unbake import recipe as recipes
from unbake.domain.layout import LONG_SIDE
from unbake.errors import TrainingError, UsageError
from unbake.project import TREE, Project, domains, lay_out, long_side

PACKAGE = Path(__file__).parents[1] / "unbake"


def test_a_project_is_laid_out_once(tmp_path):
    assert (lay_out(tmp_path), lay_out(tmp_path)) == (list(TREE), [])


def test_the_folders_of_a_project_are_those_that_are_laid_out(tmp_path):
    lay_out(tmp_path)
    project = Project(tmp_path)
    folders = [
        project.materials("matsynth"),
        project.materials("skyrim"),
        project.duplicates,
        project.reports,
    ]
    assert all(folder.is_dir() for folder in [*folders, project.checkpoints, project.train_logs])


def test_a_file_in_the_way_of_a_folder_is_one_sentence(tmp_path):
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(UsageError, match="choose another ROOT"):
        lay_out(tmp_path)


@pytest.mark.parametrize("name", ["A0_best", "A0_best.pth", "A0_best.safetensors", ("B_best", "A0_best")])
def test_a_checkpoint_is_found_by_any_of_its_names(name, tmp_path):
    path = tmp_path / "checkpoints" / "A0_best.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"")
    assert Project(tmp_path).checkpoint(name) == path


def test_a_missing_checkpoint_says_which_names_were_tried(tmp_path):
    with pytest.raises(TrainingError, match="A0_best or B_best"):
        Project(tmp_path).checkpoint(("A0_best", "B_best"))


def test_a_recipe_needs_the_domains_it_draws_from():
    assert domains(recipes.load("A", ("data.mix.matsynth=1.0", "data.mix.skyrim=0.0"))) == ("matsynth",)


def test_the_cache_is_as_large_as_the_crops_and_never_smaller_than_usual():
    sides = [long_side(recipes.load("A", (f"data.px={px}",))) for px in (256, 2 * LONG_SIDE)]
    assert sides == [LONG_SIDE, 2 * LONG_SIDE]


def test_the_folders_of_a_project_are_known_without_torch_or_numpy():
    code = "import unbake.project, sys; sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "folder", ['"MatSynth" /', '"data" /', '/ "data"', '/ "duplicates"', '/ "reports"', '/ "Skyrim"']
)
def test_no_other_module_spells_a_folder_of_a_project(folder):
    found = [path.name for path in PACKAGE.rglob("*.py") if folder in path.read_text("utf-8")]
    assert set(found) <= {"layout.py"}
