import numpy as np
import pytest
import torch

from unbake.data.cache import build_cache
from unbake.data.dataset import BATCH_KINDS, PatchDataset, Sample, collate
from unbake.data.mix import MixSampler
from unbake.data.sources import list_materials
from unbake.data.stored import read_index, restored
from unbake.domain.maps import METAL_THRESHOLD, SPECS, MapKind
from unbake.domain.materials import CLASSES
from unbake.errors import TrainingError


def everything(sample):
    return {kind: image.tobytes() for kind, image in sample.maps.items()}, sample.key


@pytest.fixture
def all_train(materials, tmp_path):
    sources = list_materials(materials)
    build_cache(sources, {s.id: "train" for s in sources}, tmp_path, variants=1, workers=1)
    return tmp_path


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
        for kind, image in dataset[0, 17 * i, i, px].maps.items():
            about = SPECS[kind]
            assert image.shape == (px, px, about.channels)
            assert image.dtype == np.float32
            assert about.low <= image.min() and image.max() <= about.high


def test_tiling_textures_wrap_around(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 128)
    for position in range(4):
        maps = dataset[0, position, item(dataset, "wood/oak001"), 128].maps
        for image in maps.values():
            np.testing.assert_array_equal(image[:64], image[64:])
            np.testing.assert_array_equal(image[:, :64], image[:, 64:])


def test_other_textures_are_mirrored_normals_and_all(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 96)
    maps = dataset[0, 0, item(dataset, "metal/brass003"), 96].maps
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
    whole = restored(MapKind.ALBEDO, np.load(all_train / entry.folder / "maps8.npy")[..., :3])
    for position in range(20):
        sample = dataset[0, position, index, 32]
        if "@1/" not in sample.key:
            continue
        top, left = (int(number) for number in sample.key.split("+")[1:])
        np.testing.assert_array_equal(sample.maps[MapKind.ALBEDO], whole[top : top + 32, left : left + 32])


def test_the_mask_is_metallic_above_the_threshold(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 64)
    maps = dataset[item(dataset, "metal/steel001")].maps
    expected = (maps[MapKind.METALLIC] > METAL_THRESHOLD).astype(np.float32)
    np.testing.assert_array_equal(maps[MapKind.METALLIC_MASK], expected)
    assert 0 < expected.mean() < 1


def test_missing_metallic_is_not_given_while_zero_is_given_as_zero(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 64)
    batch = collate([dataset[item(dataset, name)] for name in ("misc/thing001", "wood/oak001")])
    for kind in (MapKind.METALLIC, MapKind.METALLIC_MASK):
        assert batch.given[kind].tolist() == [False, True]
        assert batch.maps[kind].abs().max() == 0


def test_a_category_that_says_too_little_has_no_classes(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 64)
    batch = collate([dataset[item(dataset, name)] for name in ("misc/thing001", "wood/oak001")])
    assert batch.classes_given.tolist() == [False, True]
    assert batch.classes.tolist() == [[0.0] * len(CLASSES), [float(name == "wood") for name in CLASSES]]


def test_a_batch_holds_every_kind_neutral_where_not_given():
    diffuse = np.zeros((4, 6, 3), np.float32)
    batch = collate([Sample({MapKind.DIFFUSE: diffuse}, None, "a", "a")] * 2)
    assert tuple(batch.maps) == tuple(batch.given) == BATCH_KINDS
    for kind in set(BATCH_KINDS) - {MapKind.DIFFUSE}:
        neutral = torch.tensor(SPECS[kind].neutral).view(1, -1, 1, 1)
        assert torch.equal(batch.maps[kind], neutral.expand(2, -1, 4, 6))
        assert not batch.given[kind].any()


def test_a_batch_keeps_pixels_in_their_places(all_train):
    dataset = PatchDataset({"matsynth": all_train}, "train", 16)
    samples = [dataset[i] for i in range(3)]
    batch = collate(samples)
    expected = np.stack([sample.maps[MapKind.ALBEDO].transpose(2, 0, 1) for sample in samples])
    np.testing.assert_array_equal(batch.maps[MapKind.ALBEDO].numpy(), expected)
    assert batch.names == tuple(sample.name for sample in samples)


def test_a_batch_moves_as_a_whole():
    batch = collate([Sample({MapKind.AO: np.ones((2, 2, 1), np.float32)}, None, "a", "a")]).to("meta")
    tensors = [*batch.maps.values(), *batch.given.values(), batch.classes, batch.classes_given]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_worker_processes_give_the_batches_of_this_one(cache):
    def batches(workers):
        dataset = PatchDataset({"matsynth": cache}, "train", 16, seed=2)
        sampler = MixSampler(dataset.pools, {"synthetic": 1.0}, seed=2)
        sampler.set_epoch(1, 6, 16)
        loader = torch.utils.data.DataLoader(
            dataset, 2, sampler=sampler, collate_fn=collate, num_workers=workers
        )
        return [torch.cat([tensor.flatten() for tensor in batch.maps.values()]) for batch in loader]

    assert all(torch.equal(a, b) for a, b in zip(batches(0), batches(1), strict=True))
