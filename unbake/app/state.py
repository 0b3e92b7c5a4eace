"""Messages between the page and the server of the app, as JSON; viewer/src/app/contract.ts has the same types."""

from typing import Final, Literal

import msgspec

Phase = Literal["idle", "looking", "planned", "running", "stopping", "paused", "stopped", "ended", "zipping"]

Preset = Literal["skyrim", "gltf", "godot", "unreal", "unity-hdrp", "unity-urp", "blender", "remix", "png"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person chose: absolute paths of the mods, later ones override earlier ones, and of OUT; the options."""

    sources: tuple[str, ...] = ()
    out: str = ""
    preset: Preset = "skyrim"
    max_size: int | None = None
    brightness: Literal["natural", "keep"] = "natural"
    evidence: Literal["auto", "none"] = "auto"
    plugins: tuple[str, ...] = ()


NOTHING_CHOSEN: Final = Settings()


class Commands(msgspec.Struct, frozen=True):
    """The command line of each action, as a person would type it."""

    look: str = ""
    convert: str = ""
    zip: str = ""


NO_COMMANDS: Final = Commands()


class Place(msgspec.Struct, frozen=True):
    """A place to begin at. path: a folder; sources: the mods to convert where it is more than a folder, in order."""

    title: str
    path: str
    note: str = ""
    sources: tuple[str, ...] = ()


class Places(msgspec.Struct, frozen=True):
    """The usual places of this machine, and the last conversions, the latest first."""

    places: list[Place]
    recent: list[Settings]


class Item(msgspec.Struct, frozen=True):
    """A folder, or a file that can be converted, in a folder; mod: it holds a folder called textures."""

    name: str
    path: str
    folder: bool
    mod: bool = False


class Folder(msgspec.Struct, frozen=True):
    """A folder as the browser of folders shows it. out: proposed for its conversion; left: items too many to show."""

    path: str
    parent: str | None
    out: str
    items: list[Item]
    left: int = 0


class Group(msgspec.Struct, frozen=True):
    """Names that share a reason."""

    reason: str
    names: list[str]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen. disk: bytes at most; seconds: None where unknown; notes: sentences on the whole."""

    planned: list[str]
    unchanged: int
    failed: list[Group]
    skipped: list[Group]
    disk: int
    free: int
    seconds: float | None
    notes: list[str]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is: sets. seconds_left: None where unknown; slowest: the stage that the others wait for, or ""."""

    done: int
    total: int | None
    converted: int
    unchanged: int
    failed: int
    seconds_left: float | None = None
    slowest: str = ""


class SetLine(msgspec.Struct, frozen=True, kw_only=True):
    """A set of the list of results. before, after: addresses of its thumbnails below the page's, "" for none."""

    name: str
    status: Literal["converted", "unchanged", "failed"]
    before: str = ""
    after: str = ""
    confidence: float | None = None
    metal: float | None = None
    because: list[str] = []


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows.

    message: a sentence on how the last action ended. plan: counts plans; the page asks for the plan when it changes.
    run: counts lists of results; sets: those of this list from the one on that the page asked for; order: places of
    all of them, those to look at first, of which there are `wanted`. view: address of the viewer, "" for none.
    zip: the path of the zip that was made.
    """

    phase: Phase
    message: str
    settings: Settings
    commands: Commands
    plan: int
    run: int
    progress: Progress | None
    sets: list[SetLine]
    order: list[int]
    wanted: int
    view: str
    zip: str
