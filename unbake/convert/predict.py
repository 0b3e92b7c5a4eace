"""Runs the networks of a model bundle on ONNX Runtime: arrays of one texture in, arrays out, never torch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from unbake.convert.bundle import bundle_folder, read_card
from unbake.convert.reduced import MULTIPLE, reduced_size
from unbake.convert.sessions import OpenNetwork, open_network, run_options, turn_of
from unbake.domain.card import CARD
from unbake.domain.maps import GEOMETRY, MAPS_HEADS, MapKind, spec
from unbake.domain.materials import HAS_METAL, LABELS
from unbake.domain.networks import (
    AROUND,
    LABEL_PROBS,
    NETWORKS,
    RING,
    given_name,
    input_name,
)
from unbake.errors import UsageError
from unbake.image.arrays import Maps, Wrap, plane
from unbake.image.noise import smoothstep
from unbake.image.resample import by_area, smoothly

VIT_PX: Final = 252
TOP: Final = 0.9
"""Quantile of SegFormer's logits that tells whether there is metal anywhere."""

PRESENCE_PX: Final = 256
"""Longest side of SegFormer's copy where it is asked only that: the side it was trained on."""

MARGIN: Final = MULTIPLE
"""Texels of SegFormer's copy that are repeated around it on an axis that tiles."""

_OUT_OF_MEMORY = ("bad allocation", "bad_alloc", "Failed to allocate", "out of memory", "OUT_OF_MEMORY")


