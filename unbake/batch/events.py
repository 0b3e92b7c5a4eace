"""Options of a conversion and the events it emits."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from unbake.batch.speed import NO_WORK, NOT_MEASURED, Spent, Work
from unbake.convert.normal_map import Normals
from unbake.convert.sets import Skipped
from unbake.export.pgpatcher import Form
from unbake.image.dds.blocks import Effort
from unbake.report.page import NOTHING_TOLD, ModReport

Engine = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a conversion.

    preset: a name or the path of a `.toml`. model: a bundle's folder, None for the bundled one. seamless:
    whether textures tile, None measures each. max_size: longest side, texels. include, exclude: patterns of
    names. normals: direction of green in normal maps, "auto" asks names and heights. threads: 0 for all cores.
    parallax: None writes it for surfaces that tile on both axes and are not flat.
    rules: file of changes to the maps, None for `unbake.toml` in OUT, else in IN; adjust: changes that go on top,
    such as "roughness.bias=0.1" (`export.rules`). keep_maps: cache predicted maps in OUT, so that another preset or
    other rules need no inference. shard: (i, n), the i-th of n parts of the sets, from 1. engine: "ray" converts on a
    cluster whose machines all see IN and OUT. edid_map: editor IDs of the ground's
    textures (`export.landscape`). plugins: folders, plugins or a load order (`evidence.load_order.find_all`), which
    give editor IDs too, and keywords where evidence is read. form: of PGPatcher's JSON (`export.pgpatcher.document`).
    evidence: "auto" reads names, companions and the mod's level, "none" the pictures alone. brightness: of the albedo:
    "natural" for the material's own, "keep" for the picture's. hints: a person's words, "weapons/*: metal=all".
    profile: of Mod Organizer, where IN is an instance of it; None for the only one or the selected one.
    whole_game: of a load order, also the sets that are the game's own. prune: remove from OUT the sets whose source is
    gone. verify: read what earlier runs wrote, and convert again what is not as it was written.
    """

    preset: str = "skyrim"
    model: Path | None = None
    seamless: bool | None = None
    normals: Normals = "auto"
    max_size: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    threads: int = 0
    effort: Effort = Effort.GOOD
    dry_run: bool = False
    texture_root: Path | None = None
    parallax: bool | None = None
    rules: Path | None = None
    adjust: tuple[str, ...] = ()
    keep_maps: bool = True
    shard: tuple[int, int] | None = None
    engine: Engine = "local"
    edid_map: Path | None = None
    plugins: tuple[Path, ...] = ()
    form: Form = "array"
    evidence: Literal["auto", "none"] = "auto"
    brightness: Literal["natural", "keep"] = "natural"
    hints: tuple[str, ...] = ()
    profile: str | None = None
    whole_game: bool = False
    prune: bool = False
    verify: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """The sets are found; `total` of them, and of archives that cannot be read, each end in one of the events below."""

    total: int


@dataclass(frozen=True, slots=True)
class SetDone:
    """A set was converted and written; inferred is False where its maps came from the map cache.

    seconds: from its reading to its files; spent: of work in each stage.
    """

    name: str
    seconds: float
    notes: tuple[str, ...]
    inferred: bool = True
    spent: Spent = NOT_MEASURED


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
    """The outcome for every set and file, names sorted.

    planned: the sets that a dry run would convert. disk: bytes that they would take at most. work: how much they are;
    seconds: that they would take on this machine, None where nobody has estimated it. notes: sentences about
    the conversion as a whole, such as a plugin that could not be read. rules: the file of rules that was read, if
    any. mod: what is to be told of the whole.
    """

    converted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[SetFailed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    planned: tuple[str, ...] = ()
    disk: int = 0
    notes: tuple[str, ...] = field(default=(), compare=False)
    rules: Path | None = None
    mod: ModReport = NOTHING_TOLD
    work: Work = field(default=NO_WORK, compare=False)
    seconds: float | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> int:
        """0 when all went well, 1 when some sets failed (SPEC C7)."""
        return 1 if self.failed else 0


def as_json(event: Event | Summary) -> str:
    """One line for a tool: the event's name and its fields.

    >>> as_json(SetUnchanged("clutter/pot"))
    '{"event":"set_unchanged","name":"clutter/pot"}'
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    return msgspec.json.encode({"event": name, **msgspec.to_builtins(event, enc_hook=str)}).decode()
