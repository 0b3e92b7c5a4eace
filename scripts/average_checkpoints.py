"""Averages one network of two checkpoints, weight by weight; how to run it: --help."""

from unbake.cli.average import average
from unbake.cli.entry import run_verb

if __name__ == "__main__":
    run_verb(average)
