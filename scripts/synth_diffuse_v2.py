"""Synthetic diffuse from PBR maps (plan, A-Albedo-Syn), as `unbake data paint` makes it; how to run it: --help."""

from unbake.cli.curating import paint
from unbake.cli.entry import door

if __name__ == "__main__":
    door(paint)
else:
    from unbake.prepare.paint import paint_diffuses, plan_paintings

__all__ = ["paint_diffuses", "plan_paintings"]
