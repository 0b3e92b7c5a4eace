"""What is known besides the pictures, through a whole conversion: who wins, what is redone, and what stays the same."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.seen import seen

from unbake.batch import stages
from unbake.batch.events import Event, Options, SetDone, Summary
from unbake.batch.journal import Journal
from unbake.batch.run import convert_folder
from unbake.convert.convert import convert_set
from unbake.convert.find import find_sets
from unbake.convert.inputs import load_inputs
from unbake.convert.predict import Seen
from unbake.domain.card import FORMAT, Card
from unbake.domain.decision import Decision
from unbake.domain.maps import MAPS_HEADS, OUTPUTS, MapKind
from unbake.errors import UsageError
from unbake.evidence.lexicon import bundled
from unbake.export.packs import load_preset, write_set
from unbake.image.dds.blocks import Effort
from unbake.image.files import read_picture, write_png
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.report.listing import read_mod

BUNDLED = Path(str(files("unbake"))) / "bundled"
SIDE = 32
SWORD, BOTTLE, WALL = "weapons/iron/sword", "clutter/glass/bottle01", "architecture/stonewall01"

GOLDEN = {
    "architecture/keep/keepbrick01.dds": "8b6981af1a21894f",
    "architecture/keep/keepbrick01_n.dds": "67ac790b731e1a3c",
    "architecture/keep/keepbrick01_p.dds": "69a0a25bd2d8719a",
    "architecture/keep/keepbrick01_rmaos.dds": "4b3fe9314081cf31",
    "clutter/toolchest01.dds": "ca4426f507d7f211",
    "clutter/toolchest01_n.dds": "2f555faef74175a5",
    "clutter/toolchest01_rmaos.dds": "7f38e792f6c9339c",
}
"""The first 16 digits of the SHA-256 of two examples' files at 64 texels, by rules, without evidence."""


class Guess:
    """A stand-in for the networks that sees some metal everywhere, and counts the sets it was asked about."""

    folder = BUNDLED
    ring = 0

    def __init__(self) -> None:
        self.card = Card(
            format=FORMAT, size="tiny", stride=8, halo=8, segformer_px=64, geometry_version=GEOMETRY_VERSION,
            classes=("wood", "metal"), use=dict.fromkeys(OUTPUTS, "network"),
        )  # fmt: skip
        self.asked = 0

    def predict_global(self, diffuse: np.ndarray, *_: Any) -> Seen:
        self.asked += 1
        return seen(diffuse.shape, (0.5, 0.5), mask=0.3, logit=-1.0)

    def predict_albedo(self, window: dict[MapKind, np.ndarray], *_: Any) -> dict[MapKind, np.ndarray]:
        return {MapKind.ALBEDO: window[MapKind.DIFFUSE]}

    def predict_maps(self, window: dict[MapKind, np.ndarray], *_: Any) -> dict[MapKind, np.ndarray]:
        return dict.fromkeys(MAPS_HEADS, window[MapKind.ALBEDO][..., :1])


def write_mod(root: Path) -> Path:
    """An iron sword with a bright mask, a glass bottle with a black one, and a wall."""
    random = np.random.default_rng(2)
    for name in (SWORD, BOTTLE, WALL):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_png(root / f"{name}.png", 0.2 + 0.2 * random.random((SIDE, SIDE, 3), np.float32))
        write_png(root / f"{name}_n.png", 0.5 + 0.1 * random.random((SIDE, SIDE, 3), np.float32))
    write_png(root / f"{SWORD}_m.png", np.ones((SIDE, SIDE, 1), np.float32))
    write_png(root / f"{BOTTLE}_m.png", np.zeros((SIDE, SIDE, 1), np.float32))
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_mod(tmp_path / "in" / "textures")


def convert(
    root: Path, out: Path, predictor: Any = "rules", **options: Any
) -> tuple[Summary, dict[str, bool]]:
    """What became of it, and of each converted set whether its maps were made for it."""
    events: list[Event] = []
    chosen = Options(**{"preset": "png", "threads": 1, **options})
    summary = convert_folder(root, out, chosen, events.append, predictor=predictor)
    return summary, {event.name: event.inferred for event in events if isinstance(event, SetDone)}


