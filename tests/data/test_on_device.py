"""Coded batches as floats: what a batch holds, that samples do not depend on each other, and how much work they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.samples import batch_of, flat, seen, whole
from torch.utils._python_dispatch import TorchDispatchMode

from unbake.data.augment import Augmentation
from unbake.data.batch import BATCH_KINDS, collate
from unbake.data.dataset import PatchDataset
from unbake.data.on_device import decoded
from unbake.data.photometric import SkyrimPhotometric
from unbake.domain.maps import SPECS, MapKind

CPU = torch.device("cpu")
ALL = Augmentation(
    two_crop=0.3, four_crop=0.2, blend=0.2, atlas=0.2, recolour=0.5, photometric=SkyrimPhotometric(1.0)
)


def test_a_batch_holds_every_kind_neutral_where_absent(tmp_path: Path):
    sample = whole(tmp_path, flat(0.0, (MapKind.DIFFUSE,)))
    batch = batch_of(sample, sample)
    assert tuple(batch.maps) == tuple(batch.present) == BATCH_KINDS
    for kind in set(BATCH_KINDS) - {MapKind.DIFFUSE}:
        neutral = torch.tensor(SPECS[kind].neutral).view(1, -1, 1, 1)
        assert torch.equal(batch.maps[kind], neutral.expand(2, -1, 16, 16))
        assert not batch.present[kind].any()


def test_a_batch_keeps_samples_and_names_in_their_places(pairs):
    dataset = PatchDataset(pairs, "train", 16)
    samples = [dataset[i] for i in range(3)]
    batch = batch_of(*samples)
    for place, sample in enumerate(samples):
        for kind, image in seen(sample).maps.items():
            np.testing.assert_array_equal(batch.maps[kind][place].movedim(0, -1), image)
    assert batch.names == tuple(sample.name for sample in samples)


def test_a_sample_looks_the_same_beside_any_others(pairs):
    dataset = PatchDataset(pairs, "train", 32, augment=ALL)
    samples = [dataset[0, i, i, 32] for i in range(len(dataset))]
    together = batch_of(*samples)
    for place, sample in enumerate(samples):
        alone = batch_of(sample)
        for kind in BATCH_KINDS:
            torch.testing.assert_close(
                together.maps[kind][place], alone.maps[kind][0], atol=2e-6, rtol=0, msg=f"{kind} of {place}"
            )


def test_texels_of_an_atlas_alone_may_be_no_surface(pairs):
    atlases, others = (
        PatchDataset(pairs, "train", 32, augment=augment)
        for augment in (Augmentation(atlas=1.0), Augmentation(four_crop=1.0))
    )
    assert batch_of(others[0, 0, 0, 32]).valid is None
    batch = batch_of(others[0, 0, 0, 32], atlases[0, 1, 0, 32])
    assert batch.valid is not None and batch.valid.shape == (2, 1, 32, 32)
    assert batch.valid[0].all() and 0 < batch.valid[1].float().mean() < 1


def test_of_an_atlas_losses_count_the_valid_texels_of_the_maps_there_are(pairs):
    dataset = PatchDataset(pairs, "train", 32, augment=Augmentation(atlas=1.0))
    batch = batch_of(*(dataset[0, i, i, 32] for i in range(len(dataset))))
    assert batch.valid is not None
    for kind in BATCH_KINDS:
        assert torch.equal(batch.counted(kind).flatten(1).any(1), batch.present[kind])
        assert not (batch.counted(kind) & ~batch.valid).any()


def test_an_atlas_reads_at_most_four_crops(pairs):
    dataset = PatchDataset(pairs, "train", 32, augment=Augmentation(atlas=1.0))
    codes = [len(collate([dataset[0, i, 0, 32]]).codes) for i in range(40)]
    alone = len(collate([PatchDataset(pairs, "train", 32)[0, 0, 0, 32]]).codes)
    assert max(codes) <= 4 * alone
    assert np.mean(codes) < 3 * alone


def test_the_same_codes_give_the_same_floats_again(pairs):
    dataset = PatchDataset(pairs, "train", 32, augment=ALL)
    batch = collate([dataset[0, i, i, 32] for i in range(len(dataset))])
    torch.manual_seed(0)
    first = decoded(batch, CPU)
    torch.manual_seed(1)
    again = decoded(batch, CPU)
    assert all(torch.equal(first.maps[kind], again.maps[kind]) for kind in BATCH_KINDS)


class Operations(TorchDispatchMode):
    """Counts the operations that torch runs, views aside, and the elements they write."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.elements = 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            self.count += 1
            written = result if isinstance(result, (tuple, list)) else (result,)
            self.elements += sum(x.numel() for x in written if isinstance(x, torch.Tensor))
        return result


def operations(dataset: PatchDataset, px: int, count: int) -> Operations:
    """Operations of decoding a batch of plain samples of one material."""
    batch = collate([dataset[0, i, 0, px] for i in range(count)])
    with Operations() as counted:
        decoded(batch, CPU)
    return counted


@pytest.fixture
def plain(pairs) -> PatchDataset:
    return PatchDataset(
        pairs, "train", 16, scales=(1.0,), augment=Augmentation(spatial=False, two_crop=0, four_crop=0)
    )


def test_larger_crops_take_no_more_operations(plain: PatchDataset):
    assert operations(plain, 48, 2).count == operations(plain, 16, 2).count


def test_another_sample_takes_few_more_operations(plain: PatchDataset):
    alone, more = (operations(plain, 16, count).count for count in (1, 9))
    assert (more - alone) / 8 <= 32
    assert alone <= 90


def test_a_texel_is_written_a_bounded_number_of_times(plain: PatchDataset):
    small, large = (operations(plain, px, 2).elements for px in (16, 48))
    a_texel = (large - small) / (2 * (48**2 - 16**2))
    channels = sum(SPECS[kind].channels for kind in BATCH_KINDS)
    assert a_texel / channels <= 8


def test_no_worker_makes_floats_of_pixels(pairs):
    dataset = PatchDataset(pairs, "train", 32, augment=ALL)
    with Operations() as counted:
        for position in range(8):
            collate([dataset[0, position, position, 32]])
    assert counted.count <= 8  # the batch's own bytes, allocated
