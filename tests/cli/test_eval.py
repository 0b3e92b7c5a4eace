"""`unbake eval` as a person types it, on a few small procedural materials and the bundled model."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from unbake.cli import app
from unbake.convert.bundle import bundle_folder
from unbake.data.sources import list_materials
from unbake.errors import UsageError
from unbake.prepare.library import write_library

SMALL = ("--size", 32, "--styles", 1)


def evaluated(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("materials")
    write_library(folder, 32, implied=True, names=("bricks", "plates"))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, materials: Path) -> list[Path]:
    """The bundled model twice, its cards saying that each never saw one of the materials."""
    root, names = tmp_path_factory.mktemp("models"), [source.id for source in list_materials(materials)]
    folders = []
    for number, name in enumerate(names, 1):
        folder = root / f"fold{number}"
        shutil.copytree(bundle_folder(None), folder, ignore=shutil.ignore_patterns("examples", "__pycache__"))
        card = json.loads((folder / "card.json").read_text())
        card["held_out"] = {"fold": [number, len(names)], "sources": [], "materials": [name], "px": 32}
        (folder / "card.json").write_text(json.dumps(card))
        folders.append(folder)
    return folders


def named(models: list[Path]) -> list[object]:
    return [word for model in models for word in ("--model", model)]


def test_figures_are_printed_and_written_with_what_they_were_measured_by(materials, tmp_path):
    pages = ("--page", tmp_path / "e.html", "--failures", tmp_path / "e.jpg")
    done = evaluated(materials, *SMALL, "--json", tmp_path / "e.json", *pages)
    assert (done.exit_code, "relight_rmse" in done.output) == (0, True)
    told = json.loads((tmp_path / "e.json").read_text())
    assert (told["painter"], told["size"], told["styles_each"], told["compared_at"]) == (3, 32, 1, 32)
    assert {"rows", "categories", "styles", "pooled", "calibration", "confidence", "paintings"} <= told.keys()
    assert (tmp_path / "e.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "e.jpg").read_bytes().startswith(b"\xff\xd8")


def test_folds_are_measured_kept_and_measured_again_without_the_models(materials, models, tmp_path):
    kept = tmp_path / "kept.zip"
    first = evaluated(
        materials, "--folds", *named(models), *SMALL, "--keep", kept, "--json", tmp_path / "a.json"
    )
    again = evaluated(materials, "--folds", "--saved", kept, "--json", tmp_path / "b.json")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "each converted by the one of 2 models that never saw it" in first.output
    assert "As measured on the whole maps when the predictions were saved" in again.output
    one, other = (
        {
            (row["map"], row["metric"]): row["ours"]
            for row in json.loads((tmp_path / name).read_text())["rows"]
        }
        for name in ("a.json", "b.json")
    )
    assert other["albedo", "rmse"] == pytest.approx(one["albedo", "rmse"], abs=0.01)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--keep", "kept.zip"), "Expected --folds and the models"),
        (("--source", "no/where"), "Expected materials of no/where"),
        (("--model", "a", "--model", "b"), "add --folds"),
        (("--model", "nowhere"), "a model bundle"),
        (("--failures", "worst.txt"), "Expected a picture"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(materials, options, told):
    error = evaluated(materials, *options).exception
    assert isinstance(error, UsageError) and told in str(error)


def test_evidence_is_measured_in_three_mods_of_declared_darkness(materials, tmp_path):
    done = evaluated(materials, "--evidence", "--at-most", 1, "--size", 32, "--json", tmp_path / "e.json")
    assert done.exit_code == 0, done.output
    assert "1 drawn of the 2 materials that the model never saw" in done.output
    told = json.loads((tmp_path / "e.json").read_text())
    assert [painting["darkness"] for painting in told["paintings"]] == ["dark", "middle", "bright"]
    assert told["levels"].keys() == {"dark", "middle", "bright"}


@pytest.mark.parametrize("option", [("--page", "e.html"), ("--keep", "kept.zip"), ("--backbone", "alex")])
def test_evidence_refuses_what_it_cannot_do(option, materials, tmp_path):
    done = evaluated(materials, "--evidence", "--seen", option[0], tmp_path / option[1])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith("Expected --evidence without")
