"""The FiLM block that tells UNet-Maps what the material is (plan: N4); or its parameters: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import film

if __name__ == "__main__":
    run_verb(film)
else:
    from unbake.models.film import Film

__all__ = ["Film"]
