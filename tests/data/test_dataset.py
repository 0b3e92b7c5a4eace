from dataclasses import replace

import numpy as np
import pytest
import torch
from support.samples import PLAIN, batch_of, seen

from unbake.data.augment import Augmentation
from unbake.data.batch import collate
from unbake.data.cache import build_cache
from unbake.data.cache_format import read_index
from unbake.data.composite import Quadrants
from unbake.data.dataset import PatchDataset, fold_of
from unbake.data.levels import NOISE, mod_levels
from unbake.data.sample import Layer, composite
from unbake.data.sampler import MixSampler
from unbake.data.sources import list_materials
from unbake.domain.layout import NETWORK_LEVEL
from unbake.domain.maps import GEOMETRY, METAL_THRESHOLD, OUTPUTS, SPECS, MapKind, spec
from unbake.domain.materials import CLASSES
from unbake.domain.networks import FOLDS
from unbake.errors import TrainingError, UsageError
from unbake.image.arrays import dequantise
from unbake.image.colour import srgb_to_linear
from unbake.image.delight import relevelled
from unbake.image.resample import at_size


def everything(sample):
    return {kind: image.tobytes() for kind, image in seen(sample).maps.items()}, sample.key


@pytest.fixture(scope="module")
def all_train(materials, tmp_path_factory):
    folder = tmp_path_factory.mktemp("all")
    sources = list_materials(materials)
    build_cache(sources, {s.id: "train" for s in sources}, folder, variants=1, workers=1)
    return folder


def item(dataset, name):
    return [pair.name for pair in dataset.pairs].index(name)


def test_the_same_numbers_give_the_same_sample(cache):
    first, second = (PatchDataset({"matsynth": cache}, "train", 24, seed=3) for _ in range(2))
    assert everything(first[2, 5, 0, 24]) == everything(second[2, 5, 0, 24])


@pytest.mark.parametrize("other", [(1, 5, 0, 24), (2, 6, 0, 24)])
def test_another_epoch_or_position_gives_another_crop(cache, other):
    dataset = PatchDataset({"matsynth": cache}, "train", 24)
    assert everything(dataset[2, 5, 0, 24]) != everything(dataset[other])


def test_validation_is_the_same_at_every_epoch(cache):
    dataset = PatchDataset({"matsynth": cache}, "val", 24)
    assert everything(dataset[0, 0, 0, 24]) == everything(dataset[7, 3, 0, 16])


def test_validation_shows_each_material_once_and_no_family_of_training(cache, materials):
    family = {s.id: s.family for s in list_materials(materials)}
    shown = {
        split: [dataset[i].name for i in range(len(dataset))]
        for split in ("train", "val")
        for dataset in [PatchDataset({"matsynth": cache}, split, 24)]
    }
    assert len(shown["val"]) == len(set(shown["val"])) > 0
    assert {family[name] for name in shown["val"]}.isdisjoint(family[name] for name in shown["train"])


def test_an_empty_split_is_an_error(cache):
    with pytest.raises(TrainingError, match="test materials"):
        PatchDataset({"matsynth": cache}, "test", 24)


@pytest.mark.parametrize("px", [16, 24, 100])
def test_every_map_has_the_crops_size_and_stays_in_its_range(all_train, px):
    dataset = PatchDataset({"matsynth": all_train}, "train", px)
    for i in range(len(dataset)):
        for kind, image in seen(dataset[0, 17 * i, i, px]).maps.items():
            about = SPECS[kind]
            assert image.shape == (px, px, about.channels)
            assert image.dtype == np.float32
            assert about.low <= image.min() and image.max() <= about.high


def test_tiling_textures_wrap_around(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 128)
    for position in range(4):
        maps = seen(dataset[0, position, item(dataset, "wood/oak001"), 128]).maps
        for image in maps.values():
            np.testing.assert_array_equal(image[:64], image[64:])
            np.testing.assert_array_equal(image[:, :64], image[:, 64:])


