"""A model's folder with a card and no networks."""

import json
from pathlib import Path
from typing import Any

from unbake.domain.card import CARD, FORMAT
from unbake.domain.maps import OUTPUTS
from unbake.image.geometry import GEOMETRY_VERSION

CARD_OF_A_BUNDLE: dict[str, Any] = {
    "format": FORMAT,
    "size": "tiny",
    "stride": 8,
    "halo": 40,
    "segformer_px": 128,
    "geometry_version": GEOMETRY_VERSION,
    "classes": ["wood", "metal"],
    "mask_threshold": 0.5,
    "mask_softness": 0.2,
    "use": dict.fromkeys(OUTPUTS, "network"),
    "figures": {"albedo": 0.05},
}


def bundle(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / CARD).write_text(json.dumps(CARD_OF_A_BUNDLE | changes))
    return folder
