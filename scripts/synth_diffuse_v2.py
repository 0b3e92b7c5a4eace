"""Synthetic diffuse from PBR maps (plan, A-Albedo-Syn), as `unbake data paint` makes it; how to run it: --help."""

from unbake.cli.data.paint import paint
from unbake.cli.entry import run_verb

if __name__ == "__main__":
    run_verb(paint)
else:
    from unbake.prepare.paint import paint_diffuses, plan_paintings

__all__ = ["paint_diffuses", "plan_paintings"]