def test_other_textures_are_mirrored_normals_and_all(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 96)
    maps = seen(dataset[0, 0, item(dataset, "metal/brass003"), 96]).maps
    height, normal = maps[MapKind.HEIGHT], maps[MapKind.NORMAL]
    np.testing.assert_array_equal(height[64:], height[63:31:-1])
    np.testing.assert_array_equal(normal[64:], normal[63:31:-1] * np.float32([1, -1, 1]))
    np.testing.assert_array_equal(normal[:, 64:], normal[:, 63:31:-1] * np.float32([-1, 1, 1]))


def test_the_largest_scale_is_used_when_no_scale_holds_the_crop(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 128)
    assert {dataset[0, i, 0, 128].key.split("/")[1].split("@")[1] for i in range(8)} == {"1"}


def test_all_scales_that_hold_the_crop_are_used(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 32)
    assert {dataset[0, i, 0, 32].key.split("/")[1].split("@")[1] for i in range(16)} == {"1", "0.5"}


def test_crops_of_textures_that_do_not_tile_stay_inside(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 32)
    index = item(dataset, "metal/brass003")
    entry = next(e for e in read_index(all_train).entries if e.id == "metal/brass003" and e.scale == 1.0)
    whole = dequantise(MapKind.ALBEDO, np.load(all_train / entry.folder / "maps8.npy")[..., :3])
    for position in range(20):
        sample = seen(dataset[0, position, index, 32])
        if "@1/" not in sample.key:
            continue
        top, left = (int(number) for number in sample.key.split("+")[1:])
        np.testing.assert_array_equal(sample.maps[MapKind.ALBEDO], whole[top : top + 32, left : left + 32])


def test_the_mask_is_metallic_above_the_threshold(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 64)
    maps = seen(dataset[item(dataset, "metal/steel001")]).maps
    expected = (maps[MapKind.METALLIC] > METAL_THRESHOLD).astype(np.float32)
    np.testing.assert_array_equal(maps[MapKind.METALLIC_MASK], expected)
    assert 0 < expected.mean() < 1


def test_missing_metallic_is_absent_while_zero_is_present_as_zero(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 64)
    batch = batch_of(*(dataset[item(dataset, name)] for name in ("misc/thing001", "wood/oak001")))
    for kind in (MapKind.METALLIC, MapKind.METALLIC_MASK):
        assert batch.present[kind].tolist() == [False, True]
        assert batch.maps[kind].abs().max() == 0


def test_a_category_that_says_too_little_has_no_classes(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 64)
    batch = batch_of(*(dataset[item(dataset, name)] for name in ("misc/thing001", "wood/oak001")))
    assert batch.has_classes.tolist() == [False, True]
    assert batch.classes.tolist() == [[0.0] * len(CLASSES), [float(name == "wood") for name in CLASSES]]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_worker_processes_give_the_batches_of_this_one(cache, start):
    if start not in torch.multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {start}")

    def batches(workers):
        augment = Augmentation(two_crop=0.5)
        dataset = PatchDataset({"matsynth": cache}, "train", 16, seed=2, augment=augment)
        sampler = MixSampler(dataset.pools, {"synthetic": 1.0}, seed=2)
        sampler.set_epoch(1, 6, 16)
        loader = torch.utils.data.DataLoader(
            dataset,
            2,
            sampler=sampler,
            collate_fn=collate,
            num_workers=workers,
            multiprocessing_context=start if workers else None,
        )
        return [(batch.codes, [sample.key for sample in batch.samples]) for batch in loader]

    for here, there in zip(batches(0), batches(1), strict=True):
        assert torch.equal(here[0], there[0]) and here[1] == there[1]


