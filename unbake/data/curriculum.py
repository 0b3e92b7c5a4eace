"""The curriculum of crops: small squares first, growing as training goes on; the training loop asks it.

Source: the plan, phases B and C ("Curriculum crop", `compute_crop_size.py`).
"""

from unbake.errors import UsageError


def compute_crop_size(progress: float, start: int, end: int, multiple: int = 32) -> int:
    """Side of the crops, texels, when `progress` (0 to 1; beyond it is cut) of the curriculum is done.

    Grows evenly from `start` to `end` in steps of `multiple`, both of which it meets exactly. UsageError when
    they are no multiples of it, or `end` lies below `start`.

    >>> [compute_crop_size(p / 4, 256, 768) for p in range(5)]
    [256, 384, 512, 640, 768]
    """
    if multiple < 1 or start < multiple or start % multiple or end % multiple or end < start:
        raise UsageError(
            f"Expected crops that grow from one multiple of {multiple} to another, got {start} to {end}; "
            "correct the recipe's crop."
        )
    steps = (end - start) // multiple
    return start + multiple * int(min(max(progress, 0.0), 1.0) * steps + 0.5)


def batch_for(batch: int, px: int, crop: int) -> int:
    """Samples a step of `crop` × `crop` with no more pixels than `batch` of `px` × `px`, and at least one.

    >>> batch_for(4, 1024, 256)
    64
    """
    return max(1, batch * px * px // (crop * crop))
