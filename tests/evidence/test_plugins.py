"""Plugins: what they say of textures, in which order, and what becomes of damaged ones."""

import importlib.util
import random
import struct
import time
import zlib

import pytest
from support import plugin_files as made
from support.plugin_files import written

from unbake.errors import FileError, UsageError
from unbake.evidence import keywords as table
from unbake.evidence.plugin_file import LONGEST_GROUP, LONGEST_RECORD, MOST_RECORDS, FormId, read_plugin
from unbake.evidence.plugins import (
    ground_editor_ids,
    keywords,
    read_plugins,
    texture_hash,
    texture_key,
)
from unbake.export.landscape import read_edid_map, write_landscape
from unbake.export.pgpatcher import entry

OWN = 0x01000000
"""Form IDs that a plugin with one master defines itself."""


def master_with_ground() -> bytes:
    return made.plugin(
        made.group("TXST", made.texture_set(0x800, "LandscapeDirt02", r"Landscape\Dirt02.dds")),
        made.group("LTEX", made.ground(0x900, "LDirt02", 0x800)),
        flags=made.MASTER,
    )


def iron_sword(worn: bytes, *, named: int = 0x1E718, flags: int = 0) -> bytes:
    sword = made.record(
        "WEAP", 0x1000, made.text("EDID", "IronSword"), worn, made.forms("KWDA", named), flags=flags
    )
    return made.group("WEAP", sword)


# ── The ground ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_texture_set_that_a_ground_uses_gives_its_editor_id(tmp_path):
    order = read_plugins(written(tmp_path, game_esm=master_with_ground()))
    assert ground_editor_ids(order) == {"landscape/dirt02": ("LandscapeDirt02",)}
    assert order.notes == ()


def test_a_texture_set_that_no_ground_uses_gives_none(tmp_path):
    plugin = made.plugin(made.group("TXST", made.texture_set(0x800, "Rug", r"Clutter\Rug.dds")))
    assert ground_editor_ids(read_plugins(written(tmp_path, a_esp=plugin))) == {}


def test_a_later_plugin_overrides_a_texture_set_of_its_master(tmp_path):
    override = made.plugin(
        made.group("TXST", made.texture_set(0x800, "LandscapeDirt02", r"landscape\mud01.dds")),
        masters=["Game.esm"],
    )
    order = read_plugins(written(tmp_path, game_esm=master_with_ground(), mod_esp=override))
    assert ground_editor_ids(order) == {"landscape/mud01": ("LandscapeDirt02",)}


def test_one_number_in_two_plugins_is_two_records(tmp_path):
    other = made.plugin(
        made.group("TXST", made.texture_set(OWN | 0x800, "ModMoss", r"landscape\moss01.dds")),
        made.group("LTEX", made.ground(OWN | 0x900, "LMoss", OWN | 0x800)),
        masters=["GAME.esm"],
    )
    order = read_plugins(written(tmp_path, game_esm=master_with_ground(), mod_esp=other))
    assert ground_editor_ids(order) == {
        "landscape/dirt02": ("LandscapeDirt02",),
        "landscape/moss01": ("ModMoss",),
    }


def test_a_ground_may_use_the_texture_set_of_another_master(tmp_path):
    ground = made.plugin(
        made.group("LTEX", made.ground(0x02000901, "LOther", 0x01000800)), masters=["empty.esm", "game.esm"]
    )
    sets = made.plugin(made.group("TXST", made.texture_set(0x800, "Set", r"landscape\a.dds")))
    files = written(tmp_path, empty_esm=made.plugin(), game_esm=sets, mod_esp=ground)
    assert ground_editor_ids(read_plugins(files)) == {"landscape/a": ("Set",)}


def test_several_texture_sets_of_one_texture_come_in_load_order(tmp_path):
    more = made.plugin(
        made.group("TXST", made.texture_set(OWN | 0x801, "AAGrass", r"textures\landscape\DIRT02.DDS")),
        made.group("LTEX", made.ground(OWN | 0x901, "LGrass", OWN | 0x801)),
        masters=["game.esm"],
    )
    files = written(tmp_path, game_esm=master_with_ground(), mod_esp=more)
    assert ground_editor_ids(read_plugins(files)) == {"landscape/dirt02": ("LandscapeDirt02", "AAGrass")}


