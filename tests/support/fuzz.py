"""Throws damaged files at one reader of the package, from a small corpus and a fixed seed; prints JSON.

python -m support.fuzz READER FOLDER COUNT SEED

A reader may return, or raise an error of ours, which is one sentence. Anything else is a crash; more than HANG_S for
one input is a hang. The input under test lies in FOLDER, for the case that the whole process dies of it.
"""

import io
import json
import math
import os
import random
import signal
import struct
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import msgspec
import numpy as np
from PIL import Image

from unbake.errors import FileError, UnbakeError

HANG_S = 20
MEMORY = 6 << 30
"""Bytes of address space of the process: a reader that asks for more crashes."""

SPECIAL = (
    b"\xff",
    b"\x00",
    b"[" * 3000,
    b'{"a":' * 2000,
    b"nan",
    b"1e999",
    b"-1",
    b"99999999999999999999",
    b'"""',
    b"../../x",
)


class Reader(NamedTuple):
    """corpus: whole files. read: a function of the path of a file. name: of that file."""

    name: str
    corpus: Callable[[], list[bytes]]
    read: Callable[[Path], object]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A file with one to four damages: bits, bytes, numbers at their limits, stretches cut, doubled or foreign."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(7):
            case 0 if changed:
                changed[place % len(changed)] ^= 1 << chance.randrange(8)
            case 1 if changed:
                changed[place % len(changed)] = chance.randrange(256)
            case 2:
                number = chance.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.getrandbits(32)))
                changed[place : place + 4] = struct.pack("<I", number)
            case 3:
                del changed[place:]
            case 4:
                del changed[place : place + chance.randint(1, 64)]
            case 5:
                changed[place:place] = changed[place : place + chance.randint(1, 64)]
            case _:
                changed[place:place] = chance.choice(SPECIAL)
    return bytes(changed)


def _picture(kind: str, mode: str = "RGBA", **options: Any) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 4), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def _dds() -> list[bytes]:
    from unbake.image.dds.encode import encode_dds
    from unbake.image.dds.formats import DxgiFormat

    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 4), np.uint8)
    files = [_picture("DDS"), _picture("DDS", "L")]
    for wanted in DxgiFormat:
        try:
            files.append(encode_dds([pixels], wanted))
        except (UnbakeError, KeyError, ValueError, TypeError):
            continue  # a format that is read and not written
    return files


def _pictures() -> list[bytes]:
    tga = [_picture("TGA", mode, compression=how) for mode in ("RGB", "L") for how in (None, "tga_rle")]
    return [*tga, _picture("PNG"), _picture("PNG", "L"), _picture("PNG", "P"), _picture("JPEG", "RGB")]


def _decode(path: Path) -> object:
    from unbake.image.dds.decode import not_flat
    from unbake.image.files import decode_picture, picture_size

    data = path.read_bytes()
    not_flat(data)
    picture_size(data[:4096], "x")
    return decode_picture(data, "x")


def _journal_lines() -> list[bytes]:
    from unbake.batch.journal import Failure, Record
    from unbake.report.page import SetReport

    done = Record(
        name="pot",
        preset="png",
        key="k",
        inference="i",
        outputs=["pot.png"],
        report=SetReport("pot"),
        entry={"a": 1},
    )
    lines = [done, Failure(name="pan", preset="png", message="no"), done]
    return [b"".join(msgspec.json.encode(line) + b"\n" for line in lines)]


def _journal(path: Path) -> object:
    from unbake.batch.journal import Journal

    journal = Journal(path.parent, "png")
    return journal.finished("pot", "k"), journal.failure("pan"), journal.entries(), journal.inferences()


def _package_file(name: str) -> bytes:
    import unbake

    return (Path(unbake.__file__).parent / name).read_bytes()


def _card(path: Path) -> object:
    from unbake.convert.bundle import read_card

    return read_card(path.parent)


def _recipe(path: Path) -> object:
    from unbake.recipe import load

    return load(str(path))


def _rules(path: Path) -> object:
    from unbake.export.rules import load_rules

    return load_rules(path.parent, path)


def _preset(path: Path) -> object:
    from unbake.export.packs import load_preset

    return load_preset(path)


def _metadata(path: Path) -> object:
    from unbake.data.sources import list_materials

    place = path.parent / "wood" / "oak"
    if not place.is_dir():
        place.mkdir(parents=True)
        for stem in ("basecolor", "normal", "diffuse"):
            (place / f"{stem}.png").write_bytes(_picture("PNG"))
    (place / "metadata.json").write_bytes(path.read_bytes())
    return list_materials(path.parent)


def _index(path: Path) -> object:
    from unbake.data.cache_format import read_index

    return read_index(path.parent)


