import time

import pytest

from unbake.evidence.lexicon import FINISHES, bundled
from unbake.evidence.names import NameEvidence, name_evidence


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("textures/armor/iron/ironcuirass.dds", "metal"),
        ("weapons/iron/longsword.dds", "metal"),
        ("architecture/whiterun/wrwoodbeam01.dds", "wood"),
        (r"Data\Textures\Architecture\Windhelm\WHStoneFlat2_d.DDS", "stone"),
        ("architecture/farmhouse/thatch02", "plant"),
        ("landscape/trees/treepineforestbark01", "bark"),
        ("landscape/snow01", "ice"),
        ("clutter/soulgem/soulgemblack", "gem"),
        ("weapons/glass/glasssword", "glass"),
        ("dlc02/weapons/stahlrim/stahlrimdagger", "ice"),
    ],
)
def test_a_plain_path_says_its_family(path: str, family: str):
    assert name_evidence(path).family == family


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("furniture/boxwood01", "wood"),
        ("clutter/furniture01", "wood"),
        ("clutter/books/smithingofsteel", "leather"),
        ("clutter/books/req_workwithebony", "leather"),
        ("clutter/books/note01", "paper"),
        ("dungeons/dwemerruins/dwestonefloor02", "stone"),
        ("dungeons/dwemerruins/wall01", "stone"),
        ("dungeons/dwemerruins/dwedoor01", "metal"),
        ("clothes/monk/boots", "leather"),
        ("dlc01/weapons/dragonbone/dragonbonesword", "bone"),
        ("dlc01/weapons/dragonbone/waraxe", "bone"),
        ("clutter/skeletonkey", "metal"),
        ("clutter/skeleton_key", "metal"),
        ("weapons/redeagle/eaglesfury", "metal"),
        ("weapons/iron/ironscabbards", "leather"),
        ("weapons/daedric/daedricgem", "gem"),
        ("clutter/oregold01", "stone"),
        ("plants/goldenrod", "plant"),
        ("weapons/dwarven/dwarvenquiver", "leather"),
        ("armor/imperial/m/bootslight", "leather"),
    ],
)
def test_a_misleading_path_is_read_right(path: str, family: str):
    assert name_evidence(path).family == family


@pytest.mark.parametrize(
    "name", ["device", "environment", "silverfish", "ironically", "office", "goldfish", "steelhead", "hidden"]
)
def test_a_word_inside_a_word_says_nothing(name: str):
    evidence = name_evidence(f"clutter/{name}01")
    silent = name_evidence("clutter/qzx01")
    assert (evidence.families, evidence.material) == (silent.families, None)


def test_the_material_under_an_old_name_is_what_a_retexture_adds_to_it():
    assert name_evidence("weapons/iron/ironsword_ebony").material == "ebony"
    assert name_evidence("armor/steel/retexture/goldcuirass").material == "gold"


@pytest.mark.parametrize("name", ["floor01", "steelfloor", "ironpanel"])
def test_a_name_outside_the_game_s_folders_hardly_counts(name: str):
    evidence = name_evidence(f"spacestation/deck/{name}")
    assert evidence.weight <= 0.1
    assert 0.05 < evidence.metal_share < 0.6
    assert abs(evidence.mask_gate - 0.5) < 0.05
    assert "hardly counts" in evidence.because[0]


def test_a_name_counts_below_a_folder_of_the_game_wherever_that_is():
    inside, outside = name_evidence("mymod/weapons/steelblade"), name_evidence("mymod/things/steelblade")
    assert inside.weight > 0.8 > 0.2 > outside.weight


def test_a_folder_counts_less_than_the_same_word_in_the_name():
    assert name_evidence("clutter/iron/x").weight < name_evidence("clutter/iron01").weight


@pytest.mark.parametrize(
    ("path", "material"),
    [
        ("weapons/iron/ironsword", "iron"),
        ("clutter/ingots/ingotgold", "gold"),
        ("armor/dwarven/m/dwarvengauntlets", "dwarven"),
        ("architecture/markarth/mrkbrass01", "bronze"),
        ("armor/ebony/helmet", "ebony"),
        ("clutter/statues/marblebust", "marble"),
        ("clutter/unknownthing", None),
    ],
)
def test_the_fine_material_is_told_where_a_word_says_it(path: str, material: str | None):
    assert name_evidence(path).material == material


