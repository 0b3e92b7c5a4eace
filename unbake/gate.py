"""When a phase may end: pure judgements over a history of validation figures, one per epoch."""

import math


def settled(values: list[float], fall: float, window: int, within: float) -> bool:
    """True when the last `window` values differ by at most the share `within` and lie `fall` below the first.

    values: validation loss before training, then one per epoch. NaN never settles.

    >>> settled([2.0, 1.0, 0.8, 0.8, 0.8], fall=0.5, window=3, within=0.05)
    True
    """
    if len(values) < window + 1 or not all(map(math.isfinite, values)):
        return False
    last = values[-window:]
    return max(last) <= (1.0 - fall) * values[0] and max(last) - min(last) <= within * max(last)


def plateaued(values: list[float], patience: int) -> bool:
    """True when the lowest finite value is at least `patience` epochs old.

    >>> plateaued([3.0, 1.0, 1.1, 1.2], patience=2)
    True
    """
    finite = [value if math.isfinite(value) else math.inf for value in values]
    if not finite:
        return False
    return len(finite) - 1 - finite.index(min(finite)) >= patience
