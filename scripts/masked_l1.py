"""The masked L1, foreground weighing w_fg = 3 (plan, from A-Albedo-Syn on); or that of two pictures: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import masked

if __name__ == "__main__":
    run_verb(masked)
else:
    from unbake.losses.masked import masked_l1

__all__ = ["masked_l1"]
