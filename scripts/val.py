"""Validation of a checkpoint, as after each epoch of training (plan, from A0 on); how to run it: --help."""

from unbake.cli.doors import val
from unbake.cli.entry import door

if __name__ == "__main__":
    door(val)
else:
    from unbake.train.review import validate_checkpoint

__all__ = ["validate_checkpoint"]
