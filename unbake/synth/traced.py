"""Path-traced light of a material: its cached fields, and their mixing to the light of a painter.

`scripts/trace_light.py` renders them, a program of its own with its own packages; here they are read and mixed, and
numpy is enough. Light adds, so that the fields of one rendering give any number of painters.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from unbake.domain.layout import same_proportions
from unbake.errors import FileError, TextureSetError
from unbake.files import safe_join
from unbake.image.arrays import Floats
from unbake.image.resample import by_area
from unbake.synth.layers import Rng

TRACED_VERSION: Final = 1
"""Of the files; goes up when what they hold changes."""

SUNS: Final = 3

_DARKEST = 0.02
_MIRRORED_AT_MOST = 99


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """Light on a material's displaced surface, linear, float32.

    fields: (1 + SUNS, H, W), a dome and suns on a white matt surface with the light that it reflects on itself, each
    1 on open flat ground. towards: (SUNS, 3), unit vectors to the suns, x right, y UP the picture, z to the viewer.
    relief: of the surface, as a share of the longest side. full: (H, W, 3), the material with its own colour,
    roughness and metal under a sky and a soft sun, as bright in the mean as its albedo; None where it has no metal.
    """

    fields: Floats
    towards: Floats
    relief: float
    full: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """How fields become light. colours: (1 + SUNS, 3) weights, linear. exponents: (1 + SUNS,), 1 is as traced."""

    colours: Floats
    exponents: Floats


def traced_path(folder: Path, material_id: str) -> Path:
    """Where the light of a material ("<category>/<name>") is cached. Errors: FileError for an unsafe id."""
    return safe_join(folder, f"{material_id}.npz")


def encode_traced(traced: Traced) -> bytes:
    """The bytes of a cache file: numpy's npz without pickles, pictures as float16."""
    arrays: dict[str, Any] = {
        "version": np.int32(TRACED_VERSION),
        "fields": traced.fields.astype(np.float16),
        "towards": traced.towards.astype(np.float32),
        "relief": np.float32(traced.relief),
    }
    if traced.full is not None:
        arrays["full"] = traced.full.astype(np.float16)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_traced(path: Path) -> Traced:
    """The light in a cache file. Errors: FileError where there is none of this version."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        version = int(arrays["version"])
        traced = Traced(
            fields=arrays["fields"].astype(np.float32),
            towards=arrays["towards"].astype(np.float32),
            relief=float(arrays["relief"]),
            full=arrays["full"].astype(np.float32) if "full" in arrays else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise FileError(
            f"Expected traced light in {path}, got a file that cannot be read ({error}); trace it anew."
        ) from error
    if version != TRACED_VERSION or not _whole(traced):
        raise FileError(
            f"Expected traced light of version {TRACED_VERSION} in {path}, got version {version}; trace it anew."
        )
    return traced


def _whole(traced: Traced) -> bool:
    size = traced.fields.shape[1:]
    stacked = traced.fields.shape == (1 + SUNS, *size) and len(size) == 2
    full = traced.full is None or traced.full.shape == (*size, 3)
    return stacked and full and traced.towards.shape == (SUNS, 3) and bool(np.isfinite(traced.fields).all())


def sized(traced: Traced, height: int, width: int) -> Traced:
    """The same light at another size. Errors: TextureSetError for other proportions."""
    if not same_proportions(traced.fields.shape[1:], (height, width)):
        rows, columns = traced.fields.shape[1:]
        raise TextureSetError(
            f"Expected traced light in the proportions of {width}x{height}, got {columns}x{rows}; trace it anew."
        )
    fields = by_area(np.ascontiguousarray(np.moveaxis(traced.fields, 0, -1)), height, width)
    full = None if traced.full is None else by_area(traced.full, height, width)
    return Traced(np.moveaxis(fields, -1, 0), traced.towards, traced.relief, full)


def draw_mixture(rng: Rng) -> Mixture:
    """A painter's taste: one sun that leads over weaker others and a cool dome, deeper or flatter than traced."""
    leads = rng.permutation(SUNS)
    weights = np.zeros(1 + SUNS)
    weights[0] = rng.uniform(0.25, 1.2)
    weights[1 + leads[0]] = rng.uniform(0.3, 1.2)
    weights[1 + leads[1]] = rng.uniform(0.0, 0.5) * (rng.random() < 0.5)
    weights[1 + leads[2]] = rng.uniform(0.0, 0.25) * (rng.random() < 0.25)
    warmth = np.array([-1, *np.full(SUNS, 1.0)]) * rng.uniform(-0.02, 0.1)
    hues = np.exp(warmth[:, None] * np.array([1.0, 0.1, -1.0]))
    exponents = np.array([rng.uniform(0.7, 2.5), *rng.uniform(0.7, 1.3, SUNS)])
    return Mixture((weights[:, None] * hues).astype(np.float32), exponents.astype(np.float32))


def mix(traced: Traced, mixture: Mixture) -> Floats:
    """The light (H, W, 3) of a mixture of the fields, linear, at least 0, of mean 1.

    >>> flat = Traced(np.ones((4, 2, 2), np.float32), np.zeros((3, 3), np.float32), 0.0)
    >>> mix(flat, Mixture(np.ones((4, 3), np.float32), np.ones(4, np.float32))).max().item()
    1.0
    """
    bent = np.maximum(traced.fields, 0) ** mixture.exponents[:, None, None]
    light = np.einsum("nhw,nc->hwc", bent, mixture.colours)
    return np.asarray(light / max(float(light.mean()), 1e-6), np.float32)


def draw_light(traced: Traced, rng: Rng) -> Floats:
    """The light (H, W, 3) of a drawn mixture, linear, of mean 1."""
    return mix(traced, draw_mixture(rng))


def mirrored_light(traced: Traced, albedo: Floats) -> Floats | None:
    """What a full rendering makes of an albedo (H, W, 3), linear, as a factor (H, W, 3); None where there is none.

    Multiplied with the albedo it gives the rendering, cut where next to nothing reflects a lot. It is meant for
    metal; its mean is not 1 on any part.
    """
    if traced.full is None:
        return None
    light = traced.full / np.maximum(albedo, np.float32(_DARKEST))
    return np.minimum(light, np.percentile(light, _MIRRORED_AT_MOST)).astype(np.float32)
