"""Scripts are importable: the mod with troubles is assembled by one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
