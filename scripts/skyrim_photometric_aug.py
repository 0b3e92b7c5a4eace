"""SkyrimPhotometric: AO tint, cold white balance, vignette (plan, phases B to D); or a texture so lit: --help."""

from unbake.cli.doors import photometric
from unbake.cli.entry import door

if __name__ == "__main__":
    door(photometric)
else:
    from unbake.data.photometric import SkyrimPhotometric

__all__ = ["SkyrimPhotometric"]