def test_a_texture_set_without_a_diffuse_gives_none(tmp_path):
    plugin = made.plugin(
        made.group(
            "TXST", made.record("TXST", 0x800, made.text("EDID", "Set"), made.text("TX01", "a_n.dds"))
        ),
        made.group("LTEX", made.ground(0x900, "L", 0x800)),
    )
    order = read_plugins(written(tmp_path, a_esp=plugin))
    assert order.records[FormId("a.esp", 0x800)].textures == ("", "a_n.dds")
    assert ground_editor_ids(order) == {}


def test_a_deleted_override_takes_the_texture_set_away(tmp_path):
    deleted = made.plugin(
        made.group("TXST", made.record("TXST", 0x800, flags=made.DELETED)), masters=["game.esm"]
    )
    order = read_plugins(written(tmp_path, game_esm=master_with_ground(), mod_esp=deleted))
    assert ground_editor_ids(order) == {}


def test_a_texture_set_that_names_a_pbr_texture_counts_for_the_texture_it_stands_for(tmp_path):
    pbr = made.plugin(
        made.group("TXST", made.texture_set(0x800, "LandscapeDirt02", r"textures\PBR\Landscape\Dirt02.dds")),
        masters=["game.esm"],
    )
    order = read_plugins(written(tmp_path, game_esm=master_with_ground(), mod_esp=pbr))
    assert ground_editor_ids(order) == {"landscape/dirt02": ("LandscapeDirt02",)}


@pytest.mark.parametrize("editor_id", ["../evil", "", "a b", "NUL", "x" * 300, "C:evil"])
def test_an_editor_id_that_cannot_be_a_file_name_is_left_out(tmp_path, editor_id):
    plugin = made.plugin(
        made.group("TXST", made.texture_set(0x800, editor_id, "landscape/a.dds")),
        made.group("LTEX", made.ground(0x900, "LA", 0x800)),
    )
    assert ground_editor_ids(read_plugins(written(tmp_path, a_esp=plugin))) == {}


def test_editor_ids_of_plugins_are_what_the_export_takes(tmp_path):
    known = ground_editor_ids(read_plugins(written(tmp_path, game_esm=master_with_ground())))
    (tmp_path / "map.txt").write_text("landscape/dirt02 = LandscapeDirt02\n")
    pbr = entry("landscape/dirt02", parallax=True, emissive=False)
    assert known == read_edid_map(tmp_path / "map.txt")
    assert write_landscape(tmp_path, [pbr], known) == {}
    assert (tmp_path / "PBRTextureSets" / "LandscapeDirt02.json").is_file()


# ── The file ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("flags", [0, made.COMPRESSED])
def test_a_compressed_record_reads_like_a_plain_one(tmp_path, flags):
    plugin = made.plugin(made.group("TXST", made.texture_set(0x800, "Set", "a.dds", "a_n.dds", flags=flags)))
    (record,) = read_plugin(written(tmp_path, a_esp=plugin)[0]).records
    assert (record.editor_id, record.textures) == ("Set", ("a.dds", "a_n.dds"))


def test_a_localised_plugin_reads_like_any_other(tmp_path):
    named = made.record("KYWD", 0x801, made.text("EDID", "Word"), made.forms("FULL", 77))
    plugin = made.plugin(made.group("KYWD", named), flags=made.LOCALISED)
    read = read_plugin(written(tmp_path, a_esp=plugin)[0])
    assert read.is_localised and read.records[0].editor_id == "Word"


@pytest.mark.parametrize(("name", "flags"), [("light_esl", 0), ("light_esp", made.LIGHT)])
def test_records_of_a_light_plugin_are_found_from_others(tmp_path, name, flags):
    light = made.plugin(
        made.group("TXST", made.texture_set(OWN | 0xFFF, "LightSet", "landscape/a.dds")),
        masters=["game.esm"],
        flags=flags,
    )
    user = made.plugin(
        made.group("LTEX", made.ground(0x01000800, "L", 0x00000FFF)), masters=[name.replace("_", ".")]
    )
    files = written(tmp_path, **{"game_esm": made.plugin(), name: light, "z_esp": user})
    assert read_plugin(files[1]).is_light
    assert ground_editor_ids(read_plugins(files)) == {"landscape/a": ("LightSet",)}


