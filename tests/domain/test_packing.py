from importlib import resources

import pytest

from unbake.domain.maps import MapKind
from unbake.domain.packing import Channel, read_channel, read_preset, relative_name
from unbake.errors import RecipeError, TextureSetError

GOOD = """
name = "x"
about = "a preset"
normal = "opengl"
sides = "keep"
[[files]]
suffix = "_mask"
channels = ["metallic", "ao", 0.0, "1-roughness"]
format = "png8"
"""


def shipped():
    return [
        path
        for path in (resources.files("unbake.export") / "presets").iterdir()
        if path.name.endswith(".toml")
    ]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_every_preset_that_ships_is_read_and_named_as_its_file(path):
    assert read_preset(path.read_text("utf-8"), path.name).name + ".toml" == path.name


def test_channels_are_read_with_their_component_and_direction():
    (file,) = read_preset(GOOD, "x").files
    assert file.sources == (
        Channel(MapKind.METALLIC),
        Channel(MapKind.AO),
        Channel(None),
        Channel(MapKind.ROUGHNESS, inverted=True),
    )
    assert file.maps == (MapKind.METALLIC, MapKind.AO, MapKind.ROUGHNESS)


@pytest.mark.parametrize(
    ("channel", "word"),
    [
        ("gloss", "names no map"),
        ("albedo", "albedo.r or"),
        ("ao.r", "should be ao"),
        ("albedo.a", "albedo.b"),
        (2.0, "0.0"),
    ],
)
def test_a_channel_that_says_nothing_we_know_is_an_error(channel, word):
    with pytest.raises(ValueError, match=word):
        read_channel(channel)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('sides = "keep"', 'sides = "keep"\nside = 4', ["unknown field `side`"]),
        ('suffix = "_mask"', 'suffix = "_mask"\nsufix = "_m"', ["unknown field `sufix`", "$.files[0]"]),
        ('"png8"', '"png9"', ["png9", "$.files[0].format"]),
        ('"opengl"', '"vulkan"', ["vulkan", "$.normal"]),
        ('about = "a preset"', "about = 3", ["str", "$.about"]),
        ("0.0", "-0.5", ["between 0.0 and 1.0", "$.files[0]"]),
        ('"ao"', '"a0"', ["'a0' names no map", "$.files[0]"]),
        ('"png8"', '"bc7_unorm_srgb"', ["only colour is stored as sRGB"]),
        ('"png8"', '"bc4_unorm"', ["holds 1 channels, not 4"]),
        ('"png8"', '"bc7_unorm"', ['must be "power_of_two"']),
        ('"png8"', '"png8"\nopaque_format = "bc1_unorm"', ["same kind as format"]),
        ("name =", "name", ["line 2"]),
    ],
)
def test_anything_wrong_is_an_error_that_names_file_and_place(old, new, words):
    with pytest.raises(RecipeError) as caught:
        read_preset(GOOD.replace(old, new, 1), "mine.toml")
    for word in ["mine.toml", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "channels",
    [
        '["normal.g", "normal.r", "normal.b"]',
        '["normal.r", "normal.g", "ao"]',
        '["normal.r", "1-normal.g", "normal.b"]',
    ],
)
def test_a_normal_fills_its_file_in_order(channels):
    text = GOOD.replace('["metallic", "ao", 0.0, "1-roughness"]', channels)
    with pytest.raises(RecipeError, match="first three channels"):
        read_preset(text, "x")


def test_two_files_of_one_name_are_an_error():
    with pytest.raises(RecipeError, match="same suffix"):
        read_preset(GOOD + GOOD[GOOD.index("[[") :], "x")


@pytest.mark.parametrize(
    ("index", "colour"), [(0, "srgb"), (1, "normal"), (2, "linear"), (3, "linear"), (4, "srgb")]
)
def test_how_a_file_is_averaged_follows_from_its_maps(index, colour):
    text = (resources.files("unbake.export") / "presets/skyrim.toml").read_text("utf-8")
    assert read_preset(text, "skyrim").files[index].colour == colour


@pytest.mark.parametrize("folder", ["../x", "/etc", "a/../../b", "C:/x", "aux"])
def test_a_preset_cannot_write_outside_its_folder(folder):
    with pytest.raises(RecipeError, match="should lie inside OUT"):
        read_preset(f"folder = {folder!r}\n{GOOD}", "x")


@pytest.mark.parametrize("suffix", ["/../../x", "\\\\x", ":x", "_a."])
def test_a_suffix_is_no_path(suffix):
    with pytest.raises(RecipeError, match="should hold letters"):
        read_preset(GOOD.replace('suffix = "_mask"', f'suffix = "{suffix}"'), "x")


@pytest.mark.parametrize(
    "name", ["", "/etc/x", "..", "a/../../b", "a\\..\\b", "C:\\x", "\\\\host\\x", "a/c:/x", "aux/h", "t./i"]
)
def test_a_name_that_leads_out_of_its_folder_is_refused(name):
    with pytest.raises(TextureSetError):
        relative_name(name)
