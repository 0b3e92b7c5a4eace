"""Parquet files with the schema that MatSynth's card publishes, for the tests of the data preparation."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as Pillow

from unbake.domain.maps import MapKind
from unbake.domain.materials import CATEGORIES
from unbake.image.normals import encode_normal
from unbake.synth.materials import procedural

FEATURES = Features(
    {
        "name": Value("string"),
        "category": ClassLabel(names=list(CATEGORIES)),
        "metadata": {
            "authors": [Value("string")],
            "description": Value("string"),
            "height_factor": Value("float32"),
            "height_mean": Value("float32"),
            "license": Value("string"),
            "link": Value("string"),
            "maps": [Value("string")],
            "method": Value("string"),
            "name": Value("string"),
            "physical_size": Value("float32"),
            "source": Value("string"),
            "stationary": Value("bool"),
            "tags": [Value("string")],
            "version_date": Value("string"),
        },
    }
    | {
        column: Image()
        for column in (
            "basecolor", "diffuse", "displacement", "height", "metallic", "normal", "opacity", "roughness",
            "specular", "blend_mask",
        )
    }
)  # fmt: skip


def picture(codes: np.ndarray) -> dict[str, Any]:
    """A picture as the Image feature stores it: bytes of a file, and its name."""
    buffer = io.BytesIO()
    Pillow.fromarray(codes[..., 0] if codes.shape[-1] == 1 else codes).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": "picture.png"}


def row(name: str, category: str = "wood", kind: str = "planks", size: int = 64, **changes: Any) -> dict:
    """A row of the data set, of a procedural material; `changes` replace columns, or metadata by their keys."""
    maps = procedural(kind, size, sum(name.encode()))

    def codes(image: np.ndarray, bits: int = 8) -> np.ndarray:
        return np.rint(image * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)

    basecolor = codes(maps[MapKind.ALBEDO])
    metallic = codes((maps[MapKind.METALLIC] > 0.5).astype(np.float32))
    made = {
        "name": name,
        "category": category,
        "metadata": dict.fromkeys(FEATURES["metadata"])
        | {
            "name": name,
            "license": "CC0",
            "source": "AmbientCG",
            "authors": ["Somebody"],
            "stationary": True,
        },
        "basecolor": picture(basecolor),
        "diffuse": picture(np.where(metallic > 0, 0, basecolor).astype(np.uint8)),
        "displacement": None,
        "height": picture(codes(maps[MapKind.HEIGHT], 16)),
        "metallic": picture(metallic),
        "normal": picture(codes(encode_normal(maps[MapKind.NORMAL], "opengl"))),
        "opacity": None,
        "roughness": picture(codes(maps[MapKind.ROUGHNESS])),
        "specular": picture(np.full((size, size, 1), 128, np.uint8)),
        "blend_mask": None,
    }
    about = {key: changes.pop(key) for key in list(changes) if key in made["metadata"] and key not in made}
    return made | changes | {"metadata": made["metadata"] | about}


def write_parquet(path: Path, rows: list[dict]) -> Path:
    """The rows in one parquet file, as `datasets` writes them for the hub."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=FEATURES).to_parquet(path)
    return path