def test_a_field_of_more_than_64_kib_is_passed_over(tmp_path):
    long = made.record("MISC", 0x800, made.field("VMAD", bytes(70_000)), made.text("EDID", "Thing"))
    plugin = made.plugin(made.group("MISC", long))
    assert read_plugin(written(tmp_path, a_esp=plugin)[0]).records[0].editor_id == "Thing"


def test_an_editor_id_of_the_old_code_page_is_read(tmp_path):
    plugin = made.plugin(made.group("TXST", made.texture_set(0x800, "Set", "landscape/Bäume.dds")))
    assert read_plugin(written(tmp_path, a_esp=plugin)[0]).records[0].textures == ("landscape/Bäume.dds",)


def test_groups_of_other_records_and_groups_within_are_passed_over(tmp_path):
    deep = b""
    for _ in range(2000):
        deep = made.group("CELL", deep, level=2)
    inside = made.group("TXST", made.group("TXST", level=1), made.texture_set(0x800, "Set", "a.dds"))
    plugin = made.plugin(made.group("CELL", deep), made.group("WRLD"), inside)
    assert [record.editor_id for record in read_plugin(written(tmp_path, a_esp=plugin)[0]).records] == ["Set"]


@pytest.mark.skipif(not importlib.util.find_spec("bethkit"), reason="bethkit is optional")
def test_bethkit_reads_the_same_records(tmp_path):
    import bethkit

    plugin = made.plugin(
        made.group(
            "TXST",
            made.texture_set(OWN | 0x800, "SetA", r"landscape\a.dds", r"landscape\a_n.dds"),
            made.texture_set(0x801, "SetB", r"landscape\b.dds", flags=made.COMPRESSED),
        ),
        made.group("LTEX", made.ground(OWN | 0x900, "LA", 0x801)),
        iron_sword(made.model("MODT", ["weapons/iron/sword"])),
        masters=["Skyrim.esm"],
        flags=made.MASTER | made.LOCALISED,
    )
    (path,) = written(tmp_path, a_esm=plugin)
    ours = read_plugin(path)
    with bethkit.Plugin.open(path, bethkit.Game.SKYRIM_SE) as theirs:
        assert (ours.masters, ours.is_localised) == (tuple(theirs.masters), theirs.is_localized)
        read = [
            (
                record.signature.decode(),
                record.form_id,
                record.editor_id,
                {f.signature: f.raw_bytes for f in record},
            )
            for group in theirs
            for record in group
        ]
    assert [record.kind for record in ours.records] == [kind for kind, *_ in read]
    for record, (_, number, editor_id, fields) in zip(ours.records, read, strict=True):
        owner = "skyrim.esm" if number >> 24 == 0 else "a.esm"
        assert record.form == FormId(owner, number & 0xFFFFFF)
        assert record.editor_id == editor_id
        assert record.keywords == fields.get(b"KWDA", b"")
        assert record.links == fields.get(b"TNAM", b"")
        assert list(record.textures) == [
            fields[f"TX0{at}".encode()].rstrip(b"\0").decode() for at in range(len(record.textures))
        ]


# ── Damaged files ───────────────────────────────────────────────────────────────────────────────────────────────


def damaged_files() -> dict[str, bytes]:
    whole = master_with_ground()
    bomb = struct.pack("<I", 0xFFFFFFF0) + bytes(20)
    return {
        "empty": b"",
        "a text": b"this is no plugin at all, only some text of more than 24 bytes",
        "of Oblivion": made.record("TES4", 0, bytes(40))[:20] + made.field("HEDR", bytes(12)),
        "cut in the header": whole[:30],
        "cut in a group": whole[:-5],
        "a huge group": made.plugin(struct.pack("<4sI4sI8x", b"GRUP", 0xFFFFFFFF, b"TXST", 0)),
        "a group of no size": made.plugin(struct.pack("<4sI4sI8x", b"GRUP", 0, b"TXST", 0)),
        "a huge record": made.plugin(
            made.group("TXST", struct.pack("<4sIII8x", b"TXST", 0xFFFFFFF0, 0, 0x800))
        ),
        "a group of no size within": made.plugin(
            made.group("TXST", struct.pack("<4sI4sI8x", b"GRUP", 0, b"TXST", 0))
        ),
        "rubbish after": whole + b"rubbish",
        "a huge header": struct.pack("<4sIII4xHxx", b"TES4", 0xFFFFFFFF, 0, 0, 44)
        + made.field("HEDR", bytes(12)),
        "a damaged header": made.record("TES4", 0, made.field("HEDR", bytes(12)), b"MAST\xff\xffabc"),
        "a bomb": made.plugin(made.group("TXST", made.record("TXST", 0x800, bomb)))[:-8],
    }


