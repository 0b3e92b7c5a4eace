"""The recipes against the plan's tables, cell by cell: what each cell's words mean in a recipe, and that it says so."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from unbake import recipe
from unbake.cli.phases import phases
from unbake.domain.maps import OUTPUTS
from unbake.recipe import Adam, AdamW, Cosine, Epochs, Exponential, Mix, OneCycle, Step, WarmRestarts

TABLES = Path(__file__).with_name("plan.md")
SHARED = Path(__file__).parents[2] / "shared" / "docs"


class Cell(NamedTuple):
    """One cell of a table of the plan: whose phase, under which heading, in which words."""

    table: str
    phase: str
    item: str
    words: str


def plain(words: str) -> str:
    """A cell without its marks: bold, code, and the hyphens and spaces that do not break."""
    words = words.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2011", "-").replace("<br>", " ")
    return re.sub(r"\*\*|`|(?<![\w>])_|_(?![\w<])", "", words).strip()


def rows(table: str) -> list[list[str]]:
    """The rows of a table in plan.md, headings first, as plain words."""
    text = TABLES.read_text(encoding="utf-8").split(f"## {table}\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[plain(cell) for cell in line] for line in lines if set("".join(line)) - set("- ")]


PHASES = {"A-Albedo-Sync": "A_albedo_syn", "C′": "Cp", "D × 6 maps": "D"} | {n: n for n in recipe.ORDER}
"""The plan's and the SPEC's names of the phases → ours."""


def cells() -> Iterator[Cell]:
    """Every cell of the plan's tables about a phase."""
    for table, column in (("Phase Overview", 0), ("SPEC section 2", 1)):
        headings, *lines = rows(table)
        for line in lines:
            for item, words in zip(headings[column + 1 :], line[column + 1 :], strict=True):
                yield Cell(table, PHASES[line[column]], item, words)
    for phase in recipe.ORDER:
        yield from (Cell("its own table", phase, item, words) for item, words in rows(phase)[1:])


SPATIAL = {"augment.spatial": True, "augment.colour_jitter": 0.1}
GATE = {"advance": recipe.Gate(sky=0.95, mat=1.10, back=2), "best": "sky_val_loss"}
LOWER = recipe.Lower(figures=("mat/l1/albedo", "mat/<perceptual>/albedo"))
ONE_CYCLE = {"schedule": OneCycle(max_lr=5e-5, pct_start=0.3, final_lr=1e-5)}
ADAMW_5E5 = {"optimizer": AdamW(lr=5e-5, weight_decay=1e-2), "schedule.final_lr": 1e-5}
ADAMW_C = {"optimizer": AdamW(lr=5e-6, weight_decay=1e-2, betas=(0.9, 0.9995))}  # 1e-2 is torch's own
ADAM_D = {"optimizer": Adam(lr=1e-6, betas=(0.9, 0.9995))}
HEADS, UPPER, HEAD = ("heads", "lora"), ("heads", "encoders.upper", "lora"), ("head.<map>",)
LORA = {"lora.rank": 8, "lora.alpha": 16.0}
COMPOSITES = {"augment.composite2": 0.30, "augment.composite4": 0.15}
PHOTOMETRIC = {"augment.photometric": recipe.Photometric(p=0.6, strength=1.0)}


def mix(matsynth: float, skyrim: float) -> dict[str, object]:
    return {"data.mix": Mix(matsynth=matsynth, skyrim=skyrim)}


def epochs(least: int, most: int) -> dict[str, object]:
    return {"epochs": Epochs(min=least, max=most)}


