"""The masked L1, foreground weighing w_fg = 3 (plan, from A-Albedo-Syn on); or that of two pictures: --help."""

from unbake.cli.doors import masked
from unbake.cli.entry import door

if __name__ == "__main__":
    door(masked)
else:
    from unbake.losses.masked import masked_l1

__all__ = ["masked_l1"]
