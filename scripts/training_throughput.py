"""How fast the networks train on this machine, and whether reading keeps up; how to run it: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.throughput import throughput

if __name__ == "__main__":
    run_verb(throughput)