SAYS: dict[str, dict[str, object]] = {
    # Overview and SPEC: how much of what, how large, how long.
    "100 / 0": mix(1.0, 0.0),
    "75 / 25": mix(0.75, 0.25),
    "50 / 50": mix(0.5, 0.5),
    "0 / 100": mix(0.0, 1.0),
    "100/0, 1 000 random patches, batch 4": mix(1.0, 0.0) | {"data.patches": 1000, "data.batch": 4},
    "100/0, all of MatSynth": mix(1.0, 0.0) | {"data.patches": 0},
    "100/0 with synthetic diffuse, up to 5 350 pairs": mix(1.0, 0.0)
    | {"data.pairs": recipe.Pairs(real=0.0, synthetic=1.0), "data.patches": 5350},
    "75/25": mix(0.75, 0.25),
    "50/50": mix(0.5, 0.5),
    "0/100": mix(0.0, 1.0),
    "1 K (1024²)": {"data.px": 1024},
    "1 K": {"data.px": 1024},
    "2 K (2048²)": {"data.px": 2048},
    "1024": {"data.px": 1024},
    "2048": {"data.px": 2048},
    "10–15": epochs(10, 15),
    "30–40": epochs(30, 40),
    "15": epochs(15, 15),
    "8–12": epochs(8, 12),
    "1–2": epochs(1, 2),
    "5–10": epochs(5, 10),
    "5–10 per head": epochs(5, 10) | {"map": "<map>"},
    # What is trained.
    "all layers": {"trains": ("all",)},
    "all": {"trains": ("all",)},
    "Everything (ViT, SegFormer, both UNets).": {"trains": ("all",)},
    "decoder heads + LoRA": {"trains": HEADS} | LORA,
    "decoder heads + LoRA, encoders frozen": {"trains": HEADS} | LORA,
    "freeze encoders; train decoder heads + LoRA.": {"trains": HEADS} | LORA,
    "heads + top ½ encoders + LoRA": {"trains": UPPER},
    "heads + top ½ of each encoder + LoRA": {"trains": UPPER},
    "unfreeze top 50 % of each encoder + heads + LoRA.": {"trains": UPPER},
    "BN/LN stats only": {"trains": ("norms",)},
    "BN/LN affine only, running stats refreshed": {"trains": ("norms",)},
    "Only Batch-Norm and Layer-Norm affine params.": {"trains": ("norms",)},
    "one output head at a time": {"trains": HEAD, "map": "<map>"},
    "one output head and its up-sampling layers, the rest frozen in eval": {"trains": HEAD},
    "freeze backbone; train the selected output head and its up-sampling layers.": {"trains": HEAD},
    # Tags and checkpoints.
    "phase_A0": {"tag": "phase_A0"},
    "phase_A": {"tag": "phase_A"},
    "A-Albedo-Syn": {"tag": "A-Albedo-Syn"},
    "phase_B": {"tag": "phase_B"},
    "phase_C": {"tag": "phase_C"},
    "phase_Cp": {"tag": "phase_Cp"},
    "phase_D": {"tag": "phase_D"},
    "phase_A0_checkpoint": {"checkpoint_tag": "phase_A0_checkpoint"},
    "phase_A_checkpoint": {"checkpoint_tag": "phase_A_checkpoint"},
    "phase_Aalb_checkpoint": {"checkpoint_tag": "phase_Aalb_checkpoint"},
    "phase_C_checkpoint": {"checkpoint_tag": "phase_C_checkpoint"},
    "phase_Cp_checkpoint": {"checkpoint_tag": "phase_Cp_checkpoint"},
    "checkpoints/A0_best.pth": {"writes": "A0_best"},
    "checkpoints/A_best.pth": {"writes": "A_best"},
    "checkpoints/A_alb_syn_best.pth": {"writes": "A_alb_syn_best"},
    "checkpoints/B_best.pth": {"writes": "B_best"},
    "checkpoints/C_best.pth": {"writes": "C_best"},
    "checkpoints/Cp_best.pth": {"writes": "Cp_best"},
    "checkpoints/D_<map>_best.pth": {"writes": "D_<map>_best"},
    "writes A0_best": {"writes": "A0_best"},
    "starts from A0_best": {"starts_from": {"all": "A0_best"}},
    "A_best": {"writes": "A_best"},
    "A_alb_syn_best": {"writes": "A_alb_syn_best"},
    "writes B_best": {"writes": "B_best"},
    "starts from B_best": {"starts_from": {"all": "B_best"}},
    "writes C_best": {"writes": "C_best"},
    "starts from C_best": {"starts_from": {"all": "C_best"}},
    "Cp_best": {"writes": "Cp_best"},
    "D_<map>_best": {"writes": "D_<map>_best"},
    "scratch or warm backbones": {"starts_from": {}, "model": "full"},
    "A0_best.pth": {"starts_from": {"all": "A0_best"}},
    "A_best; its UNet-Albedo from A_alb_syn_best": {
        "starts_from": {"all": "A_best", "unet_albedo": "A_alb_syn_best"}
    },
    "Cp_best, else C_best": {"starts_from": {"all": ("Cp_best", "C_best")}},
    # Data.
    "data/MatSynth/ sample of 1 000 random patches.": mix(1.0, 0.0) | {"data.patches": 1000},
    "4 (fits into 8 GB GPU).": {"data.batch": 4},
    "Full MatSynth at 1024².": mix(1.0, 0.0) | {"data.patches": 0, "data.px": 1024},
    "MatSynth with synthetic diffuse overwritten by synth_diffuse_v2.py (5 350 pairs at 1 K)": mix(1.0, 0.0)
    | {"data.pairs": recipe.Pairs(real=0.0, synthetic=1.0), "data.patches": 5350, "data.px": 1024},
    "75 % MatSynth : 25 % Skyrim at 1 K.": mix(0.75, 0.25) | {"data.px": 1024},
    "50 % / 50 % at 1 K.": mix(0.5, 0.5) | {"data.px": 1024},
    "100 % Skyrim at 2048².": mix(0.0, 1.0) | {"data.px": 2048},
    "1.0 (same as real) – keeps volume high.": {"data.pairs": recipe.Pairs(real=1.0, synthetic=1.0)},
    "0.5 – synthetic appears every other epoch on average.": {
        "data.pairs": recipe.Pairs(real=1.0, synthetic=0.5)
    },
    "0.25 – very light presence.": {"data.pairs": recipe.Pairs(real=1.0, synthetic=0.25)},
    "0 or 0.1 – optional; by now real Skyrim pairs dominate.": {"data.pairs.synthetic": 0.0},
    "Start 256 px inside compute_crop_size.py.": {"data.crop.start": 256},
    "grows toward 768 px.": {"data.crop.end": 768},
    # Optimizers and schedules.
    "AdamW(lr=1e-4, weight_decay=1e-2)": {"optimizer": AdamW(lr=1e-4, weight_decay=1e-2)},
    "AdamW 1e-4, wd 1e-2": {"optimizer": AdamW(lr=1e-4, weight_decay=1e-2)},
    "AdamW(lr=5e-5 start → 1e-5 end)": ADAMW_5E5,
    "AdamW(lr=5e-5 → 1e-5, weight_decay=1e-2)": ADAMW_5E5,
    "AdamW 5e-5 → 1e-5, wd 1e-2": ADAMW_5E5,
    "as A, wd 1e-2": ADAMW_5E5,
    "AdamW(lr=1e-5, weight_decay=1e-2)": {"optimizer": AdamW(lr=1e-5, weight_decay=1e-2)},
    "AdamW 1e-5, wd 1e-2": {"optimizer": AdamW(lr=1e-5, weight_decay=1e-2)},
    "AdamW(lr=5e-6, betas=(0.9, 0.9995)) (or Lion)": ADAMW_C,
    "AdamW 5e-6, β (0.9, 0.9995), or Lion": ADAMW_C,
    "AdamW(lr=3e-6)": {"optimizer": AdamW(lr=3e-6, weight_decay=0.0)},  # norms never decay
    "AdamW 3e-6": {"optimizer": AdamW(lr=3e-6, weight_decay=0.0)},
    "Adam(lr=1e-6, betas=(0.9, 0.9995))": ADAM_D,
    "Adam 1e-6, β (0.9, 0.9995)": ADAM_D,
    "CosineAnnealingLR(T_max=15)": {"schedule": Cosine(t_max=15)},
    "Cosine T_max 15": {"schedule": Cosine(t_max=15)},
    "CosineAnnealingLR(T_max=12)": {"schedule": Cosine(t_max=12)},
    "Cosine T_max 12": {"schedule": Cosine(t_max=12)},
    "OneCycleLR(max_lr=5e-5, pct_start=0.3)": ONE_CYCLE,
    "OneCycle max 5e-5, pct_start 0.3, final lr 1e-5": ONE_CYCLE,
    "as A": ONE_CYCLE,
    "StepLR(step_size=6, gamma=0.5)": {"schedule": Step(step_size=6, gamma=0.5)},
    "Step 6, γ 0.5": {"schedule": Step(step_size=6, gamma=0.5)},
    "small cosine warm-restart (use PyTorch default).": {"schedule": WarmRestarts(t_0=1)},
    "CosineAnnealingWarmRestarts, T_0 one epoch": {"schedule": WarmRestarts(t_0=1)},
    "ExponentialLR(gamma=0.9)": {"schedule": Exponential(gamma=0.9)},
    "Exponential γ 0.9": {"schedule": Exponential(gamma=0.9)},
    # Augmentations.
    "None.": {"augment": recipe.Augment(spatial=False, colour_jitter=0.0, composite2=0.0, composite4=0.0)},
    "Spatial → flips, 90° rotations, colour-jitter. Composites → 2-crop (30 %), 4-crop (15 %).": SPATIAL
    | COMPOSITES
    | {"augment.photometric": None},
    "Spatial (same) + SkyrimPhotometric(p=0.6) for Skyrim samples only.": SPATIAL | COMPOSITES | PHOTOMETRIC,
    "Spatial; Photometric (Skyrim) unchanged; composites ↓ to 2-crop 20 %, 4-crop 10 %.": SPATIAL
    | {"augment.composite2": 0.20, "augment.composite4": 0.10}
    | PHOTOMETRIC,
    "no spatial scaling; SkyrimPhotometric with half strength.": {
        "data.scales": (1.0,),
        "augment.photometric": recipe.Photometric(p=0.6, strength=0.5),
    },
    # Losses, and when a phase is done.
    "masked_L1 (w_fg=3) + LPIPS 0.1× (see lpips_val.py)": {
        "losses.w_fg": 3.0,
        "losses.l1": 1.0,
        "losses.perceptual": "lpips",
        "losses.perceptual_weight": 0.1,
    },
    "import masked_l1.py; set w_fg=3.0.": {"losses.w_fg": 3.0},
    "add LPIPS via lpips_val.py (example below).": {"losses.perceptual": "lpips"},
    "same + visual validation on 3-D viewer if possible.": {"losses.perceptual": "lpips"},
    "Loss curves drop sharply and stabilise → proceed.": {
        "advance": recipe.Settled(fall=0.2, window=3, within=0.03),
        "best": "mat_val_loss",
    },
    "loss fell sharply and is stable": {"advance": recipe.Settled(fall=0.2, window=3, within=0.03)},
    "val losses plateau < 4 epochs.": {"advance": recipe.Plateau(patience=4), "best": "mat_val_loss"},
    "val loss plateau, patience 4": {"advance": recipe.Plateau(patience=4)},
    "LPIPS↓ and L1↓ across validation set.": {"advance": LOWER, "best": "mat_val_loss"},
    "perceptual and L1 both lower than at its start": {"advance": LOWER},
    "advance only if <Skyrim-val ↓ 5 % AND MatSynth-val ↑ 10 %>.": GATE,
    "gate": GATE,
    "– (optional phase)": {"advance": recipe.Always()},
    "patience = 3 epochs per head.": {"advance": recipe.Plateau(patience=3), "best": "head_loss"},
    "early stop, patience 3": {"advance": recipe.Plateau(patience=3), "best": "head_loss"},
    # About the program, not about a phase's numbers; each is tested where it is built.
    "Make sure data loader, models, losses, GPU setup all work.": {},
    "Stabilise running means/vars for later 2 K jump.": {},
    "print losses every 50 it; run val.py each epoch.": {},
    "L1/L2, SSIM, IoU, Accuracy.": {},
    "TensorBoard or Weights & Biases (wandb) logging.": {},
    "phase_D_res2K_<map>.sh (important for AI search)": {},
}
"""What the words of a cell (under their heading, where they mean two things) mean: path in a recipe → value."""


