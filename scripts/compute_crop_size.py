"""Side of the curriculum's crops (plan, phases B and C); or a phase's curriculum as a table: --help."""

from unbake.cli.doors import crop_sizes
from unbake.cli.entry import door

if __name__ == "__main__":
    door(crop_sizes)
else:
    from unbake.data.curriculum import compute_crop_size

__all__ = ["compute_crop_size"]
