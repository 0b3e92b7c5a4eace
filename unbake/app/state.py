"""Messages between the page and the server of the app, as JSON; viewer/src/app/contract.ts has the same types."""

from typing import Final, Literal

import msgspec

Phase = Literal["idle", "looking", "planned", "running", "stopping", "paused", "stopped", "ended", "zipping"]

Kind = Literal["folder", "mod", "archive", "Mod Organizer", "Vortex"]
"""Of a thing in a folder; the last two: all mods that a manager has put together, converted as one."""

Preset = Literal["skyrim", "gltf", "godot", "unreal", "unity-hdrp", "unity-urp", "blender", "remix", "png"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person chose: absolute paths of the mods, later ones override earlier ones, and of OUT; the options.

    profile: of Mod Organizer, None for the one that it shows. whole_game: of a manager, textures that no mod replaces
    too.
    """

    sources: tuple[str, ...] = ()
    out: str = ""
    preset: Preset = "skyrim"
    max_size: int | None = None
    brightness: Literal["natural", "keep"] = "natural"
    evidence: Literal["auto", "none"] = "auto"
    plugins: tuple[str, ...] = ()
    profile: str | None = None
    whole_game: bool = False


NOTHING_CHOSEN: Final = Settings()


class Commands(msgspec.Struct, frozen=True):
    """The command line of each action, as a person would type it."""

    look: str = ""
    convert: str = ""
    zip: str = ""


NO_COMMANDS: Final = Commands()


class Place(msgspec.Struct, frozen=True):
    """A folder to begin at."""

    title: str
    path: str


class Places(msgspec.Struct, frozen=True):
    """The account's own folders, and the last conversions, the latest first; mod managers are asked for apart."""

    places: list[Place]
    recent: list[Settings]


class Item(msgspec.Struct, frozen=True):
    """A folder or an archive in a folder; a mod is a folder with one called textures."""

    name: str
    path: str
    kind: Kind = "folder"


class Folder(msgspec.Struct, frozen=True):
    """A folder as the browser of folders shows it. left: items too many to show."""

    path: str
    kind: Kind
    parent: str | None
    items: list[Item]
    left: int = 0


class Chosen(msgspec.Struct, frozen=True):
    """What a person should know of the mods that they chose.

    out: proposed for the result. manager: which one's they are, "" for mods alone. profiles, profile: of Mod Organizer,
    and the one that it shows, else the first. advice: a sentence where they cannot be converted as they are.
    """

    out: str
    manager: Literal["", "Mod Organizer", "Vortex"] = ""
    profiles: tuple[str, ...] = ()
    profile: str | None = None
    advice: str = ""


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
    """A set of the list of results.

    before, after: addresses of its pictures below the page's, "" for none; lit: they show it lit, not its colours.
    headline: what was decided and why, or why it failed.
    """

    name: str
    status: Literal["converted", "unchanged", "failed"]
    before: str = ""
    after: str = ""
    lit: bool = False
    headline: str = ""
    warnings: list[str] = []


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
