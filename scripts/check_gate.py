"""The plan's gate (phases B and C): exit 0 pass, 1 fail, 3 not yet; how to ask it: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import check_gate

if __name__ == "__main__":
    run_verb(check_gate)
else:
    from unbake.recipe.gate import Verdict, judge
    from unbake.recipe.history import read_history

__all__ = ["Verdict", "judge", "read_history"]
