"""Which changes are drawn for training samples, and that drawing them touches no pixel."""

from pathlib import Path

import numpy as np
import pytest
from support.samples import flat, plain, seen, whole, write_entry

from unbake.data.atlas import Atlas
from unbake.data.augment import Augmentation
from unbake.data.crop import Crop
from unbake.data.dataset import PatchDataset
from unbake.data.sample import Sample
from unbake.domain.maps import MapKind


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    kinds = (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.ROUGHNESS)
    return whole(tmp_path, flat(0.2, kinds))


def drawn(augment: Augmentation, sample: Sample, seed: int = 0) -> Sample:
    return augment(lambda *_: sample, lambda *_: sample, np.random.default_rng(seed))


def test_colour_jitter_changes_the_input_and_no_target(sample: Sample):
    before, after = (seen(one).maps for one in (sample, drawn(Augmentation(spatial=False), sample)))
    assert not np.array_equal(after[MapKind.DIFFUSE], before[MapKind.DIFFUSE])
    for kind in (MapKind.ALBEDO, MapKind.ROUGHNESS):
        np.testing.assert_array_equal(after[kind], before[kind])


def test_blends_come_as_often_as_asked_and_without_them_nothing_changes(sample: Sample):
    rng = np.random.default_rng(0)
    augment = Augmentation(two_crop=0.1, blend=0.3)
    names = [augment(lambda _: sample, lambda _: sample, rng).name for _ in range(2000)]
    assert sum("+" in name for name in names) / 2000 == pytest.approx(0.4, abs=0.03)
    never = Augmentation()
    assert never.blend == 0
    assert "+" not in drawn(never, sample, 1).name


def test_composites_come_as_often_as_asked(sample: Sample):
    augment = Augmentation(two_crop=0.3, four_crop=0.15)
    rng = np.random.default_rng(0)
    names = [augment(lambda _: sample, lambda _: sample, rng).name for _ in range(2000)]
    parts = [name.count("+") + 1 for name in names]
    assert parts.count(2) / 2000 == pytest.approx(0.3, abs=0.03)
    assert parts.count(4) / 2000 == pytest.approx(0.15, abs=0.03)


def test_atlases_come_as_often_as_asked(sample: Sample):
    augment = Augmentation(four_crop=0.2, atlas=0.3)
    rng = np.random.default_rng(0)
    borders = [augment(lambda *_: sample, lambda *_: sample, rng).border for _ in range(2000)]
    assert sum(isinstance(border, Atlas) for border in borders) / 2000 == pytest.approx(0.3, abs=0.03)
    assert Augmentation().atlas == 0


def test_an_atlas_is_one_file_as_well_known_in_level_and_graded_once(sample: Sample):
    doubts: list[float | None] = []

    def draw(_: np.random.Generator, doubt: float | None = None) -> Sample:
        doubts.append(doubt)
        return sample

    for seed in range(10):
        doubts.clear()
        layers = Augmentation(atlas=1.0, recolour=0.5)(draw, draw, np.random.default_rng(seed)).layers
        assert len(set(doubts)) == 1 and doubts[0] is not None
        assert len({layer.jitter for layer in layers}) == 1
        assert len({layer.paint for layer in layers}) == len(layers)


def test_an_atlas_looks_for_materials_that_have_the_maps_of_its_first(tmp_path: Path):
    kinds = (MapKind.DIFFUSE, MapKind.ALBEDO)
    full = whole(tmp_path / "a", flat(0.2, (*kinds, MapKind.AO)))
    less = whole(tmp_path / "b", flat(0.2, kinds))

    def either(rng: np.random.Generator, _: float | None = None) -> Sample:
        return full if rng.random() < 0.5 else less

    samples = [Augmentation(atlas=1.0)(lambda *_: full, either, np.random.default_rng(s)) for s in range(100)]
    assert np.mean([sample.kinds == full.kinds for sample in samples]) > 0.8


def test_a_blend_is_turned_and_coloured_as_one_material(sample: Sample):
    [layer] = drawn(Augmentation(blend=1.0), sample).layers
    assert len(layer.parts) == 2 and layer.blend is not None and layer.jitter is not None


def test_each_part_of_a_composite_has_its_own_turn_and_colours(sample: Sample):
    layers = drawn(Augmentation(four_crop=1.0), sample).layers
    assert len({layer.jitter for layer in layers}) == 4
    assert len({layer.turn for layer in layers}) > 1


def test_every_turn_comes(sample: Sample):
    turns = {drawn(Augmentation(), sample, seed).layers[0].turn for seed in range(100)}
    assert len(turns) == 8


def test_where_nothing_is_to_vary_nothing_does(sample: Sample):
    nothing = Augmentation(spatial=False, brightness=0, contrast=0, saturation=0, hue=0)
    assert drawn(nothing, sample) == sample


@pytest.mark.parametrize("augment", [Augmentation(two_crop=0.5, four_crop=0.5), Augmentation(atlas=1.0)])
def test_augmented_samples_are_a_function_of_their_numbers(cache: Path, augment: Augmentation):
    first, second = (
        seen(PatchDataset({"matsynth": cache}, "train", 24, augment=augment)[1, 2, 0, 24]) for _ in range(2)
    )
    assert first.key == second.key
    for kind, image in first.maps.items():
        np.testing.assert_array_equal(image, second.maps[kind])


def test_validation_is_never_augmented(cache: Path):
    augment = Augmentation(two_crop=1.0)
    first, second = (
        seen(PatchDataset({"matsynth": cache}, "val", 24, augment=choice)[0]) for choice in (None, augment)
    )
    assert first.key == second.key
    np.testing.assert_array_equal(first.maps[MapKind.DIFFUSE], second.maps[MapKind.DIFFUSE])


def test_what_has_no_albedo_is_not_painted_anew(tmp_path: Path):
    game = whole(tmp_path, flat(0.4, (MapKind.DIFFUSE, MapKind.HEIGHT)))
    only_paint = Augmentation(brightness=0, contrast=0, saturation=0, hue=0, recolour=1.0)
    for kind, image in seen(drawn(only_paint, game)).maps.items():
        np.testing.assert_array_equal(image, seen(game).maps[kind])


def test_recoloured_samples_stay_in_range(tmp_path: Path):
    rng = np.random.default_rng(0)
    kinds = (MapKind.DIFFUSE, MapKind.ALBEDO, MapKind.METALLIC)
    noise = {kind: rng.random((12, 12, 1 if kind == kinds[2] else 3), np.float32) for kind in kinds}
    crop = Crop(tmp_path, write_entry(tmp_path, noise), 0, 0, 0, 12)
    for seed in range(20):
        maps = seen(drawn(Augmentation(recolour=1.0), plain(crop), seed)).maps
        assert all(image.min() >= 0 and image.max() <= 1 for image in maps.values())