@pytest.mark.parametrize("what", damaged_files())
def test_a_damaged_plugin_ends_in_one_sentence_with_its_name(tmp_path, what):
    (path,) = written(tmp_path, broken_esp=damaged_files()[what])
    with pytest.raises(FileError, match=r"^Expected [^\n]*broken\.esp[^\n]*\.$"):
        read_plugin(path)


def test_a_damaged_plugin_is_named_and_the_rest_goes_on(tmp_path):
    files = written(tmp_path, broken_esp=b"no plugin", game_esm=master_with_ground())
    order = read_plugins([*files, tmp_path / "absent.esp", tmp_path])
    assert ground_editor_ids(order) == {"landscape/dirt02": ("LandscapeDirt02",)}
    assert len(order.notes) == 3
    assert "broken.esp" in order.notes[0] and "absent.esp" in order.notes[1]


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<I", 0xFFFFFFF0) + bytes(20),
        struct.pack("<I", 100) + b"no zlib at all",
        b"ab",
        b"",
    ],
)
def test_a_record_that_cannot_be_unpacked_is_left_out_and_counted(tmp_path, body):
    broken = struct.pack("<4sIII4xHxx", b"TXST", len(body), made.COMPRESSED, 0x801, 44) + body
    plugin = made.plugin(made.group("TXST", broken, made.texture_set(0x800, "Set", "a.dds")))
    read = read_plugin(written(tmp_path, a_esp=plugin)[0])
    assert ([record.editor_id for record in read.records], read.damaged) == (["Set"], 1)


@pytest.mark.parametrize(
    "body",
    [
        b"EDID\xff\xffshort",
        b"EDID",
        b"XXXX\x02\x00ab",
        b"XXXX\x04\x00\xff\xff\xff\xffEDID\x00\x00",
        made.field("MODS", b"\x01"),
        made.field("MODS", struct.pack("<II", 9, 0xFFFFFFFF) + bytes(40)),
    ],
)
def test_a_record_with_a_damaged_field_is_left_out_and_counted(tmp_path, body):
    plugin = made.plugin(made.group("WEAP", made.record("WEAP", 0x801, body)))
    order = read_plugins(written(tmp_path, a_esp=plugin))
    assert order.records == {}
    assert order.notes == ("Expected whole records, got 1 damaged in a.esp; left out.",)


@pytest.mark.parametrize("told", [0, -1])
def test_a_plugin_that_unpacks_to_too_much_is_refused(tmp_path, told):
    content = made.field("VMAD", bytes(LONGEST_RECORD - 16))
    body = struct.pack("<I", len(content) + told) + zlib.compress(content)
    bomb = struct.pack("<4sIII4xHxx", b"TXST", len(body), made.COMPRESSED, 0x800, 44) + body
    (path,) = written(tmp_path, bomb_esp=made.plugin(made.group("TXST", *[bomb] * 20)))
    with pytest.raises(FileError, match=r"64 MiB, got more in bomb\.esp; leave it out\.$"):
        read_plugin(path)


def test_a_plugin_of_too_many_records_is_refused(tmp_path):
    (path,) = written(
        tmp_path, many_esp=made.plugin(made.group("KYWD", made.record("KYWD", 1) * (MOST_RECORDS + 1)))
    )
    with pytest.raises(FileError, match=r"Expected up to 200000 records in .* got more in many\.esp"):
        read_plugin(path)


def test_a_group_larger_than_any_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large.esp"
    header = made.plugin(struct.pack("<4sI4sI8x", b"GRUP", LONGEST_GROUP + 25, b"TXST", 0))
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + LONGEST_GROUP + 1)
    with pytest.raises(FileError, match=r"64 MiB, got a larger one in large\.esp"):
        read_plugin(path)