@pytest.mark.parametrize(
    ("path", "at_least", "at_most"),
    [
        ("weapons/steel/steelsword", 0.8, 1.0),
        ("weapons/glass/glasssword", 0.0, 0.2),
        ("dlc01/weapons/dragonbone/dragonbonesword", 0.0, 0.2),
        ("clutter/gems/ruby", 0.0, 0.2),
        ("clutter/horkertusk/horkertusk", 0.0, 0.2),
        ("armor/leather/leathercuirass", 0.0, 0.2),
        ("armor/studded/studdedarmor", 0.5, 0.6),
        ("architecture/whiterun/wrwoodbeam01", 0.4, 0.6),
        ("clutter/qzx", 0.4, 0.6),
    ],
)
def test_an_environment_mask_speaks_of_metal_as_far_as_the_name_allows(
    path: str, at_least: float, at_most: float
):
    assert at_least <= name_evidence(path).mask_gate <= at_most


@pytest.mark.parametrize(
    ("path", "finish"),
    [
        ("clutter/polishedtable01", "polished"),
        ("clutter/glazedpottery01", "glossy"),
        ("weapons/iron/rustyironsword", "rough"),
        ("weapons/iron/ironsword", None),
    ],
)
def test_a_finish_is_told_only_where_a_word_says_it(path: str, finish: str | None):
    assert name_evidence(path).finish == finish
    assert finish is None or finish in FINISHES


def test_stone_and_cloth_are_rougher_than_metal_and_glass_and_an_unknown_word_says_nothing():
    stone, cloth, metal, glass, unknown = (
        name_evidence(path).rougher
        for path in (
            "architecture/whiterun/wrstonewall01", "clothes/monk/robecloth", "weapons/iron/ironsword",
            "weapons/glass/glasssword", "clutter/qzx",
        )
    )  # fmt: skip
    assert min(stone, cloth) > 0.1 > 0.03 > abs(unknown)
    assert glass < metal < -0.05


def test_the_reasons_are_sentences_with_the_weightiest_first():
    because = name_evidence("weapons/iron/ironsword").because
    assert because[0] == "name 'iron' says metal"
    assert "name 'sword' is mostly metal" in because


def test_a_name_without_a_known_word_gives_that_as_its_reason():
    assert "the name says nothing of its material" in name_evidence("qzx/qzx").because


@pytest.mark.parametrize("path", ["", "/", "textures/", ".dds", "a", "weapons/", "тест/меч.dds", "01/02.dds"])
def test_any_path_gives_probabilities(path: str):
    evidence = name_evidence(path)
    assert abs(sum(evidence.families.values()) - 1) < 1e-9
    assert set(evidence.families) == set(bundled().families)
    for number in (evidence.metal_share, evidence.mostly_metal, evidence.weight, evidence.mask_gate):
        assert 0 <= number <= 1


def shown(evidence: NameEvidence) -> tuple[object, ...]:
    return evidence.families, evidence.metal_share, evidence.material, evidence.because


def test_slashes_case_prefix_extension_and_suffix_change_nothing():
    plain = shown(name_evidence("weapons/iron/ironsword"))
    for path in (
        "textures/weapons/iron/ironsword.dds",
        r"Data\Textures\Weapons\Iron\IronSword_d.DDS",
        "C:/games/data/textures/weapons/iron/ironsword_n.png",
    ):
        assert shown(name_evidence(path)) == plain


def test_a_path_takes_less_than_a_millisecond():
    paths = [f"architecture/whiterun/wrwoodlatticewindowdetails{i}" for i in range(200)]
    name_evidence(paths[0])
    fastest = min(_seconds(paths) for _ in range(5))
    assert fastest / len(paths) < 1e-3


def _seconds(paths: list[str]) -> float:
    start = time.perf_counter()
    for path in paths:
        name_evidence(path)
    return time.perf_counter() - start
