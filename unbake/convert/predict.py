"""The networks of a model bundle on ONNX Runtime: arrays of one texture in, arrays out, never torch."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
import onnxruntime as ort

from unbake.convert.reduced import MULTIPLE, reduced_size
from unbake.domain.maps import GEOMETRY, MAPS_HEADS, OUTPUTS, MapKind
from unbake.domain.networks import NETWORKS, input_name
from unbake.errors import UsageError
from unbake.image.arrays import plane
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.image.resample import by_area, smoothly
from unbake.image.tiling import Wrap

Maps = dict[MapKind, np.ndarray]

CARD: Final = "card.json"
FORMAT: Final = 3
VIT_PX: Final = 224
MARGIN: Final = MULTIPLE
"""Texels of SegFormer's copy that are repeated around it on an axis that tiles."""

PROVIDERS: Final = ("CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider")
"""Best first."""

_OUT_OF_MEMORY = ("bad allocation", "bad_alloc", "Failed to allocate", "out of memory", "OUT_OF_MEMORY")

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of its networks; figures and provenance in the same file are for people.

    stride: sides of a UNet's input are multiples of it. halo: texels a UNet's output depends on around it.
    segformer_px: longest side of SegFormer's reduced input. classes: names of the ViT's logits, "metal" among them.
    mask_threshold, mask_softness: where a metal probability turns to metal, and over what width.
    mask_calibration, class_calibration: scale and shift of the logits (Platt's scaling) by which probabilities mean
    what they say, on materials the networks never saw; the mask's logits are the sum of two networks', see
    `Predictor.seen_whole`. The other networks read these: they were trained beside a mask that knew its materials,
    and would believe one that is sure of itself.
    use: for each output map, whether the networks' is better than the rule's.
    """

    format: int
    size: str
    stride: Positive
    halo: Positive
    segformer_px: Annotated[int, msgspec.Meta(ge=MULTIPLE)]
    geometry_version: int
    classes: tuple[str, ...]
    mask_threshold: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    mask_softness: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.2
    mask_calibration: tuple[float, float] = (1.0, 0.0)
    class_calibration: tuple[float, float] = (1.0, 0.0)
    use: dict[MapKind, Literal["network", "floor"]]


def read_card(folder: Path) -> Card:
    """The card of a bundle; UsageError in one sentence where it is missing or made for another version."""
    path = folder / CARD
    try:
        card = msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError as error:
        raise UsageError(
            f"a model bundle with a {CARD} was expected in '{folder}', but it has none; name its folder"
        ) from error
    except msgspec.DecodeError as error:
        raise UsageError(
            f"the card of the model in '{folder}' cannot be read ({error}); export it again"
        ) from error
    for what, expected, given in (
        ("format", FORMAT, card.format),
        ("geometry version", GEOMETRY_VERSION, card.geometry_version),
        ("list of maps", sorted(OUTPUTS), sorted(card.use)),
    ):
        if expected != given:
            raise UsageError(
                f"a model of {what} {expected} was expected, but '{folder}' has {given}; "
                "export it again or take the bundle of this version"
            )
    return card


def bundle_folder(model: Path | None) -> Path:
    """The folder of a bundle: `model`, or the package's own."""
    return Path(str(files("unbake"))) / "bundled" if model is None else model


def load_predictor(model: Path | None = None, threads: int = 0) -> "Predictor | None":
    """The networks of a bundle folder, or the bundled ones; None where nothing is bundled.

    threads: CPU threads, 0 for all cores.
    """
    folder = bundle_folder(model)
    if model is None and not (folder / CARD).is_file():
        return None
    return Predictor(folder, threads)


def fingerprint(model: Path | None = None) -> str:
    """Hash of everything in a bundle that outputs depend on; "rules" where nothing is bundled.

    UsageError where the folder is no bundle of this version.
    """
    folder = bundle_folder(model)
    if model is None and not (folder / CARD).is_file():
        return "rules"
    read_card(folder)
    return _fingerprint(folder)


class Predictor:
    """Four ONNX sessions and their card; every array is (H, W, C) float32, without a batch axis.

    Colours are sRGB in [0, 1], normals unit vectors (OpenGL), the specular mask (H, W, 1) or None. The networks
    that see a texture whole read its codes (`image.coded`) as well.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.card: Final = read_card(folder)
        self._sessions = {name: _session(folder / f"{name}.onnx", threads) for name in NETWORKS}

    def seen_whole(
        self, diffuse: np.ndarray, normal: np.ndarray, specular: np.ndarray | None, wrap: Wrap
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (K,) of the card's classes and (H, W, 1) of metal, by the networks that see a texture whole.

        Each class stands on its own, they need not sum to 1. A texel's logit of metal is the sum of SegFormer's, seen
        once on a reduced copy and enlarged smoothly, and the classifier's for the whole texture, as of two witnesses:
        the one tells metal from what lies beside it, the other whether there is any.
        """
        height, width = diffuse.shape[:2]
        small = [smoothly(one, VIT_PX, VIT_PX) for one in _planes(MapKind.DIFFUSE, diffuse)]
        [classes] = self._run("vit", {"diffuse": _nchw(np.concatenate(small, -1))})
        metal = (
            self._mask_logits(diffuse, normal, specular, wrap) + classes[0, self.card.classes.index("metal")]
        )
        metal = _calibrated(metal, self.card.mask_calibration)  # while it is small
        return (
            _sigmoid(_calibrated(classes[0], self.card.class_calibration)),
            _sigmoid(smoothly(metal, height, width, wrap)),
        )

    def _mask_logits(
        self, diffuse: np.ndarray, normal: np.ndarray, specular: np.ndarray | None, wrap: Wrap
    ) -> np.ndarray:
        """SegFormer's logits (h, w, 1) of a reduced copy."""
        height, width = diffuse.shape[:2]
        rows, columns = reduced_size(height, width, self.card.segformer_px)
        margin = tuple(MARGIN if wraps else 0 for wraps in wrap)

        def feed(kind: MapKind, image: np.ndarray) -> np.ndarray:
            small = np.concatenate([by_area(one, rows, columns, wrap) for one in _planes(kind, image)], -1)
            return _nchw(np.pad(small, ((margin[0],) * 2, (margin[1],) * 2, (0, 0)), mode="wrap"))

        mask = np.zeros((rows, columns, 1), np.float32) if specular is None else specular
        [logits] = self._run(
            "segformer",
            {
                "diffuse": feed(MapKind.DIFFUSE, diffuse),
                "normal": feed(MapKind.NORMAL, normal),
                "specular": feed(MapKind.SPECULAR, mask),
                "specular_given": _flag(specular is not None),
            },
        )
        inner: np.ndarray = logits[0, :, margin[0] : margin[0] + rows, margin[1] : margin[1] + columns]
        return inner.transpose(1, 2, 0)

    def albedo(self, window: Maps, specular_given: bool) -> Maps:
        """ALBEDO of a window's DIFFUSE, NORMAL, SPECULAR and METALLIC_MASK; sides are multiples of the stride."""
        [albedo] = self._run("unet_albedo", _named(window) | {"specular_given": _flag(specular_given)})
        return {MapKind.ALBEDO: _hwc(albedo)}

    def maps(self, window: Maps, specular_given: bool, class_probabilities: np.ndarray) -> Maps:
        """The `MAPS_HEADS` of a window's ALBEDO, NORMAL, SPECULAR, METALLIC_MASK and geometry channels."""
        feeds = _named({kind: image for kind, image in window.items() if kind not in GEOMETRY}) | {
            "geometry": _nchw(np.concatenate([window[kind] for kind in GEOMETRY], -1)),
            "specular_given": _flag(specular_given),
            "class_probs": class_probabilities[None].astype(np.float32),
        }
        outputs = self._run("unet_maps", feeds, [kind.value for kind in MAPS_HEADS])
        return {kind: _hwc(plane) for kind, plane in zip(MAPS_HEADS, outputs, strict=True)}

    def _run(
        self, network: str, feeds: Mapping[str, np.ndarray], outputs: list[str] | None = None
    ) -> list[np.ndarray]:
        """One network's outputs; MemoryError where the runtime ran out of memory."""
        session = self._sessions[network]
        try:
            # A network that does not read an input loses it in the export.
            taken = {one.name for one in session.get_inputs()}
            return session.run(
                outputs, {name: array for name, array in feeds.items() if name in taken}, _run_options()
            )
        except Exception as error:  # the runtime's exceptions share no base of their own
            if any(sign in str(error) for sign in _OUT_OF_MEMORY):
                raise MemoryError(str(error)) from error
            raise


def providers() -> list[str]:
    """ONNX Runtime's execution providers that networks are offered to, best first.

    CUDA's own libraries, where they were installed as wheels beside the runtime, are loaded on the way.
    """
    there = [name for name in PROVIDERS if name in ort.get_available_providers()]
    if "CUDAExecutionProvider" in there:
        ort.preload_dlls()
    return there


def metal_of(metallic: np.ndarray, mask: np.ndarray, threshold: float, softness: float) -> np.ndarray:
    """The final metallic map: the network's, where the mask says metal (SPEC 1, "Metal").

    metallic, mask: (H, W, 1) in [0, 1]; `mask` are probabilities, a smoothstep of width `softness` around
    `threshold` makes them a weight.

    >>> metal_of(np.ones(3), np.array([0.4, 0.5, 0.6]), 0.5, 0.2).round(6).tolist()
    [0.0, 0.5, 1.0]
    """
    x = np.clip((mask - threshold) / softness + 0.5, 0, 1)
    return metallic * (x * x * (3 - 2 * x))


def _calibrated(logits: np.ndarray, calibration: tuple[float, float]) -> np.ndarray:
    """Logits scaled and shifted, as `metrics.calibration.fit_calibration` found it; (1, 0) leaves all as it is."""
    scale, shift = calibration
    return logits * np.float32(scale) + np.float32(shift)


def _run_options() -> Any:
    """The arena makes a run twice as fast as none; given back after each, four sessions never add up."""
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _session(path: Path, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    offered = providers()
    options.enable_mem_pattern = "DmlExecutionProvider" not in offered  # which has none, and may refuse
    try:
        return ort.InferenceSession(path, options, providers=offered)
    except Exception as error:  # as above
        raise UsageError(
            f"the network '{path}' was expected to be an ONNX file this runtime reads, but it says: "
            f"{' '.join(str(error).split())}; export the model again"
        ) from error


def _fingerprint(folder: Path) -> str:
    digest = blake2b(digest_size=16)
    for name in (CARD, *(f"{network}.onnx" for network in NETWORKS)):
        try:
            with (folder / name).open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            raise UsageError(
                f"the model in '{folder}' was expected to have a {name}, but it cannot be read "
                f"({error.strerror}); export it again"
            ) from error
    return digest.hexdigest()


def _named(maps: Maps) -> dict[str, np.ndarray]:
    """Maps as a network's inputs, by the names they bear in the bundle."""
    return {input_name(kind): _nchw(image) for kind, image in maps.items()}


def _planes(kind: MapKind, image: np.ndarray) -> Iterator[np.ndarray]:
    """The channels of a map, floats or codes, each (H, W, 1) float32; one at a time, since a map may be large."""
    for component in range(image.shape[2]):
        yield plane(kind, image, component)[..., None]


def _nchw(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)


def _hwc(batch: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(batch[0].transpose(1, 2, 0))


def _flag(given: bool) -> np.ndarray:
    return np.full((1, 1), given, np.float32)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    values = np.clip(logits, -60, 60)  # in place from here on: a mask may be large
    np.exp(np.negative(values, out=values), out=values)
    values += 1
    return np.reciprocal(values, out=values)
