"""The FiLM block that tells UNet-Maps what the material is (plan: N4); or its parameters: --help."""

from unbake.cli.doors import film
from unbake.cli.entry import door

if __name__ == "__main__":
    door(film)
else:
    from unbake.models.film import Film

__all__ = ["Film"]