def test_pairs_lie_in_the_pool_of_their_domain_and_their_diffuse(pairs):
    dataset = PatchDataset(pairs, "train", 32)
    names = {pool: [dataset.pairs[i].name for i in items] for pool, items in dataset.pools.items()}
    assert names == {
        "real": ["wood/oak000", "wood/oak001"],
        "synthetic": [f"wood/oak{number:03d}" for number in range(5)],
        "skyrim": ["legacy/panel003", "town/gate002", "town/wall001"],
    }
    assert len(dataset) == 10


def test_a_real_pair_shows_its_own_diffuse_and_a_synthetic_one_the_painted(pairs):
    dataset = PatchDataset(pairs, "train", 32)
    pair = dataset.pairs[dataset.pools["real"][0]]
    own = pair.entries[0].styles.index("given")

    def variants(pool):
        item = dataset.pools[pool][0]
        keys = [dataset[0, position, item, 32].key for position in range(24)]
        return {int(key.split("/")[2].split("+")[0]) for key in keys}

    assert variants("real") == {own}
    assert variants("synthetic") == set(range(len(pair.entries[0].styles))) - {own}


def test_skyrims_samples_have_their_domain_and_no_classes(pairs):
    dataset = PatchDataset(pairs, "train", 32)
    batch = batch_of(*(dataset[dataset.pools[pool][0]] for pool in ("synthetic", "skyrim")))
    assert batch.domains == ("matsynth", "skyrim")
    assert batch.has_classes.tolist() == [True, False]


def test_a_skyrim_category_named_like_a_class_is_no_label(tmp_path, write_material):
    write_material(tmp_path / "in", "wood/wall001", ("diffuse", "normal"))
    sources = list_materials(tmp_path / "in", "skyrim")
    build_cache(sources, {"wood/wall001": "train"}, tmp_path / "out", domain="skyrim", workers=1)
    assert PatchDataset({"skyrim": tmp_path / "out"}, "train", 32)[0].classes is None


def test_a_legacy_texture_gives_the_targets_it_has_and_no_other(pairs):
    dataset = PatchDataset({"skyrim": pairs["skyrim"]}, "train", 32)
    batch = batch_of(dataset[item(dataset, "legacy/panel003")])
    present = {kind for kind in OUTPUTS if bool(batch.present[kind][0])}
    assert present == {MapKind.HEIGHT}
    assert all(bool(batch.present[kind][0]) for kind in (MapKind.DIFFUSE, MapKind.NORMAL, *GEOMETRY))


def test_a_cache_of_another_domain_is_refused(pairs):
    with pytest.raises(UsageError, match="domain skyrim"):
        PatchDataset({"skyrim": pairs["matsynth"]}, "train", 32)


def test_each_domain_needs_materials_of_the_split(pairs, held_pairs):
    with pytest.raises(TrainingError, match="val materials"):
        PatchDataset({"matsynth": held_pairs["matsynth"], "skyrim": pairs["skyrim"]}, "val", 32)


def test_the_draw_says_the_size_of_the_square(pairs):
    dataset = PatchDataset(pairs, "train", 64)
    assert [seen(dataset[0, 0, 0, px]).maps[MapKind.ALBEDO].shape[0] for px in (16, 32, 64)] == [16, 32, 64]


def test_one_scale_is_no_spatial_scaling(pairs):
    dataset = PatchDataset(pairs, "train", 16, scales=(1.0,))
    assert {dataset[0, i, 0, 16].key.split("@")[1].split("/")[0] for i in range(16)} == {"1"}


def test_a_scale_the_cache_does_not_have_is_an_error(pairs):
    with pytest.raises(TrainingError, match=r"at the scales \(0\.25,\)"):
        PatchDataset(pairs, "train", 16, scales=(0.25,))


def test_a_resized_square_shows_what_the_drawn_one_shows(pairs):
    drawn, brought = (
        seen(PatchDataset(pairs, "train", 64, resize_to=size)[0, 3, 0, 32]) for size in (None, 64)
    )
    assert brought.key == drawn.key
    expected = at_size({k: v for k, v in drawn.maps.items() if not spec(k).binary}, 64, 64)
    for kind, image in expected.items():
        np.testing.assert_allclose(brought.maps[kind], image, atol=2e-6)


