"""Sizes of the reduced copies for the networks that see the whole texture; `image.resample` makes them."""

MULTIPLE = 32
"""Sides of SegFormer's input are multiples of this."""


def reduced_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """Sides of SegFormer's copy: multiples of 32, the longest at most `longest`, the shape nearly kept.

    >>> reduced_size(2048, 1024, 512), reduced_size(100, 30, 512)
    ((512, 256), (96, 32))
    """
    scale = min(1.0, longest / max(height, width))
    rows, columns = (
        min(max(round(side * scale / MULTIPLE), 1), longest // MULTIPLE) * MULTIPLE
        for side in (height, width)
    )
    return rows, columns