def load_predictor(model: Path | None = None, threads: int = 0) -> "Predictor | None":
    """The networks of a bundle folder, or the bundled ones; None where nothing is bundled.

    threads: CPU threads, 0 for all cores.
    """
    folder = bundle_folder(model)
    if model is None and not (folder / CARD).is_file():
        return None
    return Predictor(folder, threads)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is said of a texture as a whole, float32.

    labels: (K,) probabilities of `domain.materials.LABELS`, as networks are conditioned on them. classes: those of the
    card's classes, calibrated; they need not sum to 1. coarse: (g, g, 3) the channels of COARSE by patch. mask:
    (H, W, 1) probabilities of metal; metal_logits: (h, w, 1), its logits on the reduced copy.
    """

    labels: np.ndarray
    classes: np.ndarray
    coarse: np.ndarray
    mask: np.ndarray
    metal_logits: np.ndarray

    @property
    def roughness(self) -> float:
        """The mean roughness as the classifier says it of patches: they order textures better than its whole word."""
        return float(self.coarse[..., 1].mean())


class Predictor:
    """Four ONNX sessions and their card; every array is (H, W, C) float32, without a batch axis.

    Colours are sRGB in [0, 1], normals unit vectors (OpenGL), the specular mask (H, W, 1) or None. One predictor may
    serve several threads. `predict_global` takes codes (`image.arrays`) as well as floats. opened: None opens them as
    this machine runs them best.

    Each method raises MemoryError where the runtime ran out of memory.
    """

    def __init__(self, folder: Path, threads: int = 0, opened: OpenNetwork | None = None) -> None:
        self.folder: Final = folder
        self.card: Final = read_card(folder)
        self._sessions = {name: (opened or open_network)(folder, name, threads) for name in NETWORKS}
        self._turn = turn_of()
        # A network that does not read an input loses it in the export, one whose map nobody uses its head.
        self._inputs = {name: _names(session.get_inputs()) for name, session in self._sessions.items()}
        self._heads = [
            kind for kind in MAPS_HEADS if kind in _names(self._sessions["unet_maps"].get_outputs())
        ]
        if missing := [kind for kind in MAPS_HEADS if self._uses(kind) and kind not in self._heads]:
            raise UsageError(
                f"Expected heads of UNet-Maps for {', '.join(missing)}, which the card of '{folder}' uses, got none; "
                "export the model again."
            )

    def _uses(self, kind: MapKind) -> bool:
        return self.card.use[kind] == "network"

    @property
    def ring(self) -> int:
        """Texels that both UNets need around an axis which they go on round by themselves; 0 where they cannot."""
        return RING if all(AROUND in self._inputs[name] for name in ("unet_albedo", "unet_maps")) else 0

    def predict_global(
        self,
        diffuse: np.ndarray,
        normal: np.ndarray,
        specular: np.ndarray | None,
        environment: np.ndarray | None,
        wrap: Wrap,
    ) -> "Seen":
        """What the two networks say that see the whole texture.

        diffuse, normal: (H, W, 3). specular, environment: (H, W, 1), None where the set has none. wrap: which axes
        tile. The classifier looks at a copy of VIT_PX, SegFormer at a reduced one, which gets the classifier's word
        on each patch enlarged smoothly; SegFormer is not asked where the card gives its word no weight.
        """
        height, width = diffuse.shape[:2]
        small = [smoothly(channel, VIT_PX, VIT_PX) for channel in _planes(MapKind.DIFFUSE, diffuse)]
        labels, patches = self._run("vit", {"diffuse": _nchw(np.concatenate(small, -1))})
        coarse = _sigmoid(_hwc(patches))
        masks = {MapKind.SPECULAR: specular, MapKind.ENVIRONMENT: environment}
        images = {MapKind.DIFFUSE: diffuse, MapKind.NORMAL: normal} | masks
        rows, columns = reduced_size(height, width, self.card.segformer_px)
        weights = np.array(self.card.metal_weights, np.float32)
        segmented = said = np.zeros((rows, columns, 1), np.float32)
        if weights[0]:
            segmented = said = self._mask_logits(images, coarse, (rows, columns), wrap)
        elif self.card.presence_weight:
            said = self._mask_logits(images, coarse, reduced_size(height, width, PRESENCE_PX), wrap)
        anywhere = np.float32(self.card.presence_weight) * np.quantile(said, TOP)
        by_patch = smoothly(_hwc(patches)[..., :1], rows, columns, wrap)
        whole = labels[0, LABELS.index(HAS_METAL)]
        witnesses = np.concatenate([segmented, by_patch, np.full_like(by_patch, whole)], -1)
        metal = _calibrated(witnesses @ weights[:, None] + anywhere, self.card.mask_calibration)
        return Seen(
            labels=_sigmoid(labels[0]),
            classes=_sigmoid(_calibrated(labels[0, : len(self.card.classes)], self.card.class_calibration)),
            coarse=coarse,
            mask=_sigmoid(smoothly(metal, height, width, wrap)),
            metal_logits=metal,
        )

    def _mask_logits(
        self,
        images: Mapping[MapKind, np.ndarray | None],
        coarse: np.ndarray,
        size: tuple[int, int],
        wrap: Wrap,
    ) -> np.ndarray:
        """SegFormer's logits (h, w, 1) of a copy reduced to that size."""
        rows, columns = size
        margin = tuple(MARGIN if wraps else 0 for wraps in wrap)

        def padded(small: np.ndarray) -> np.ndarray:
            return _nchw(np.pad(small, ((margin[0],) * 2, (margin[1],) * 2, (0, 0)), mode="wrap"))

        feeds = {input_name(MapKind.COARSE): padded(smoothly(coarse, rows, columns, wrap))}
        for kind, image in images.items():
            if spec(kind).optional:
                feeds[given_name(kind)] = _flag(image is not None)
            small = np.zeros((rows, columns, 1), np.float32)
            if image is not None:
                channels = [by_area(channel, rows, columns, wrap) for channel in _planes(kind, image)]
                small = np.concatenate(channels, -1)
            feeds[input_name(kind)] = padded(small)
        [logits] = self._run("segformer", feeds)
        inner: np.ndarray = logits[0, :, margin[0] : margin[0] + rows, margin[1] : margin[1] + columns]
        return inner.transpose(1, 2, 0)

    def predict_albedo(
        self, window: Maps, has_specular: bool, labels: np.ndarray, around: Wrap = (False, False)
    ) -> Maps:
        """ALBEDO (h, w, 3) of one window of a texture, by UNet-Albedo.

        window: the maps it reads (`domain.networks`), (h, w, C); h and w are multiples of the card's stride.
        has_specular: False where the set has no specular mask, and SPECULAR is black. labels: (K,), of `Seen`.
        around: axes that are a whole one which tiles, with `ring` texels more on each side.
        """
        [albedo] = self._run("unet_albedo", _named(window) | _said(has_specular, labels, around))
        return {MapKind.ALBEDO: _hwc(albedo)}

    def predict_maps(
        self, window: Maps, has_specular: bool, labels: np.ndarray, around: Wrap = (False, False)
    ) -> Maps:
        """Those of the four `MAPS_HEADS` (h, w, 1) that the bundle has, of one window, by UNet-Maps.

        window: the maps it reads, geometry channels among them; the rest as for `predict_albedo`.
        """
        feeds = _named({kind: image for kind, image in window.items() if kind not in GEOMETRY})
        feeds["geometry"] = _nchw(np.concatenate([window[kind] for kind in GEOMETRY], -1))
        outputs = self._run("unet_maps", feeds | _said(has_specular, labels, around), self._heads)
        return {kind: _hwc(image) for kind, image in zip(self._heads, outputs, strict=True)}

    def _run(
        self, network: str, feeds: Mapping[str, np.ndarray], outputs: Sequence[str] | None = None
    ) -> list[np.ndarray]:
        """One network's outputs; MemoryError where the runtime ran out of memory."""
        read = {name: feeds[name] for name in self._inputs[network]}
        try:
            with self._turn:
                return list(self._sessions[network].run(outputs, read, run_options()))
        except Exception as error:  # the runtime's exceptions share no base of their own
            if any(sign in str(error) for sign in _OUT_OF_MEMORY):
                raise MemoryError(str(error)) from error
            raise