def decision(out: Path, name: str) -> Decision:
    record = Journal(out, "png").record(name)
    assert record is not None
    assert record.report.decided is not None
    return record.report.decided


def metal(out: Path, name: str) -> float:
    return float(read_picture(out / f"{name}_metallic.png").pixels.mean()) / 255


def pictures(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*_*.png"))}


class TestNone:
    def test_the_bytes_are_those_of_before_evidence(self, tmp_path: Path):
        options = Options(
            threads=1, effort=Effort.FAST, max_size=64, evidence="none",
            include=("architecture/keep/keepbrick01", "clutter/toolchest01"),
        )  # fmt: skip
        convert_folder(BUNDLED / "examples" / "legacy", tmp_path / "mod", options, predictor="rules")
        pbr = tmp_path / "mod" / "textures" / "pbr"
        found = {
            path.relative_to(pbr).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            for path in pbr.rglob("*.dds")
        }
        assert found == GOLDEN

    def test_nothing_but_the_networks_maps_is_written(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "out", Guess(), evidence="none")
        for files_of in find_sets(root)[0]:
            converted = convert_set(load_inputs(files_of), Guess())
            write_set(
                converted.maps.codes,
                files_of.name,
                tmp_path / "by_hand",
                load_preset("png"),
                wrap=converted.wrap,
            )
        made = pictures(tmp_path / "out")
        by_hand = pictures(tmp_path / "by_hand")
        assert len(by_hand) > 0
        assert {name: made[name] for name in by_hand} == by_hand

    def test_it_is_not_told_where_it_was_not_asked(self, root: Path, tmp_path: Path):
        summary, _ = convert(root, tmp_path / "out", evidence="none")
        record = Journal(tmp_path / "out", "png").record(SWORD)
        assert record is not None
        assert (summary.mod.level, record.report.decided) == ("", None)


class TestPerson:
    def test_a_person_beats_mask_name_and_networks(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "without", Guess())
        said = (f"{SWORD}: metal=none", f"{BOTTLE}: metal=all", f"{WALL}: metal=all")
        convert(root, tmp_path / "said", Guess(), hints=said)
        names = (SWORD, BOTTLE, WALL)
        assert [metal(tmp_path / "without", name) > 0.5 for name in names] == [True, False, False]
        assert [metal(tmp_path / "said", name) for name in names] == [0, 1, 1]
        assert {decision(tmp_path / "said", name).by for name in names} == {"person"}

    def test_a_person_beats_the_level_that_was_estimated(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "out", hints=("*: painted=dark", f"{WALL}: painted=-1"))
        assert "1.5 stops dark (as told)" in decision(tmp_path / "out", SWORD).level
        assert "1.0 stops dark (as told)" in decision(tmp_path / "out", WALL).level

    def test_a_material_sets_what_is_not_said_otherwise(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "out", hints=(f"{WALL}: material=brass finish=polished",))
        found = decision(tmp_path / "out", WALL)
        assert (found.material, found.finish, metal(tmp_path / "out", WALL) > 0.5) == (
            "bronze",
            "polished",
            True,
        )

    def test_a_material_that_nobody_knows_is_refused_with_words_like_it(self, root: Path, tmp_path: Path):
        with pytest.raises(
            UsageError, match=r"^Expected a material that the lexicon knows, got 'ironn'; .*\biron\b"
        ):
            convert(root, tmp_path / "out", hints=("*: material=ironn",))
        assert not (tmp_path / "out").exists()

    def test_a_pattern_without_a_texture_is_told_even_where_only_some_are_converted(
        self, root: Path, tmp_path: Path
    ):
        said = ("weapon/*: metal=all", f"{WALL}: metal=none")
        summary, _ = convert(root, tmp_path / "out", hints=said, include=("clutter/*",))
        assert summary.mod.unmatched == ("weapon/*",)
        assert read_mod(tmp_path / "out") == summary.mod


class TestReasons:
    def test_the_report_says_what_was_decided_beside_what_the_picture_said(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "out", Guess())
        found = decision(tmp_path / "out", SWORD)
        assert (found.by, found.metal > 0.9, found.alone < 0.5) == ("companion", True, True)
        assert "mask" in found.how
        assert any("iron" in clause for clause in found.because)
        assert found.level in read_mod(tmp_path / "out").sentences()[0]

    def test_a_mask_and_a_name_that_disagree_are_told(self, root: Path, tmp_path: Path):
        shutil.copy(root / f"{BOTTLE}_m.png", root / f"{SWORD}_m.png")
        convert(root, tmp_path / "out", Guess())
        assert decision(tmp_path / "out", SWORD).conflict == "Its name speaks of metal, its mask of none."
        assert decision(tmp_path / "out", BOTTLE).conflict == ""


class TestSame:
    def test_the_order_and_number_of_runs_change_nothing(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "whole")
        for shard in ((2, 2), (1, 2)):
            convert(root, tmp_path / "parts", shard=shard)
        for name in (WALL, SWORD, BOTTLE):
            convert(root, tmp_path / "single", include=(name,))
        assert pictures(tmp_path / "whole") == pictures(tmp_path / "parts") == pictures(tmp_path / "single")

    def test_the_level_is_that_of_the_whole_mod(self, root: Path, tmp_path: Path):
        levels = [
            convert(root, tmp_path / f"out{number}", **options)[0].mod.level
            for number, options in enumerate(({}, {"include": (WALL,)}, {"shard": (1, 2)}, {"dry_run": True}))
        ]
        assert len(set(levels)) == 1
        assert "from 3 textures" in levels[0]


class TestAgain:
    @pytest.mark.parametrize("hint", ["metal=none", "finish=rough", "material=gold", "painted=bright"])
    def test_a_hint_packs_its_set_anew_without_the_networks(self, root: Path, tmp_path: Path, hint: str):
        guess = Guess()
        convert(root, tmp_path / "out", guess)
        asked = guess.asked
        summary, inferred = convert(root, tmp_path / "out", guess, hints=(f"{WALL}: {hint}",))
        assert (inferred, len(summary.unchanged), guess.asked) == ({WALL: False}, 2, asked)

    def test_what_a_hint_packs_anew_is_what_it_gives_from_the_start(self, root: Path, tmp_path: Path):
        said = {"hints": (f"{WALL}: metal=some finish=rough",)}
        convert(root, tmp_path / "again", Guess())
        convert(root, tmp_path / "again", Guess(), **said)
        convert(root, tmp_path / "anew", Guess(), **said)
        assert pictures(tmp_path / "again") == pictures(tmp_path / "anew")

    def test_another_lexicon_packs_anew_without_the_networks(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        guess = Guess()
        convert(root, tmp_path / "out", guess)
        asked = guess.asked
        monkeypatch.setattr(stages, "bundled", lambda: msgspec.structs.replace(bundled(), version="another"))
        _, inferred = convert(root, tmp_path / "out", guess)
        assert (inferred, guess.asked) == (dict.fromkeys((SWORD, BOTTLE, WALL), False), asked)

    @pytest.mark.parametrize("change", ["edit", "remove"])
    def test_a_companion_that_changed_converts_its_set_again(self, root: Path, tmp_path: Path, change: str):
        convert(root, tmp_path / "out", Guess())
        mask = root / f"{SWORD}_m.png"
        ways: dict[str, Callable[[], Any]] = {
            "edit": lambda: write_png(mask, np.eye(SIDE, dtype=np.float32)[..., None]),
            "remove": mask.unlink,
        }
        ways[change]()
        summary, _ = convert(root, tmp_path / "out", Guess())
        assert SWORD in summary.converted

    def test_a_journal_without_reasons_is_still_read(self, root: Path, tmp_path: Path):
        convert(root, tmp_path / "out")
        journal = tmp_path / "out" / "unbake-journal.jsonl"
        lines = [msgspec.json.decode(line) for line in journal.read_bytes().splitlines()]
        for line in lines:
            del line["report"]["decided"]
        journal.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        record = Journal(tmp_path / "out", "png").record(WALL)
        assert record is not None
        assert replace(record.report, decided=None) == record.report
