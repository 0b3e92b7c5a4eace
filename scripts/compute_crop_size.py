"""Side of the curriculum's crops (plan, phases B and C); or a phase's curriculum as a table: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import crop_sizes

if __name__ == "__main__":
    run_verb(crop_sizes)
else:
    from unbake.data.curriculum import compute_crop_size

__all__ = ["compute_crop_size"]
