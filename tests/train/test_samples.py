"""Validation samples of a real run: which there are, what is in them, and that a cut run leaves the same."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from support.batches import batch_of
from support.tiny_project import start

from unbake.domain.maps import MapKind
from unbake.metrics.pixel import mae
from unbake.recipe.gate import Verdict
from unbake.report.samples import FOLDER, TRUTH, run_gallery
from unbake.train.loop import Progress, Run, train
from unbake.train.samples import SIDE, sample_of, spread
from unbake.train.step import loss_weights
from unbake.train.validate import validation_figures


def left(run: Run) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((run.log_folder / FOLDER).iterdir())}


def best_epochs(run: Run) -> list[int]:
    """The epochs that a run's history says were the best so far."""
    lines = (run.log_folder / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)[run.recipe.best] for line in lines][1:]
    return [epoch for epoch, loss in enumerate(losses, 1) if loss == min(losses[:epoch])]


def test_a_run_leaves_samples_before_training_and_of_each_epoch_that_improved(root: Path):
    run = start(root)
    train(run, lambda _: None)
    assert list(left(run)) == ["0000", *(f"{epoch:04d}" for epoch in best_epochs(run))]
    gallery = run_gallery(run.log_folder)
    assert gallery.page.title == run.recipe.tag
    for entry in gallery.page.sets:
        data = gallery.make[entry.key]()
        assert (data.width, data.height) == (32, 32)
        assert {"diffuse", "normal", "albedo", "roughness", "metallic_mask"} <= data.images.keys()
        assert {"truth/albedo", "truth/metallic_mask"} <= data.images.keys()
        assert {"albedo", "metallic_mask"} <= entry.figures.keys()


def test_a_run_stopped_and_resumed_leaves_the_samples_of_an_uninterrupted_one(root: Path):
    straight = start(root)
    train(straight, lambda _: None)
    expected = left(straight)
    for name in (root / "checkpoints").iterdir():
        name.unlink()

    def stop_in_the_second_epoch(event: object) -> None:
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 1):
            os.kill(os.getpid(), signal.SIGTERM)

    assert train(start(root), stop_in_the_second_epoch).verdict is Verdict.NOT_YET
    resumed = start(root)
    train(resumed, lambda _: None, resume=True)
    assert left(resumed) == expected


def test_the_figures_of_validation_are_the_same_with_samples_and_without(root: Path):
    run = start(root)
    given = (run.networks, run.val_data, run.validation)
    weights = loss_weights(run.recipe.losses)
    shown: list[object] = []
    assert validation_figures(*given, weights, run.processes) == validation_figures(
        *given, weights, run.processes, shown=shown
    )
    assert shown


def test_a_sample_is_the_prediction_beside_the_truth_with_its_error():
    batch = batch_of(16)
    predicted = {MapKind.AO: torch.full((1, 1, 16, 16), 0.5), MapKind.HEIGHT: torch.zeros((1, 1, 16, 16))}
    error = float(mae(predicted[MapKind.AO], batch.maps[MapKind.AO]))
    one = sample_of(batch, predicted, [("l1/ao", error), ("loss/ao/l1", 3.0)], "")
    assert (one.name, one.domain, one.figures) == ("stone/slates", "matsynth", {"ao": error})
    assert list(one.maps) == ["diffuse", "normal", "ao", "height", TRUTH + "ao"]
    seen = np.abs(one.maps["ao"].astype(float) - one.maps[TRUTH + "ao"]).mean() / 255
    assert seen == pytest.approx(error, abs=2 / 255)
    assert one.maps["normal"][0, 0].tolist() == [128, 128, 255]


def test_of_one_head_only_its_truth_is_kept():
    batch = batch_of(16)
    predicted = {kind: torch.zeros((1, 1, 16, 16)) for kind in (MapKind.AO, MapKind.ROUGHNESS)}
    assert TRUTH + "ao" in sample_of(batch, predicted, [], "ao").maps
    assert TRUTH + "ao" not in sample_of(batch, predicted, [], "roughness").maps


def test_the_middle_of_a_large_sample_is_kept_and_numbers_that_are_none_are_black():
    batch = batch_of(SIDE + 100)
    one = sample_of(batch, {MapKind.AO: torch.full((1, 1, SIDE + 100, SIDE + 100), torch.nan)}, [], "")
    middle = batch.maps[MapKind.AO][0, 0, 50:-50, 50:-50].numpy()
    assert (one.maps[TRUTH + "ao"][..., 0] == np.rint(middle * 255)).all()
    assert one.maps["ao"].max() == 0


@pytest.mark.parametrize(("count", "expected"), [(0, set()), (3, {0, 1, 2}), (8, {0, 2, 4, 6})])
def test_samples_are_spread_over_what_there_is(count: int, expected: set[int]):
    assert spread(count, 4) == expected