def test_two_thousand_damaged_plugins_raise_nothing_of_python_and_take_seconds(tmp_path):
    seed = made.plugin(
        made.group("TXST", *(made.texture_set(0x800 + i, f"S{i}", "landscape/a.dds") for i in range(4))),
        made.group("TXST", made.texture_set(0x810, "Packed", "a.dds", flags=made.COMPRESSED)),
        made.group("LTEX", made.ground(0x900, "L", 0x800)),
        made.group("KYWD", made.keyword(0xA00, "WeapMaterialIron")),
        iron_sword(made.model("MODT", ["a", "b"]) + made.alternates("MODS", [0x800]), named=0xA00),
        masters=["Skyrim.esm"],
    )
    draw = random.Random(20)
    path = tmp_path / "fuzzed.esp"
    began = time.process_time()
    outcomes = set()
    for _ in range(2000):
        data = bytearray(seed)
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(data))
            match draw.randrange(4):
                case 0:
                    data[at] = draw.randrange(256)
                case 1:
                    data[at : at + 4] = struct.pack("<I", draw.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF]))
                case 2:
                    del data[at : at + draw.randint(1, 40)]
                case _:
                    data[at:at] = data[: draw.randint(1, 60)]
        path.write_bytes(data)
        order = read_plugins([path])
        outcomes.add("read" if order.records else "refused")
        ground_editor_ids(order)
        keywords(order, ["a", "b", "landscape/a"])
    assert outcomes == {"read", "refused"}
    assert time.process_time() - began < 10


# ── Keywords ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hashes_of_textures_are_those_of_the_games_own_records():
    assert texture_hash("cubemaps/shinydull_e") == bytes.fromhex("b8ec307b262c333b")
    assert texture_hash(r"textures\Armor\AmuletsAndRings\x.dds")[4:] == bytes.fromhex("d8c674af")


def test_a_model_that_lists_a_texture_gives_it_the_records_keywords(tmp_path):
    plugin = made.plugin(
        made.group("KYWD", made.keyword(0xA00, "WeapMaterialIron")),
        iron_sword(made.model("MODT", ["weapons/iron/sword", "weapons/iron/sword_n"]), named=0xA00),
    )
    order = read_plugins(written(tmp_path, a_esp=plugin))
    assert keywords(order, [r"Weapons\Iron\Sword", "weapons/iron/other"]) == {
        r"Weapons\Iron\Sword": frozenset({"WeapMaterialIron"})
    }


def test_a_list_of_textures_without_counters_is_read_too(tmp_path):
    hashes = texture_hash("a/b")
    worn = made.field("MODT", hashes[:4] + b"dds\0" + hashes[4:])
    order = read_plugins(
        written(tmp_path, a_esp=made.plugin(iron_sword(worn, named=0x1E718), masters=["Skyrim.esm"]))
    )
    assert keywords(order, ["a/b"]) == {"a/b": frozenset({"WeapMaterialIron"})}


def test_alternate_textures_get_the_keywords_and_what_they_cover_does_not(tmp_path):
    plugin = made.plugin(
        made.group("KYWD", made.keyword(0xA00, "WeapMaterialSilver")),
        made.group("TXST", made.texture_set(0x800, "Silver", r"Mod\Silver.dds", r"Mod\Silver_n.dds")),
        iron_sword(
            made.model("MODT", ["weapons/iron/sword"]) + made.alternates("MODS", [0x800]), named=0xA00
        ),
    )
    order = read_plugins(written(tmp_path, a_esp=plugin))
    assert keywords(order, ["weapons/iron/sword", "mod/silver", "mod/silver_n"]) == {
        "mod/silver": frozenset({"WeapMaterialSilver"}),
        "mod/silver_n": frozenset({"WeapMaterialSilver"}),
    }


def test_an_armour_gives_its_keywords_to_the_models_it_is_worn_with(tmp_path):
    addon = made.record("ARMA", 0xB00, made.text("EDID", "AA"), made.model("MO2T", ["armor/iron/m"]))
    armour = made.record("ARMO", 0xB01, made.forms("KWDA", 0xA00), made.forms("MODL", 0xB00))
    plugin = made.plugin(
        made.group("KYWD", made.keyword(0xA00, "ArmorMaterialIron")),
        made.group("ARMA", addon),
        made.group("ARMO", armour),
    )
    order = read_plugins(written(tmp_path, a_esp=plugin))
    assert keywords(order, ["armor/iron/m"]) == {"armor/iron/m": frozenset({"ArmorMaterialIron"})}


