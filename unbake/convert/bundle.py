"""A model bundle on disk: its folder, its card, held against this version, and its fingerprint; opened by `predict`."""

from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from unbake.convert.sessions import bytes_of
from unbake.decoding import decode_json
from unbake.domain.card import CARD, FORMAT, Card, decode_card
from unbake.domain.maps import OUTPUTS
from unbake.domain.networks import CODED, NETWORKS, coded_name
from unbake.errors import UsageError
from unbake.image.geometry import GEOMETRY_VERSION

BY_RULES: Final = "rules"
"""The fingerprint of a conversion without networks."""


def bundle_folder(model: Path | None) -> Path:
    """The folder of a bundle: `model`, or the package's own."""
    return Path(str(files("unbake"))) / "bundled" if model is None else model


def read_card(folder: Path) -> Card:
    """The card of a bundle; UsageError in one sentence where it is missing or made for another version."""
    try:
        data = (folder / CARD).read_bytes()
    except OSError as error:
        raise UsageError(
            f"Expected a model bundle with a {CARD} in '{folder}', got none ({error.strerror}); name its folder."
        ) from error
    try:
        version = decode_json(data, _Version).format
        if version != FORMAT:
            raise _other_version(folder, "format", FORMAT, version)
        card = decode_card(data)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"Expected a {CARD} of this version in '{folder}', got one that cannot be read ({error}); export the "
            "model again."
        ) from error
    if card.geometry_version != GEOMETRY_VERSION:
        raise _other_version(folder, "geometry version", GEOMETRY_VERSION, card.geometry_version)
    if sorted(card.use) != sorted(OUTPUTS):
        raise _other_version(folder, "list of maps", sorted(OUTPUTS), sorted(card.use))
    return card


def fingerprint(model: Path | None = None) -> str:
    """Hash of everything in a bundle that outputs depend on; `BY_RULES` where nothing is bundled.

    UsageError where the folder is no bundle of this version.
    """
    folder = bundle_folder(model)
    if model is None and not (folder / CARD).is_file():
        return BY_RULES
    read_card(folder)
    digest = blake2b(digest_size=16)
    for name in (CARD, *(f"{network}.onnx" for network in NETWORKS)):
        digest.update(bytes_of(folder / name))
    for path in (folder / coded_name(network) for network in CODED):
        if path.is_file():
            digest.update(bytes_of(path))
    return digest.hexdigest()


class _Version(msgspec.Struct, frozen=True):
    """The key of a card that is read before all others."""

    format: int


def _other_version(folder: Path, what: str, expected: object, found: object) -> UsageError:
    return UsageError(
        f"Expected a model of {what} {expected} in '{folder}', got {found}; export it again or take the bundle of "
        "this version."
    )