def metal_of(metallic: np.ndarray, mask: np.ndarray, threshold: float, softness: float) -> np.ndarray:
    """The final metallic map: the network's, where the mask says metal (SPEC 1, "Metal").

    metallic, mask: (H, W, 1) in [0, 1]; `mask` are probabilities, a smoothstep of width `softness` around
    `threshold` makes them a weight.

    >>> metal_of(np.ones(3), np.array([0.4, 0.5, 0.6]), 0.5, 0.2).round(6).tolist()
    [0.0, 0.5, 1.0]
    """
    return metallic * smoothstep((mask - threshold) / softness, -0.5, 0.5)


def _calibrated(logits: np.ndarray, calibration: tuple[float, float]) -> np.ndarray:
    """Logits scaled and shifted (Platt scaling, see `metrics.calibration.fit_calibration`); (1, 0) changes nothing."""
    scale, shift = calibration
    return logits * np.float32(scale) + np.float32(shift)


def _named(maps: Maps) -> dict[str, np.ndarray]:
    """Maps as a network's inputs, by their names in the bundle."""
    return {input_name(kind): _nchw(image) for kind, image in maps.items()}


def _planes(kind: MapKind, image: np.ndarray) -> Iterator[np.ndarray]:
    """The channels of a map, floats or codes, each (H, W, 1) float32; one at a time, since a map may be large."""
    for component in range(image.shape[2]):
        yield plane(kind, image, component)[..., None]


def _nchw(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)


def _hwc(batch: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(batch[0].transpose(1, 2, 0))


def _names(arguments: Iterable[Any]) -> list[str]:
    return [argument.name for argument in arguments]


def _said(has_specular: bool, labels: np.ndarray, around: Wrap) -> dict[str, np.ndarray]:
    """What a UNet reads besides maps."""
    return {
        given_name(MapKind.SPECULAR): _flag(has_specular),
        LABEL_PROBS: labels[None].astype(np.float32),
        AROUND: np.array(around, np.int64),
    }


def _flag(present: bool) -> np.ndarray:
    return np.full((1, 1), present, np.float32)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    values = np.clip(logits, -60, 60)  # in place from here on: a mask may be large
    np.exp(np.negative(values, out=values), out=values)
    values += 1
    return np.reciprocal(values, out=values)
