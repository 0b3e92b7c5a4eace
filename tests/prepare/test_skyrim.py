import json
from pathlib import Path

import numpy as np
import pytest

from unbake.data.sources import list_materials
from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.image.dds.deblock import soften_blocks
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import read_picture
from unbake.image.normals import decode_normal, encode_normal
from unbake.image.tiling import tileable_axes
from unbake.prepare.skyrim import find_pairs, import_pairs
from unbake.synth.materials import procedural
from unbake.synth.painter import STYLES, paint

SIZE = 64


def codes(*images: np.ndarray) -> np.ndarray:
    return np.rint(np.concatenate(images, -1) * 255).astype(np.uint8)


def dds(path: Path, pixels: np.ndarray, dxgi: DxgiFormat, legacy: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dds(path, [pixels], dxgi, legacy=legacy)


def vanilla(folder: Path, name: str, kind: str, mask: bool = True, diffuse: np.ndarray | None = None) -> None:
    """A set as the game ships it: BC1 diffuse, BC3 normal (green down) with a specular mask in alpha."""
    truth = procedural(kind, SIZE, 0)
    painted = paint(truth, STYLES["sun"], 0)[MapKind.DIFFUSE] if diffuse is None else diffuse
    dds(folder / f"{name}.dds", codes(painted), DxgiFormat.BC1_UNORM, legacy=True)
    alpha = truth[MapKind.ROUGHNESS] if mask else np.ones((SIZE, SIZE, 1), np.float32)
    normal = encode_normal(truth[MapKind.NORMAL], "directx")
    dds(folder / f"{name}_n.dds", codes(normal, alpha), DxgiFormat.BC3_UNORM, legacy=True)


def pbr(folder: Path, name: str, kind: str, size: int = 2 * SIZE) -> dict[MapKind, np.ndarray]:
    """A TruePBR set of the same artwork, larger, as this program exports it."""
    truth = {
        k: image.repeat(size // SIZE, 0).repeat(size // SIZE, 1)
        for k, image in procedural(kind, SIZE, 0).items()
    }
    dds(folder / f"{name}.dds", codes(truth[MapKind.ALBEDO]), DxgiFormat.BC7_UNORM_SRGB)
    dds(
        folder / f"{name}_n.dds", codes(encode_normal(truth[MapKind.NORMAL], "directx")), DxgiFormat.BC7_UNORM
    )
    packed = [truth[MapKind.ROUGHNESS], truth[MapKind.METALLIC], truth[MapKind.AO]]
    dds(folder / f"{name}_rmaos.dds", codes(*packed, np.ones_like(packed[0])), DxgiFormat.BC7_UNORM)
    dds(folder / f"{name}_p.dds", codes(truth[MapKind.HEIGHT]), DxgiFormat.BC4_UNORM)
    return truth


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A game and a mod: two pairs of one artwork, one of another, one set the game does not have."""
    root = tmp_path_factory.mktemp("game")
    old, new = root / "Data" / "Textures", root / "mod" / "textures" / "PBR"
    vanilla(old / "Architecture" / "Keep", "KeepWall01", "masonry")
    vanilla(old / "clutter", "chest", "plates", mask=False)
    vanilla(old / "landscape", "dirt01", "soil")
    pbr(new / "architecture" / "keep", "keepwall01", "masonry")
    pbr(new / "clutter", "Chest", "plates", SIZE // 2 * 2)
    pbr(new / "landscape", "dirt01", "tiles")
    pbr(new / "dungeons", "gate01", "bricks")
    return root / "Data", root / "mod"


def brought(game: tuple[Path, Path], root: Path, source: str = "mod") -> dict:
    pairs, _ = find_pairs(*game)
    place = root / "data"
    return import_pairs(
        pairs, place / "Skyrim", place / "duplicates", source=source, licence="none", workers=1
    )


@pytest.fixture(scope="module")
def made(game: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    root = tmp_path_factory.mktemp("project")
    return root / "data" / "Skyrim", brought(game, root)


def test_sets_are_paired_by_their_path_whatever_the_case(game):
    pairs, alone = find_pairs(*game)
    assert [pair.name for pair in pairs] == [
        "architecture/keep/keepwall01",
        "clutter/chest",
        "landscape/dirt01",
    ]
    assert alone == {"dungeons/gate01": "there is no vanilla diffuse of that path"}


def test_the_texture_folders_themselves_are_as_good_as_what_they_are_in(game):
    old, new = game
    assert find_pairs(old / "Textures", new / "textures" / "PBR") == find_pairs(old, new)


def test_pairs_are_kept_only_where_the_artwork_is_the_same(made):
    _, report = made
    assert [one["pair"] for one in report["kept"]] == ["architecture/keep/keepwall01", "clutter/chest"]
    (other,) = report["left_out"]
    assert (other["pair"], other["reason"]) == ("landscape/dirt01", "other artwork")
    assert other["score"] < report["threshold"] < min(one["score"] for one in report["kept"])


def test_kept_pairs_are_listed_as_the_games_materials(made):
    materials = list_materials(made[0], "skyrim")
    assert [material.id for material in materials] == ["architecture_keep/keepwall01", "clutter/chest"]
    assert all(material.own is not None and material.metal == "given" for material in materials)


@pytest.mark.parametrize("kind", [MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO, MapKind.HEIGHT])
def test_targets_come_from_their_channels_at_the_size_of_the_diffuse(made, kind):
    expected = procedural("masonry", SIZE, 0)[kind]
    actual = read_picture(made[0] / "architecture_keep" / "keepwall01" / f"{kind.value}.png").unit()
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).mean() < 4 / 255


def test_the_games_normal_points_up_after_reading_and_its_alpha_is_the_mask(made):
    truth = procedural("masonry", SIZE, 0)
    place = made[0] / "architecture_keep" / "keepwall01"
    normal = decode_normal(read_picture(place / "normal.png").unit(), "opengl")
    assert np.corrcoef(normal[..., 1].ravel(), truth[MapKind.NORMAL][..., 1].ravel())[0, 1] > 0.9
    mask = read_picture(place / "specular.png").unit()
    assert np.abs(mask - truth[MapKind.ROUGHNESS]).mean() < 4 / 255


def test_the_blocks_of_the_games_diffuse_are_softened_as_conversion_softens_them(game, made):
    stored = read_picture(game[0] / "Textures" / "Architecture" / "Keep" / "KeepWall01.dds")
    assert stored.format == "dds/bc1"
    softened = stored.pixels[..., :3].copy()
    soften_blocks(softened, tileable_axes(softened))
    assert not np.array_equal(softened, stored.pixels[..., :3])
    kept = read_picture(made[0] / "architecture_keep" / "keepwall01" / "diffuse.png")
    np.testing.assert_array_equal(kept.pixels, softened)


def test_a_constant_alpha_is_no_mask(made):
    assert not (made[0] / "clutter" / "chest" / "specular.png").exists()


def test_the_metadata_say_what_was_given_and_whose_it_is(made):
    about = json.loads((made[0] / "architecture_keep" / "keepwall01" / "metadata.json").read_text())
    told = {
        key: about[key] for key in ("source", "license", "metallic", "ao", "normal_convention", "diffuse")
    }
    assert told == {
        "source": "mod", "license": "none", "metallic": "given", "ao": "given", "normal_convention": "opengl",
        "diffuse": "own",
    }  # fmt: skip


def test_a_second_run_makes_nothing_again_but_what_changed(game, made):
    into, _ = made
    before = {path: path.stat().st_mtime_ns for path in into.rglob("*.png")}
    report = brought(game, into.parents[1])
    assert (report["kept"], report["there_already"]) == ([], 2)
    assert {path: path.stat().st_mtime_ns for path in into.rglob("*.png")} == before


def test_a_pair_that_an_earlier_version_made_is_made_again(game, tmp_path):
    brought(game, tmp_path)
    about = tmp_path / "data" / "Skyrim" / "clutter" / "chest" / "metadata.json"
    old = json.loads(about.read_text())
    del old["made_from"]["version"]
    about.write_text(json.dumps(old))
    report = brought(game, tmp_path)
    assert ([one["pair"] for one in report["kept"]], report["there_already"]) == (["clutter/chest"], 1)


def test_a_pair_of_another_mod_stays(game, made):
    report = brought(game, made[0].parents[1], "other mod")
    assert [one["reason"] for one in report["left_out"]][:2] == ["there is one of mod already"] * 2


def test_a_pair_that_was_moved_aside_is_not_made_again(game, tmp_path):
    (tmp_path / "data" / "duplicates" / "clutter" / "chest").mkdir(parents=True)
    report = brought(game, tmp_path)
    assert [one["pair"] for one in report["kept"]] == ["architecture/keep/keepwall01"]


def test_a_damaged_file_is_named_and_the_others_are_paired(tmp_path):
    old, new = tmp_path / "textures", tmp_path / "mod" / "textures" / "pbr"
    for name in ("a", "b"):
        vanilla(old / "clutter", name, "plates")
        pbr(new / "clutter", name, "plates")
    (new / "clutter" / "a_rmaos.dds").write_bytes(b"DDS ")
    report = brought((old, tmp_path / "mod"), tmp_path)
    assert [one["pair"] for one in report["failed"]] == ["clutter/a"]
    assert [one["pair"] for one in report["kept"]] == ["clutter/b"]


def test_faces_and_skin_are_not_paired(tmp_path):
    vanilla(tmp_path / "textures" / "actors" / "character", "body", "leather")
    pbr(tmp_path / "mod" / "textures" / "pbr" / "actors" / "character", "body", "leather")
    pairs, alone = find_pairs(tmp_path / "textures", tmp_path / "mod")
    assert (pairs, list(alone)) == ([], ["actors/character/body"])


def test_a_mod_without_pbr_sets_is_answered_with_what_was_expected(game, tmp_path):
    with pytest.raises(UsageError, match="_rmaos"):
        find_pairs(game[0], tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        find_pairs(game[0], tmp_path / "nowhere")
