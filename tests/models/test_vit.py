"""The classifier: heads in folds, what each of them says, and who is told which."""

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from unbake.convert.predict import VIT_PX  # noqa: E402
from unbake.domain.materials import LABELS  # noqa: E402
from unbake.domain.networks import FOLDS  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402
from unbake.models.parameters import freeze  # noqa: E402
from unbake.models.vit import Averaged, Vit, out_of_fold  # noqa: E402

TINY = CONFIGS["tiny"].vit
GRID = TINY.px // TINY.patch


@pytest.fixture(scope="module")
def vit() -> Vit:
    torch.manual_seed(0)
    return Vit(TINY, len(LABELS)).eval()


@pytest.fixture(scope="module")
def image() -> Tensor:
    torch.manual_seed(1)
    return torch.rand(2, 3, TINY.px, TINY.px)


def test_every_head_says_all_labels_and_three_planes_of_patches(vit: Vit, image: Tensor):
    labels, patches = vit(image)
    assert labels.shape == (2, FOLDS, len(LABELS))
    assert patches.shape == (2, FOLDS, 3, GRID, GRID)


def test_a_head_over_patches_shares_no_weight_of_its_own_with_another(vit: Vit, image: Tensor):
    _, patches = vit(image)
    for fold in range(FOLDS):
        vit.zero_grad()
        patches[:, fold].sum().backward(retain_graph=True)
        gradients = [layer.weight.grad for layer in vit.patches if hasattr(layer, "weight")]
        for gradient in gradients:
            moved = gradient.unflatten(0, (FOLDS, -1)).abs().flatten(1).sum(1) > 0
            assert moved.tolist() == [other == fold for other in range(FOLDS)]


def test_a_head_over_labels_has_rows_of_its_own(vit: Vit, image: Tensor):
    labels, _ = vit(image)
    for fold in range(FOLDS):
        vit.zero_grad()
        labels[:, fold].sum().backward(retain_graph=True)
        rows = vit.classifier.weight.grad.unflatten(0, (FOLDS, -1)).abs().flatten(1).sum(1) > 0
        assert rows.tolist() == [other == fold for other in range(FOLDS)]


def test_the_patches_lie_as_they_lie_in_the_picture(vit: Vit, image: Tensor):
    changed = image.clone()
    changed[..., 2 * TINY.patch : 3 * TINY.patch, 5 * TINY.patch : 6 * TINY.patch] = 0
    with torch.no_grad():
        moved = (vit(changed)[1] - vit(image)[1]).abs().sum((0, 1, 2))
    assert divmod(int(moved.argmax()), GRID) == (2, 5)


def test_heads_that_speak_as_one_give_their_mean(vit: Vit, image: Tensor):
    with torch.no_grad():
        each, together = vit(image), Averaged(vit)(image)
    for one, mean in zip(each, together, strict=True):
        torch.testing.assert_close(mean, one.mean(1))


@pytest.mark.parametrize("shape", [(5,), (3, 2, 2)], ids=["labels", "patches"])
def test_of_a_training_sample_the_head_is_asked_that_never_saw_it(shape: tuple[int, ...]):
    logits = torch.rand(FOLDS, FOLDS, *shape)
    asked = out_of_fold(logits, torch.arange(FOLDS))
    assert all(torch.equal(asked[fold], logits[fold, fold]) for fold in range(FOLDS))


@pytest.mark.parametrize("shape", [(5,), (3, 2, 2)], ids=["labels", "patches"])
def test_of_a_sample_that_no_head_saw_all_are_asked(shape: tuple[int, ...]):
    logits = torch.rand(2, FOLDS, *shape)
    torch.testing.assert_close(out_of_fold(logits, torch.tensor([-1, -1])), logits.mean(1))


def test_a_frozen_classifier_says_in_training_what_it_says_in_use(image: Tensor):
    torch.manual_seed(0)
    networks = Networks(CONFIGS["tiny"]).eval()
    with torch.no_grad():
        before = networks.vit(image)
        networks.train()
        freeze(networks, ["unet_albedo"])
        networks.train()
        after = networks.vit(image)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_heads_that_learn_drop_some_of_what_they_read(image: Tensor):
    torch.manual_seed(0)
    networks = Networks(CONFIGS["tiny"]).train()
    freeze(networks, ["head.classes"])
    with torch.no_grad():
        (_, first), (_, second) = (networks.vit(image) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("name", CONFIGS)
def test_conversion_shows_the_classifier_copies_of_the_size_it_learnt_from(name: str) -> None:
    assert CONFIGS[name].vit.px == VIT_PX