def test_keywords_of_the_game_are_known_without_its_plugins(tmp_path):
    plugin = made.plugin(iron_sword(made.model("MODT", ["a"]), named=0x1E719), masters=["Skyrim.esm"])
    order = read_plugins(written(tmp_path, a_esp=plugin))
    assert keywords(order, ["a"]) == {"a": frozenset({"WeapMaterialSteel"})}
    assert order.notes[0].startswith("Expected the masters of the plugins, got no Skyrim.esm;")


def test_a_later_plugin_changes_the_keywords(tmp_path):
    files = [
        made.plugin(iron_sword(made.model("MODT", ["a"]), named=number), masters=["Skyrim.esm"])
        for number in (0x1E718, 0x1E719)
    ]
    order = read_plugins(written(tmp_path, a_esp=files[0], b_esp=files[1]))
    assert keywords(order, ["a"]) == {"a": frozenset({"WeapMaterialSteel"})}


@pytest.mark.parametrize(
    ("given", "material", "low", "high"),
    [
        ({"WeapMaterialIron", "WeapTypeSword"}, "iron", 0.6, 0.9),
        ({"weapmaterialiron", "WEAPTYPEBOW"}, "iron", 0.1, 0.4),
        ({"ArmorMaterialSteel", "ArmorCuirass"}, "steel", 0.4, 0.8),
        ({"ArmorMaterialLeather"}, "leather", 0.0, 0.1),
        ({"DLC2WeaponMaterialStalhrim"}, "stalhrim", 0.0, 0.2),
        ({"ArmorMaterialSteel", "WeapMaterialSteel"}, "steel", 0.6, 0.75),
        ({"ArmorMaterialSteel", "ArmorMaterialLeather"}, None, 0.2, 0.5),
    ],
)
def test_keywords_say_a_material_and_its_share_of_metal(given, material, low, high):
    found = table.metal_of_keywords(given)
    assert found is not None and found.material == material
    assert low <= found.metal_share <= high


def test_a_texture_of_many_materials_is_none_of_them():
    many = {f"ArmorMaterial{name}" for name in ("Iron", "Steel", "Leather", "Glass")}
    assert table.metal_of_keywords(many) is None


def test_keywords_without_a_material_say_nothing():
    assert table.metal_of_keywords({"WeapTypeSword", "ArmorMaterialOfAMod"}) is None
    assert table.metal_of_keywords(()) is None


def test_disagreeing_keywords_weigh_less_and_the_sentence_names_them():
    one = table.metal_of_keywords({"ArmorMaterialIron"})
    two = table.metal_of_keywords({"ArmorMaterialIron", "ArmorMaterialHide"})
    assert one is not None and two is not None and two.weight < one.weight
    assert two.because == "keywords ArmorMaterialHide, ArmorMaterialIron of a plugin: hide or iron"


def test_every_material_of_the_table_is_a_word_of_the_lexicon():
    lexicon = pytest.importorskip("unbake.evidence.lexicon").bundled()
    parts = (table.bundled().weapon, table.bundled().armor, table.bundled().other)
    assert {said.material for part in parts for said in part.values()} <= set(lexicon.family_of)


@pytest.mark.parametrize("text", ["not toml", "weight = 2", "weight = 0.5\nunknown = 1"])
def test_a_faulty_table_ends_in_one_sentence(text):
    with pytest.raises(UsageError, match=r"^Expected .*mend keywords\.toml\.$"):
        table.parsed(text)


def test_a_share_above_one_is_refused():
    with pytest.raises(UsageError, match=r"Expected 0 to 1, got 7\.0 for iron\.metal"):
        table.parsed(
            "weight = 0.5\nother = {}\nfactors = {}\nnames = {}\narmor = {}\n"
            "weapon = { iron = { metal = 7, material = 'iron' } }"
        )


def test_a_key_is_the_path_below_textures_without_extension():
    assert texture_key(r"\Data\Textures\A\b.TGA") == "a/b"
    assert texture_key("textures_of_mine/pot1.5") == "textures_of_mine/pot1.5"