def field(r: recipe.Recipe, path: str) -> object:
    value: object = r
    for name in path.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("cell", list(cells()), ids=lambda cell: f"{cell.phase}: {cell.item} ({cell.table})")
def test_the_recipe_says_what_the_plans_cell_says(cell: Cell):
    r = recipe.load(cell.phase)
    says = SAYS[cell.words if cell.words in SAYS else f"{cell.item} {cell.words}"]
    assert says == {path: field(r, path) for path in says}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the plan itself is not at hand (../shared/docs)")
def test_the_tables_held_here_are_the_plans_own():
    source = "".join((SHARED / name).read_text(encoding="utf-8") for name in ("PLAN.md", "SPEC.md"))
    held = [line for line in TABLES.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert [line for line in held if line not in source] == []


def test_every_phase_of_the_plan_has_a_recipe_in_the_plans_order():
    assert tuple(PHASES[line[0]] for line in rows("Phase Overview")[1:]) == recipe.ORDER


@pytest.mark.parametrize("phase", recipe.ORDER)
def test_a_phase_starts_from_what_an_earlier_one_writes(phase: str):
    earlier = {recipe.load(name).writes for name in recipe.ORDER[: recipe.ORDER.index(phase)]}
    parents = [(p,) if isinstance(p, str) else p for p in recipe.load(phase).starts_from.values()]
    assert [name for names in parents for name in names if name not in earlier] == []


def test_the_curriculum_of_c_goes_on_where_that_of_b_ends():
    b, c = recipe.load("B").data.crop, recipe.load("C").data.crop
    assert b is not None
    assert c is not None
    assert (b.end, c.end) == (c.start, 768)


def test_schedules_are_laid_out_over_the_upper_end_of_the_range():
    cosine = {n: r for n in recipe.ORDER if isinstance((r := recipe.load(n)).schedule, Cosine)}
    assert {n: r.epochs.max for n, r in cosine.items()} == {
        n: field(r, "schedule.t_max") for n, r in cosine.items()
    }


def test_every_phase_from_the_synthetic_pairs_on_has_the_perceptual_term_at_a_tenth():
    from_there = recipe.ORDER[recipe.ORDER.index("A_albedo_syn") :]
    terms = {name: recipe.load(name).losses for name in recipe.ORDER}
    assert tuple(name for name, losses in terms.items() if losses.perceptual != "none") == from_there
    assert {terms[name].perceptual_weight for name in from_there} == {0.1}


def test_the_foreground_weighs_three_in_every_phase():
    assert {recipe.load(name).losses.w_fg for name in recipe.ORDER} == {3.0}


def test_adapters_come_in_with_one_phase_and_are_kept_by_its_heirs():
    assert [name for name in recipe.ORDER if recipe.load(name).lora is not None] == ["B"]


@pytest.mark.parametrize("kind", OUTPUTS)
def test_the_last_phase_is_one_job_for_each_map(kind: str):
    r = recipe.load("D", map=kind)
    assert (r.map, r.trains, r.writes) == (kind, (f"head.{kind}",), f"D_{kind}_best")


def test_there_are_six_heads():
    heads = {"metallic_mask", "albedo", "roughness", "metallic", "ao", "height"}
    assert heads == {str(kind) for kind in OUTPUTS}


@pytest.fixture(scope="module")
def overview() -> list[list[str]]:
    """What `unbake phases` prints on a pipe: a row each, cells parted by two spaces or more."""
    code = (
        "import sys; sys.argv = ['unbake', 'phases']\n"
        "from unbake.cli import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return [re.split(r" {2,}", line.strip()) for line in done.stdout.splitlines()]


def test_phases_prints_the_plans_overview_whole_and_without_loading_torch(overview: list[list[str]]):
    headings, _, *lines = overview
    printed = [dict(zip(headings, line, strict=True)) for line in lines]
    plan = [
        [PHASES[phase], mix.replace(" ", ""), epochs, tag]
        for phase, mix, _, _, epochs, tag in rows("Phase Overview")[1:]
    ]
    assert plan == [[row["phase"], row["mix M/S"], row["epochs"], row["tag"]] for row in printed]
    assert {row["phase"]: row["px"] for row in printed if row["px"] != "1 K (1024²)"} == {"D": "2 K (2048²)"}


def test_phases_says_of_each_phase_where_it_starts_how_it_learns_and_when_it_ends(overview: list[list[str]]):
    by_phase = {line[0]: dict(zip(overview[0], line, strict=True)) for line in overview[2:]}
    assert by_phase["B"] | {"px": "", "mix M/S": "", "epochs": "", "tag": ""} == {
        "phase": "B",
        "mix M/S": "",
        "px": "",
        "trains": "heads + lora",
        "epochs": "",
        "tag": "",
        "starts from": "A_best, unet_albedo from A_alb_syn_best",
        "optimizer": "AdamW 1e-5, wd 1e-2",
        "schedule": "× 0.5 every 6",
        "advance": "gate: sky ≤ 0.95, mat ≤ 1.1",
        "writes": "B_best",
    }


def test_phases_of_one_phase_prints_its_file(capsys: pytest.CaptureFixture[str]):
    phases("phase_B")
    assert capsys.readouterr().out == recipe.source_text("B")


def test_the_overview_loses_no_word_in_a_window_of_120_columns(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    phases("")
    told = capsys.readouterr().out
    words = [name for n in recipe.ORDER for name in (n, recipe.load(n).tag, recipe.load(n).writes)]
    assert [word for word in (*words, "unet_albedo", "encoders.upper") if word not in told] == []
    plain_text = re.sub(r"\x1b\[[0-9;]*m", "", told)
    assert max(map(len, plain_text.splitlines())) <= 120


@pytest.mark.parametrize("name", recipe.ORDER)
def test_phases_prints_the_tag_the_parents_and_the_checkpoint_of_each_phase(
    name: str, overview: list[list[str]]
):
    (row,) = (dict(zip(overview[0], line, strict=True)) for line in overview[2:] if line[0] == name)
    r = recipe.load(name)
    parents = [p for names in r.starts_from.values() for p in ([names] if isinstance(names, str) else names)]
    assert (row["tag"], row["writes"]) == (r.tag, r.writes)
    assert [parent for parent in parents if parent not in row["starts from"]] == []


def test_the_assistants_map_sends_to_what_prints_the_phases_and_holds_no_copy_of_them():
    agents = (Path(__file__).parents[1] / "AGENTS.md").read_text(encoding="utf-8")
    assert [
        word
        for word in ("unbake phases", "unbake/recipe/phases/", "tests/plan.md")
        if f"`{word}" not in agents
    ] == []
    assert [name for name in recipe.ORDER if recipe.load(name).checkpoint_tag in agents] == []