def _an_index() -> list[bytes]:
    from unbake.data.cache_format import FORMAT_VERSION, Entry, Index
    from unbake.image.geometry import GEOMETRY_VERSION

    entry = Entry(
        "wood/oak",
        "wood",
        "train",
        "s",
        "l",
        "k",
        "f",
        1.0,
        8,
        8,
        (True, True),
        (),
        (),
        ("given",),
        (True,),
        (False,),
        ("s/given",),
        (0.5,),
        (("a", 1, 2),),
    )
    return [msgspec.json.encode(Index(FORMAT_VERSION, GEOMETRY_VERSION, "matsynth", (entry,)))]


def _edids(path: Path) -> object:
    from unbake.export.landscape import read_edid_map

    return read_edid_map(path)


def _plugin(path: Path) -> object:
    from unbake.evidence.plugins import ground_editor_ids, keywords, read_plugins

    order = read_plugins([path])
    return ground_editor_ids(order), keywords(order, ["armor/iron/cuirass"])


def _plugins() -> list[bytes]:
    from support import plugin_files as made

    sets = [
        made.texture_set(0x800, "Dirt", "landscape/dirt.dds", "landscape/dirt_n.dds", flags=flags)
        for flags in (0, made.COMPRESSED)
    ]
    worn = made.record(
        "ARMO", 0x802, made.text("EDID", "Iron"), made.forms("KWDA", 0x803), made.model("MO2T", ["a/b"])
    )
    groups = [made.group("TXST", *sets), made.group("LTEX", made.ground(0x801, "Dirt", 0x800))]
    return [made.plugin(*groups, made.group("ARMO", worn), masters=("Skyrim.esm",)), made.plugin()]


def _bsa_name(path: Path) -> object:
    from unbake.files import safe_join

    return safe_join(path.parent, path.read_bytes().decode("latin-1"))


def _history(path: Path) -> object:
    from unbake.recipe.history import read_history

    return read_history(path.read_bytes().decode("utf-8", "replace"))


def _states(path: Path) -> object:
    from unbake.train.state_files import check_sound

    (path.parent / "A0_last.safetensors").write_bytes(b"weights")
    return check_sound(path.parent / "A0_last.safetensors", path.parent / "A0_last.safetensors")


def _provenance(path: Path) -> object:
    from unbake.batch.provenance import read_provenance

    (path.parent / ".unbake").mkdir(exist_ok=True)
    (path.parent / ".unbake" / "origin.json").write_bytes(path.read_bytes())
    return read_provenance(path.parent)


def _listing(path: Path) -> object:
    from unbake.report.listing import read_listing

    return read_listing(path.parent)


def _a_listing() -> list[bytes]:
    from unbake.report.listing import listing
    from unbake.report.page import SetReport

    return [listing([SetReport("pot"), SetReport("pan", "failed", "no"), SetReport("x", "skipped", "no")])]


def _zips() -> list[bytes]:
    files = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", method) as archive:
            archive.writestr("textures/pot.dds", b"pot" * 50)
            archive.writestr("textures/стены.dds", b"pan" * 50)
        files.append(data.getvalue())
    return files


def _zip(path: Path) -> object:
    from unbake.convert.zipped import Zip

    try:
        archive = Zip(path)
        return [archive.read(name, first) for name in archive.names for first in (4, None)]
    except OSError as error:  # which `convert.archives` tells in a sentence
        raise FileError(str(error)) from error


def _instance(path: Path) -> object:
    from unbake.convert.mod_organizer import profiles_of, read_instance, selected_profile

    profile = path.parent / "profiles" / "A"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "modlist.txt").write_bytes(MODLIST)
    return profiles_of(path.parent), selected_profile(path.parent), read_instance(path.parent)


def _modlist(path: Path) -> object:
    from unbake.convert.game_view import load_order_of, view

    profile = path.parent / "profiles" / "A"
    profile.mkdir(parents=True, exist_ok=True)
    (path.parent / "mods").mkdir(exist_ok=True)
    (profile / "modlist.txt").write_bytes(path.read_bytes())
    order = load_order_of([path.parent])
    assert order is not None
    return view(order, path.parent / "out")


def _deployment(path: Path) -> object:
    from unbake.convert.game_view import load_order_of, view

    order = load_order_of([path.parent])
    assert order is not None
    return view(order, path.parent / "out")


def _patches(path: Path) -> object:
    from unbake.convert.covered import covered
    from unbake.convert.load_order import LoadOrder, Mod, merge

    written = path.parent / "Mod" / "PBRNIFPatcher"
    written.mkdir(parents=True, exist_ok=True)
    (written / "a.json").write_bytes(path.read_bytes())
    order = LoadOrder("a list", (Mod("Mod", path.parent / "Mod"),))
    return covered(order, merge(order)).by("clutter/pot")


