"""Validation of a checkpoint, as after each epoch of training (plan, from A0 on); how to run it: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import val

if __name__ == "__main__":
    run_verb(val)
else:
    from unbake.train.review import validate_checkpoint

__all__ = ["validate_checkpoint"]
