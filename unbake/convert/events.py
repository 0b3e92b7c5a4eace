"""What a person may ask of a conversion, and what it tells them; `batch` takes the one and emits the other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unbake.convert.sets import Skipped
from unbake.image.blocks import Effort


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose about a conversion.

    preset: a name or the path of a `.toml`. model: a bundle's folder, None for the bundled one. seamless:
    whether textures tile, None measures each. max_size: longest side, texels. include, exclude: patterns of
    names. threads: 0 for all cores. parallax: None writes it for surfaces that tile on both axes.
    """

    preset: str = "skyrim"
    model: Path | None = None
    seamless: bool | None = None
    max_size: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    threads: int = 0
    effort: Effort = Effort.GOOD
    dry_run: bool = False
    texture_root: Path | None = None
    parallax: bool | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The sets are found; `total` of them will each end in one of the events below."""

    total: int


@dataclass(frozen=True, slots=True)
class SetDone:
    """A set was converted and written."""

    name: str
    seconds: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetUnchanged:
    """A set was converted by an earlier run, and nothing it depends on has changed."""

    name: str


@dataclass(frozen=True, slots=True)
class SetFailed:
    """A set could not be converted; the message is one sentence."""

    name: str
    message: str


Event = Started | SetDone | SetUnchanged | SetFailed | Skipped
Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of every set and file, names sorted; `planned` are those of a dry run."""

    converted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[SetFailed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    planned: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when all went well, 1 when some sets failed (SPEC C7)."""
        return 1 if self.failed else 0
