"""A checkpoint's lineage: one class writes and reads it, and old files and people's own keys stay readable."""

import json
import math
from pathlib import Path

import pytest

from unbake.errors import FileError
from unbake.recipe import as_dict, load
from unbake.recipe.gate import Judgement, Verdict
from unbake.train.lineage import (
    Base,
    Lineage,
    PhaseVerdict,
    WarmStart,
    read_verdict,
    warm_starts,
    write_lineage,
    write_verdict,
)

WARM = WarmStart(network="vit", parent="DINOv2", licence="Apache-2.0")
FIRST = Lineage(name="A0_best", recipe=as_dict(load("A0")), warm_starts={"vit": WARM}, own={"note": "mine"})
WHOLE = Lineage(
    name="A_best",
    recipe=as_dict(load("A")),
    overrides=["epochs.max=9"],
    parents={"all": FIRST},
    sources=["x/y"],
    figures={"epoch": 3, "mat_val_loss": 0.5},
    heads={"ao": Lineage(name="D_ao_best", base=Base(name="A_best", sha256="1"))},
    verdict=PhaseVerdict(verdict="fail", reason="it did not fall", forced=True),
)


def test_what_is_written_is_read_again():
    assert Lineage.from_metadata(json.loads(json.dumps(WHOLE.as_metadata()))) == WHOLE


def test_figures_that_are_no_numbers_survive_json():
    written = json.dumps(Lineage(figures={"mat_val_loss": math.nan}).as_metadata())
    assert math.isnan(Lineage.from_metadata(json.loads(written)).figures["mat_val_loss"])


def test_warm_starts_of_ancestors_are_found():
    assert list(warm_starts(WHOLE)) == [WARM]


def test_a_file_of_before_a_field_was_there_is_read():
    old = Lineage.from_metadata({"name": "A_best", "recipe": {"data": {"held_out": ["x/y"]}}})
    assert (old.held_out, old.fold, old.saw_real, old.verdict) == (("x/y",), None, True, None)


def test_metadata_of_another_shape_are_named_in_one_sentence():
    with pytest.raises(FileError, match=r"metadata of A_best\.safetensors .*overrides"):
        Lineage.from_metadata({"overrides": 3}, "A_best.safetensors")


def test_a_persons_own_keys_survive_the_verdict(tmp_path: Path):
    weights = tmp_path / "A_best.safetensors"
    write_lineage(weights, WHOLE)
    written = json.loads(weights.with_suffix(".json").read_bytes())
    weights.with_suffix(".json").write_text(json.dumps(written | {"note": "the good one"}))
    write_verdict(weights, Judgement(Verdict.PASS, "it fell"), forced=False)
    after = json.loads(weights.with_suffix(".json").read_bytes())
    assert (after["note"], after["parents"]["all"]["note"]) == ("the good one", "mine")
    assert read_verdict(weights) == PhaseVerdict(verdict="pass", reason="it fell")


@pytest.mark.parametrize("text", ["", "[]", '{"verdict": {"verdict": 1}}'])
def test_a_damaged_file_has_no_verdict(tmp_path: Path, text: str):
    (tmp_path / "A_best.json").write_text(text)
    assert read_verdict(tmp_path / "A_best.safetensors") is None


def test_an_old_checkpoint_keeps_parents_and_warm_starts_in_one_table():
    old = Lineage.from_metadata({"recipe": {}, "parents": {"all": FIRST.as_metadata(), "vit": {
        "network": "vit", "parent": "DINOv2", "licence": "Apache-2.0",
    }}})  # fmt: skip
    assert (old.parents, old.warm_starts) == ({"all": FIRST}, {"vit": WARM})
