"""Text from anyone (JSON, TOML, plain): the one place where it is read, however deeply it nests and whatever its bytes.

Every reader of the package catches what its format raises, `msgspec.DecodeError` or `tomllib.TOMLDecodeError`, both
of them ValueError; here all else that a text can do to a parser (too deep, too long a number, no UTF-8) becomes one
of these two.
"""

import json
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar, overload

import msgspec

from unbake.errors import UsageError

Read = TypeVar("Read")

_DEEP: Final = "brackets within brackets, too many to be meant"


@overload
def decode_json(data: bytes | str, type: type[Read], **options: Any) -> Read: ...


@overload
def decode_json(data: bytes | str, type: Any, **options: Any) -> Any: ...


def decode_json(data: bytes | str, type: Any, **options: Any) -> Any:
    """A value of this type from JSON; options: `msgspec.json.decode`'s (strict, dec_hook).

    msgspec.DecodeError where it is none, whatever is wrong with it.

    >>> decode_json(b"[1, 2]", list[int])
    [1, 2]
    """
    try:
        return msgspec.json.decode(data, type=type, **options)
    except RecursionError as error:
        raise msgspec.DecodeError(_DEEP) from error
    except UnicodeError as error:
        raise msgspec.DecodeError(f"it is not UTF-8: {error}") from error


def decode_any_json(data: bytes | str) -> Any:
    """What JSON says, as dicts, lists and scalars, with NaN and Infinity, which other tools write.

    msgspec.DecodeError where it is none.

    >>> decode_any_json('{"loss": NaN}')["loss"] == 0
    False
    """
    try:
        return json.loads(data)
    except RecursionError as error:
        raise msgspec.DecodeError(_DEEP) from error
    except ValueError as error:  # no JSON, no UTF-8, or a number of thousands of digits
        raise msgspec.DecodeError(str(error)) from error


def decode_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text; tomllib.TOMLDecodeError where it is none.

    >>> decode_toml("ao.bias = 0.1")
    {'ao': {'bias': 0.1}}
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError(_DEEP) from error
    except ValueError as error:  # a number of thousands of digits
        raise tomllib.TOMLDecodeError(str(error)) from error


def read_text(path: Path, what: str) -> str:
    """The text of a file that a person wrote, UTF-8 with or without a mark at its start; what: what it should hold.

    UsageError where it cannot be read or is in another encoding, such as that of PowerShell's `>`.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"Expected {what} in {path}, but it cannot be read ({error.strerror or error}); check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"Expected {what} in {path} as UTF-8, got another encoding; save it as UTF-8."
        ) from error
