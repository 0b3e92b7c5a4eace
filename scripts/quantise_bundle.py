"""Adds the UNets in integers to a released model, for processors; how to run it: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.quantise import quantise

if __name__ == "__main__":
    run_verb(quantise)
