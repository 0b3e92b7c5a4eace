"""SkyrimPhotometric: AO tint, cold white balance, vignette (plan, phases B to D); or a texture so lit: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import photometric

if __name__ == "__main__":
    run_verb(photometric)
else:
    from unbake.data.photometric import SkyrimPhotometric

__all__ = ["SkyrimPhotometric"]