INI = b"[General]\r\nselected_profile=A\r\ngamePath=@ByteArray(C:\\\\G\\xc3)\r\nmod_directory=%BASE_DIR%/m\n"
MODLIST = "# by a program\r\n+One\r\n-Two\r\n*DLC: Dawnguard\r\n+Ünï_separator\r\n+Drei\r\n".encode()
DEPLOYED = b'{"version": 1, "files": [{"relPath": "textures\\\\pot.dds", "source": "Mod-1", "target": "", "time": 1}]}'
PATCHES = [
    b'[{"texture": "clutter\\\\pot", "rename": "a"}, {"match_normal": "pot_n"}, {"path_contains": "clutter"}]',
    b'{"default": {"parallax": true}, "entries": [{"match_diffuse": "pot"}]}',
]

RULES = b'[ao]\nstrength = 0.5\n[[rules]]\nmatch = "*rock*"\nroughness = {bias = 0.1, invert = true}\n'
HISTORY = b'{"epoch": 0, "mat_val_loss": 0.5, "sky_val_loss": 0.1}\n{"epoch": 1, "mat_val_loss": NaN}\n'
TABLE = b"| Epoch | sky_val_loss |\n|---|---|\n| 14 | 0.1 |\n"
STATES = b'{"states": [{"sha256": "ab", "epoch": 1, "step": 2}]}'
EDIDS = b'landscape/dirt02 = LandscapeDirt02  # mine\n"textures\\\\landscape\\\\grass.dds" = LGrass\n'
PLACE = b'{"preset": "skyrim", "inference": {}, "rules": "x", "adjust": [], "sets": []}'
ABOUT = b'{"name": "oak", "tileable": true, "metallic": "zero", "source": "a/b@c", "family": "f", "diffuse": "own"}'
NAMES = [b"textures\\clutter\\pot.dds", "textures/é/ü.dds".encode(), b"textures\\con\\a.dds"]

READERS: dict[str, Reader] = {
    "DDS": Reader("x.dds", _dds, _decode),
    "PNG, TGA, JPEG": Reader("x.png", _pictures, _decode),
    "journal": Reader("unbake-journal.jsonl", _journal_lines, _journal),
    "card": Reader("card.json", lambda: [_package_file("bundled/card.json")[:1_000_000]], _card),
    "recipe": Reader(
        "mine.toml", lambda: [_package_file(f"recipe/phases/{name}.toml") for name in "AB"], _recipe
    ),
    "rules": Reader("unbake.toml", lambda: [RULES], _rules),
    "preset": Reader(
        "mine.toml", lambda: [_package_file(f"export/presets/{n}.toml") for n in ("skyrim", "png")], _preset
    ),
    "metadata.json": Reader("about.json", lambda: [ABOUT], _metadata),
    "cache index": Reader("index.json", _an_index, _index),
    "editor IDs": Reader("edids.txt", lambda: [EDIDS], _edids),
    "plugin": Reader("x.esp", _plugins, _plugin),
    "archive names": Reader("name", lambda: NAMES, _bsa_name),
    "history": Reader("metrics.jsonl", lambda: [HISTORY, TABLE], _history),
    "state hashes": Reader("A0_last.json", lambda: [STATES], _states),
    "provenance": Reader("origin", lambda: [PLACE], _provenance),
    "report": Reader("report.json", _a_listing, _listing),
    "zip": Reader("x.zip", _zips, _zip),
    "Mod Organizer": Reader("ModOrganizer.ini", lambda: [INI], _instance),
    "mod list": Reader("modlist", lambda: [MODLIST], _modlist),
    "Vortex": Reader("vortex.deployment.json", lambda: [DEPLOYED], _deployment),
    "PGPatcher": Reader("pbr.json", lambda: PATCHES, _patches),
}


class Hang(BaseException):
    """A reader took too long."""


def fuzz(reader: Reader, folder: Path, count: int, seed: int, seconds: float) -> dict[str, Any]:
    """Run a reader on mutated files; how many, and what crashed or hung. seconds: at most, once the corpus is read."""

    def alarm(number: int, frame: FrameType | None) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, alarm)
    chance, corpus = random.Random(seed), reader.corpus()
    crashes, hangs, done, until = [], [], 0, math.inf
    path = folder / reader.name
    for number in range(count):
        if number == len(corpus):
            until = time.monotonic() + seconds
        if time.monotonic() > until:
            break
        data = corpus[number] if number < len(corpus) else mutated(chance.choice(corpus), chance)
        path.write_bytes(data)
        done += 1
        signal.alarm(HANG_S)
        try:
            reader.read(path)
        except UnbakeError as error:
            if "\n" in str(error).strip():
                crashes.append(f"more than a sentence: {error}")
        except Hang:
            hangs.append(f"input {number} of seed {seed}")
        except BaseException as error:
            crashes.append(f"input {number} of seed {seed}: {type(error).__name__}: {str(error)[:200]}")
        finally:
            signal.alarm(0)
        if len(crashes) + len(hangs) >= 5:
            break
    return {"executions": done, "crashes": crashes, "hangs": hangs}


if __name__ == "__main__":
    import resource

    which, where, count, seed, seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(json.dumps(fuzz(READERS[which], Path(where), int(count), int(seed), float(seconds))))