def test_a_resized_squares_normals_are_unit_vectors_and_its_mask_is_the_metals(pairs):
    dataset = PatchDataset({"skyrim": pairs["skyrim"]}, "train", 64, resize_to=64)
    maps = seen(dataset[0, 0, item(dataset, "town/wall001"), 32]).maps
    assert {image.shape[:2] for image in maps.values()} == {(64, 64)}
    np.testing.assert_allclose(np.linalg.norm(maps[MapKind.NORMAL], axis=-1), 1, atol=1e-6)
    expected = (maps[MapKind.METALLIC] > METAL_THRESHOLD).astype(np.float32)
    np.testing.assert_array_equal(maps[MapKind.METALLIC_MASK], expected)


def test_composites_take_their_parts_from_one_pool_and_one_fold(pairs):
    seen = []

    def two(this, another, rng):
        parts = [this(rng), another(rng)]
        seen.append({(part.name, part.key.split("/")[2].split("+")[0]) for part in parts})
        assert len({part.domain for part in parts}) == 1
        return composite(parts, Quadrants(0.0, 0.0))

    dataset = PatchDataset(pairs, "train", 16, augment=two)
    for pool, items in dataset.pools.items():
        seen.clear()
        for position in range(30):
            dataset[0, position, items[0], 16]
        fold = fold_of(dataset.pairs[items[0]].entries[0])
        alike = [pair for pair in map(dataset.pairs.__getitem__, items) if fold_of(pair.entries[0]) == fold]
        mates = {(pair.name, str(v)) for pair in alike for v in pair.variants}
        assert set().union(*seen) <= mates, pool
        assert {name for name, _ in set().union(*seen)} == {pair.name for pair in alike}


def test_a_composite_has_the_fold_of_its_parts(tmp_path, write_material):
    for number in range(8):
        write_material(tmp_path / "in", f"wood/oak{number:03d}")
    sources = list_materials(tmp_path / "in")
    build_cache(sources, {s.id: "train" for s in sources}, tmp_path / "out", variants=1, workers=1)
    augment = Augmentation(two_crop=0.4, four_crop=0.3, atlas=0.3)
    dataset = PatchDataset({"matsynth": tmp_path / "out"}, "train", 16, augment=augment)
    folds = {pair.name: fold_of(pair.entries[0]) for pair in dataset.pairs}
    assert len(set(folds.values())) > 1
    for draw in range(24):
        sample = dataset[0, draw, draw % 8, 16]
        assert {folds[name] for name in sample.name.split("+")} == {sample.fold}


def test_materials_of_one_source_are_of_one_fold(tmp_path, write_material):
    for number in range(8):
        write_material(tmp_path / "in", f"wood/oak{number:03d}", about={"source": "a/b"})
    sources = list_materials(tmp_path / "in")
    build_cache(sources, {s.id: "train" for s in sources}, tmp_path / "out", variants=1, workers=1)
    dataset = PatchDataset({"matsynth": tmp_path / "out"}, "train", 16)
    assert len({dataset[i].fold for i in range(8)}) == 1


def test_training_samples_have_a_fold_and_validation_samples_none(pairs, held_pairs):
    trained, held = PatchDataset(pairs, "train", 16), PatchDataset(held_pairs, "val", 16)
    folds = batch_of(*(trained[i] for i in range(len(trained)))).folds
    assert folds.min() >= 0 and folds.max() < FOLDS
    assert batch_of(*(held[i] for i in range(len(held)))).folds.eq(-1).all()


def stored_diffuse(folder, sample):
    """The diffuse of a sample as its cache has it, sRGB, and its mod's level."""
    [part] = sample.layers[0].parts
    codes = replace(sample, layers=(Layer((replace(part, picture=PLAIN),)),))
    return seen(codes).maps[MapKind.DIFFUSE], mod_levels(read_index(folder).entries)[
        part.crop.entry.mods[part.crop.variant]
    ]


