"""LPIPS without torchvision: the backbones the metric was fitted to, and the fitted weights that torchmetrics ships.

`train.perceptual` hands it to the losses and to validation. With any other backbone the number is not LPIPS.
torchmetrics' own class is not used: it builds its backbones with torchvision, which training does not need otherwise,
and downloads their weights; a test holds the two equal on equal weights.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from unbake.errors import FileError

Net = Literal["alex", "vgg", "squeeze"]

FILES: dict[Net, str] = {
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
}
"""torchvision's ImageNet weights of each backbone, by the names they are published under."""

SOURCE = "https://download.pytorch.org/models/"

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of inputs in [-1, 1], per channel: the published scaling layer."""


class Lpips(nn.Module):
    """Learned perceptual image patch similarity (Zhang et al. 2018, version 0.1): 0 for equal images, lower is closer.

    backbone: weights of torchvision's AlexNet, VGG16 or SqueezeNet 1.1 (`FILES`), its own .pth or the same
    tensors as .safetensors; which of the three it is tells itself, and `net` says it. Frozen; gradients reach
    the images. Raises FileError where the file cannot be read or is none of the three.

    >>> distance = Lpips(Path("alexnet-owt-7be5be79.pth"))            # doctest: +SKIP
    >>> distance(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)).shape     # doctest: +SKIP
    torch.Size([2])
    """

    def __init__(self, backbone: Path) -> None:
        super().__init__()
        weights = {name: value.float() for name, value in _tensors(backbone).items() if "features." in name}
        self.net = _backbone_of(weights, backbone)
        self.features, self.taps = _FEATURES[self.net]()
        try:
            self.load_state_dict(weights)
        except RuntimeError:
            raise FileError(
                f"Expected {backbone} to hold the weights of {FILES[self.net]}, but tensors of it differ in name or "
                "shape; fetch torchvision's own file."
            ) from None
        self.register_buffer("shift", torch.tensor(_SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE)[:, None, None], persistent=False)
        fitted = _channel_weights(self.net)
        for level in range(len(self.taps)):
            self.register_buffer(f"weight{level}", fitted[f"lin{level}.model.1.weight"], persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distance (B,) of each pair. a, b: (B, 3, H, W) sRGB in [0, 1], sides of at least 32."""
        with torch.autocast(a.device.type, enabled=False):  # squared differences are lost on eight bits
            distance = a.new_zeros(len(a), dtype=torch.float32)
            levels = zip(self._levels(a.float()), self._levels(b.float()), strict=True)
            for level, (ours, theirs) in enumerate(levels):
                squares = (ours - theirs).square()
                weighted = nn.functional.conv2d(squares, self.get_buffer(f"weight{level}"))
                distance = distance + weighted.mean(dim=(1, 2, 3))
            return distance

    def _levels(self, image: Tensor) -> list[Tensor]:
        """Features at the taps, each of unit length along its channels."""
        x = (2.0 * image - 1.0 - self.get_buffer("shift")) / self.get_buffer("scale")
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                found.append(x / (x.square().sum(dim=1, keepdim=True) + 1e-8).sqrt())
        return found


def fetch_backbone(net: Net) -> Path:
    """torchvision's weights of a backbone in torch's own download folder, fetched where they are not there yet.

    For a person's machine, when asked for by name. Raises FileError where they cannot be fetched.
    """
    path = hub_file(net)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        published = path.stem.rpartition("-")[2]  # the name carries the first digits of the SHA-256
        try:
            torch.hub.download_url_to_file(SOURCE + path.name, str(path), published, progress=False)
        except (URLError, OSError, RuntimeError) as error:
            raise FileError(
                f"Expected to fetch {SOURCE}{path.name}, but got {error}; put the file into {path.parent} by hand."
            ) from None
    return path


def hub_file(net: Net) -> Path:
    """Path of a backbone's weights in torch's download folder, downloaded or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILES[net]


class _Fire(nn.Module):
    """SqueezeNet's block (Iandola et al. 2016), its parts named as torchvision's weights name them."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1).relu()


def _alex() -> tuple[nn.Sequential, tuple[int, ...]]:
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
    ]
    layers += [nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)]
    for inputs, outputs in ((192, 384), (384, 256), (256, 256)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers), (1, 4, 7, 9, 11)


def _vgg() -> tuple[nn.Sequential, tuple[int, ...]]:
    layers: list[nn.Module] = []
    taps, inputs = [], 3
    for outputs, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [nn.MaxPool2d(2, 2)] if layers else []
        for _ in range(convolutions):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
        taps.append(len(layers) - 1)
    return nn.Sequential(*layers), tuple(taps)


def _squeeze() -> tuple[nn.Sequential, tuple[int, ...]]:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(inplace=True), pool()]
    layers += [
        _Fire(64, 16, 64),
        _Fire(128, 16, 64),
        pool(),
        _Fire(128, 32, 128),
        _Fire(256, 32, 128),
        pool(),
    ]
    layers += [_Fire(256, 48, 192), _Fire(384, 48, 192), _Fire(384, 64, 256), _Fire(512, 64, 256)]
    return nn.Sequential(*layers), (1, 4, 7, 9, 10, 11, 12)


_FEATURES = {"alex": _alex, "vgg": _vgg, "squeeze": _squeeze}
"""Layers before the classifier, and those whose outputs LPIPS compares."""


def _backbone_of(weights: dict[str, Tensor], path: Path) -> Net:
    """The backbone that tensors belong to, by the first convolution."""
    first = weights.get("features.0.weight", torch.empty(0)).shape
    if first == (64, 3, 11, 11):
        return "alex"
    if first == (64, 3, 3, 3):
        return "squeeze" if "features.3.squeeze.weight" in weights else "vgg"
    raise FileError(
        f"Expected {path} to be one of torchvision's {', '.join(FILES.values())}; it is none of them."
    )


def _channel_weights(net: Net) -> dict[str, Tensor]:
    """The published weights of each level's channels, (1, C, 1, 1), which torchmetrics ships."""
    package = find_spec("torchmetrics")
    if package is None or not package.submodule_search_locations:
        raise FileError(
            'Expected the package torchmetrics, which ships the weights of LPIPS; pip install ".[train]".'
        )
    folder = Path(package.submodule_search_locations[0]) / "functional" / "image" / "lpips_models"
    return _tensors(folder / f"{net}.pth")


def _tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a .safetensors or a .pth file, on the CPU; nothing else is read from the latter, no code is run."""
    if not path.is_file():
        raise FileError(f"Expected weights in {path}, but there is no such file; check the path.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # torch.load is banned, but here needed: torchvision and torchmetrics publish these weights as .pth only. With
        # weights_only it builds tensors and plain containers and runs no other code of the pickle.
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251
    except Exception as error:  # each format has its own words for a broken file
        raise FileError(
            f"Expected tensors in {path}, but it cannot be read ({type(error).__name__})."
        ) from error
    return tensors
