"""Write the example game folder: `python scripts/make_examples.py [FOLDER]`; the same bytes every time."""

import argparse
from pathlib import Path

import numpy as np

from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.mips import mip_chain
from unbake.synth.examples import example_textures

DXGI = {"bc1": DxgiFormat.BC1_UNORM, "bc3": DxgiFormat.BC3_UNORM, "bgra8": DxgiFormat.B8G8R8A8_UNORM}


def main(folder: Path) -> None:
    """Every example as a DDS with mips and the header of its age."""
    for texture in example_textures():
        path = folder / texture.path
        path.parent.mkdir(parents=True, exist_ok=True)
        mips = [np.rint(mip * 255).astype(np.uint8) for mip in mip_chain(texture.pixels, texture.kind)]
        write_dds(path, mips, DXGI[texture.storage], legacy=True)


if __name__ == "__main__":
    bundled = Path(__file__).parent.parent / "unbake/bundled/examples/legacy"
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("folder", type=Path, metavar="FOLDER", nargs="?", default=bundled)
    main(parser.parse_args().folder)