def test_validation_reads_each_diffuse_at_the_networks_level_by_its_mods(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 32, val_crops=3)
    for i in range(len(dataset)):
        stored, level = stored_diffuse(held_pairs[dataset[i].domain], dataset[i])
        expected = relevelled(stored, NETWORK_LEVEL / level)
        np.testing.assert_array_equal(seen(dataset[i]).maps[MapKind.DIFFUSE], expected)


def test_training_reads_each_diffuse_near_the_networks_level_by_its_mods(pairs):
    dataset = PatchDataset({"matsynth": pairs["matsynth"]}, "train", 32)
    gains = []
    for position in range(24):
        sample = dataset[0, position, position % len(dataset), 32]
        stored, level = stored_diffuse(pairs["matsynth"], sample)
        read, was = (srgb_to_linear(image) for image in (seen(sample).maps[MapKind.DIFFUSE], stored))
        fair = (was > 0.01) & (read < 0.99)  # neither quantised to nothing nor clipped
        gains.append(np.median(read[fair] / was[fair]) * level / NETWORK_LEVEL)
    assert np.abs(np.log(gains)).max() < 2.5 * NOISE + 0.01
    assert len(set(np.round(gains, 3))) > 12


def test_the_same_draw_knows_the_level_as_well_again(pairs):
    first, again = (PatchDataset(pairs, "train", 16, seed=5)[1, 2, 0, 16] for _ in range(2))
    np.testing.assert_array_equal(seen(first).maps[MapKind.DIFFUSE], seen(again).maps[MapKind.DIFFUSE])


def test_validation_lists_each_domain_by_itself(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 32, val_crops=3)
    items = {domain: dataset.validation_items(domain) for domain in held_pairs}
    assert sorted(items["matsynth"] + items["skyrim"]) == list(range(len(dataset)))
    assert {domain: {dataset[i].domain for i in where} for domain, where in items.items()} == {
        "matsynth": {"matsynth"},
        "skyrim": {"skyrim"},
    }


def test_validation_shows_the_asked_number_of_squares_of_each_pair(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 32, val_crops=4)
    assert len(dataset.validation_items("matsynth")) == 8  # its own diffuse, and the painted ones
    assert len(dataset.validation_items("skyrim")) == 4


def test_validation_begins_in_the_middle(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 32, val_crops=1)
    assert {dataset[i].key.split("+", 1)[1] for i in range(len(dataset))} == {"16+16"}


def test_validation_shows_every_held_style(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 32, val_crops=2)
    variants = {dataset[i].key.split("/")[2].split("+")[0] for i in dataset.validation_items("matsynth")}
    assert variants == {str(i) for i in range(3)}


def test_validation_shows_no_square_twice(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 64, val_crops=5)
    keys = [dataset[i].key for i in range(len(dataset))]
    assert len(keys) == len(set(keys))
    assert len(dataset.validation_items("skyrim")) == 1  # as large as the texture, which does not tile


def test_validation_squares_are_spread_and_stay_inside(held_pairs):
    dataset = PatchDataset(held_pairs, "val", 16, val_crops=9)
    keys = [dataset[i].key for i in dataset.validation_items("skyrim")]
    places = np.array([[int(number) for number in key.split("+")[1:]] for key in keys])
    assert places.min() >= 0 and places.max() <= 48
    assert places[:5].tolist() == [[24, 24], [8, 8], [40, 40], [8, 40], [40, 8]]
    assert len({tuple(place) for place in places.tolist()}) == 9


def test_validation_knows_no_seed(held_pairs):
    first, second = (PatchDataset(held_pairs, "val", 32, seed=seed, val_crops=3) for seed in (0, 1))
    assert [everything(first[i]) for i in range(len(first))] == [
        everything(second[i]) for i in range(len(second))
    ]
