import pytest

from unbake.domain.texture_paths import below_textures, is_texture, unsupported_folder


def test_the_deepest_textures_folder_counts() -> None:
    assert below_textures(["mods", "Textures", "a", "TEXTURES", "clutter", "pot.dds"]) == (
        "clutter",
        "pot.dds",
    )


def test_without_a_textures_folder_there_is_no_game_path() -> None:
    assert below_textures(["mods", "textures.dds"]) is None


@pytest.mark.parametrize(
    "folder",
    [
        "Interface/map", "effects", "sky", "terrain/tamriel", "cubemaps", "actors/character/female",
        "PBR/clutter", "architecture/lod", "actors/FaceGenData/x",
    ],
)  # fmt: skip
def test_folders_that_hold_no_surfaces_give_a_reason(folder: str) -> None:
    assert unsupported_folder(folder.split("/"))


@pytest.mark.parametrize("folder", ["landscape", "actors/dragon", "clutter/effects", "architecture/terrain"])
def test_other_folders_are_converted(folder: str) -> None:
    assert unsupported_folder(folder.split("/")) is None


def test_texture_files_are_known_by_extension_in_any_case() -> None:
    assert [is_texture(name) for name in ("a.DDS", "a.png", "a.nif", "dds")] == [True, True, False, False]


def test_records_of_macos_are_no_textures() -> None:
    assert not is_texture("._rock.dds")
