"""Random draws of a training step, which depend only on the recipe's seed, the epoch and the step; for `session`."""

import torch

from unbake.losses.rendering import Light, random_lights

LIGHTS = 2
"""Random lights of a step, for the rendering loss where a recipe has one: new ones each step, so few will do."""


def step_seed(*numbers: int) -> int:
    """One seed from several: the random draws of a step depend only on the recipe's seed, the epoch and the step."""
    seed = 0
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % (2**63)
    return seed


def step_lights(seed: int) -> list[Light]:
    """Lights of a step, from a generator of their own: the same in every process, and after any resume."""
    return random_lights(LIGHTS, torch.Generator().manual_seed(seed))


def process_seed(seed: int, rank: int) -> int:
    """Seed of a step in one of several processes: each drops and draws for its own samples; the first as one alone.

    >>> process_seed(7, 0), process_seed(7, 1) != process_seed(7, 2)
    (7, True)
    """
    return step_seed(seed, rank) if rank else seed
