"""Environment masks as artists make them: which materials have one, and what it shows."""

import numpy as np
import pytest

from unbake.image.arrays import Floats
from unbake.image.noise import smooth_noise
from unbake.synth.environment import TOP, paint_environment

SIZE = 64
DRAWS = 120

Surface = tuple[Floats, Floats, Floats, Floats]


def surface(metal: float, rough: float) -> Surface:
    """Metallic on the left half, roughness, convexity and brightness, (H, W)."""
    rng = np.random.default_rng(3)
    tone = smooth_noise(rng, (SIZE, SIZE), 5)
    metallic = np.zeros((SIZE, SIZE), np.float32)
    metallic[:, : SIZE // 2] = metal
    roughness = np.clip(rough + 0.05 * tone, 0, 1).astype(np.float32)
    return metallic, roughness, np.tanh(tone).astype(np.float32), np.clip(0.4 + 0.1 * tone, 0, 1)


METAL, SHINY, ROUGH = surface(1.0, 0.6), surface(0.0, 0.2), surface(0.0, 0.8)


def draws(given: Surface) -> list[Floats | None]:
    return [paint_environment(np.random.default_rng(seed), *given) for seed in range(DRAWS)]


def made(given: Surface) -> list[Floats]:
    """Masks that show something."""
    return [mask for mask in draws(given) if mask is not None and mask.max() > 0]


@pytest.mark.parametrize(
    ("given", "share", "black"),
    [(METAL, 0.5, 0.0), (SHINY, 0.5, 0.1), (ROUGH, 0.1, 0.1)],
    ids=["metal", "shiny", "rough"],
)
def test_materials_of_a_kind_have_a_mask_in_their_share(given: Surface, share: float, black: float) -> None:
    masks = draws(given)
    shown = sum(mask is not None and mask.max() > 0 for mask in masks)
    dark = sum(mask is not None and mask.max() == 0 for mask in masks)
    # Three deviations of so many draws.
    assert shown / DRAWS == pytest.approx(share, abs=3 * (share * (1 - share) / DRAWS) ** 0.5)
    assert dark / DRAWS == pytest.approx(black, abs=3 * (black * (1 - black) / DRAWS) ** 0.5)


@pytest.mark.parametrize("given", [METAL, SHINY, ROUGH], ids=["metal", "shiny", "rough"])
def test_masks_are_float32_on_the_8_bit_grid(given: Surface) -> None:
    for mask in made(given):
        assert mask.shape == (SIZE, SIZE, 1)
        assert mask.dtype == np.float32
        assert mask.min() >= 0 and mask.max() <= 1
        np.testing.assert_array_equal(mask, np.rint(mask * 255).astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("given", [METAL, SHINY], ids=["metal", "shiny"])
def test_a_mask_is_relative_to_its_own_brightest(given: Surface) -> None:
    assert all(np.percentile(mask, TOP) == pytest.approx(1, abs=1 / 255) for mask in made(given))


def test_metal_is_marked_brighter_than_what_lies_beside_it() -> None:
    for mask in made(METAL):
        assert mask[:, : SIZE // 2].mean() > mask[:, SIZE // 2 :].mean()


def test_only_some_artists_mark_what_is_smooth_beside_metal() -> None:
    beside = [mask[:, SIZE // 2 + 8 : -8].mean() for mask in made(METAL)]  # away from the blurred borders
    marked = sum(light > 0.1 for light in beside)
    assert 0 < marked < len(beside) / 2


def test_the_same_seed_makes_the_same_mask_and_another_seed_does_not() -> None:
    seeds = [seed for seed, mask in enumerate(draws(METAL)) if mask is not None]
    first, again, other = (
        paint_environment(np.random.default_rng(seed), *METAL) for seed in (seeds[0], seeds[0], seeds[1])
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_border_of_a_mask_is_no_seam() -> None:
    metallic, roughness, convexity, brightness = METAL
    whole = np.ones_like(metallic)  # metal everywhere: its own edge would be a step
    for mask in made((whole, roughness, convexity, brightness)):
        image = mask[..., 0]
        for across in (image, image.T):
            inside = np.abs(np.diff(across, axis=0)).mean(1).max()
            assert np.abs(across[0] - across[-1]).mean() < 1.2 * inside + 1 / 255
