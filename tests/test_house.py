"""Rules of the house that no linter knows (DESIGN, "Never"), and a proof that each wall refuses a slip."""

import ast
import copy
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from support import house_rules
from support.house_rules import Rule, long_functions

import unbake

PACKAGE = Path(unbake.__file__).parent
PROJECT = Path(__file__).parents[1]
MODULES = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
ALPHA_ONLY = ("image/dds/header.py", "A")
"""A pixel format of one channel, which is called like a phase."""


def faults(rule: Rule, *exempt: str) -> list[str]:
    """What a rule finds in the package, outside of these rooms."""
    return [
        f"{name}:{line}: {code}"
        for name, source in MODULES.items()
        if name.split("/")[0] not in exempt
        for line, code in rule(source)
        if (name, code) != ALPHA_ONLY
    ]


def test_no_module_names_a_phase_but_the_recipe_and_the_command_line():
    assert faults(house_rules.phase_names, "cli") == []


def test_no_map_is_told_apart_by_its_name_outside_the_domain():
    assert faults(house_rules.map_comparisons, "domain") == []


def test_only_the_command_line_prints_and_exits():
    assert faults(house_rules.printing, "cli") == []


def test_nothing_is_pickled():
    assert faults(house_rules.pickles) == []


def test_no_module_is_called_by_a_name_that_says_nothing():
    stems = {Path(name).stem for name in MODULES}
    assert stems & {"utils", "common", "helpers", "base", "manager"} == set()


def test_no_class_of_ours_inherits_another_of_ours():
    classes: dict[str, set[str]] = {}
    for source in MODULES.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    ours = set(classes) - {"Strict"} - {name for name in classes if name.endswith("Error")}
    assert {name: bases & ours for name, bases in classes.items() if bases & ours} == {}


def test_no_module_is_longer_than_one_can_hold():
    lines = {name: source.count("\n") for name, source in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_no_headline_of_a_module_is_a_noun_clause():
    headlines = {name: ast.get_docstring(ast.parse(source)) or "" for name, source in MODULES.items()}
    clause = re.compile(r"(What|Where|How|Which|Who|When|Why|Whether|Whose)\b")
    assert [name for name, headline in headlines.items() if clause.match(headline)] == []


def test_no_function_is_longer_than_a_screen():
    found = {
        f"{name}: {function}"
        for name, source in MODULES.items()
        for function in long_functions(source, LONGEST_FUNCTION)
    }
    assert found == set()


def test_no_modules_import_each_other_in_a_circle():
    graph = grimp.build_graph("unbake", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("module", ["unbake.batch.run", "unbake.convert.predict", "unbake.evaluate.figures"])
def test_the_converter_imports_where_there_is_no_torch(module: str):
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'transformers', 'safetensors'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        f"import {module}\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom in the package, other packages included."""
    return grimp.build_graph("unbake", include_external_packages=True, cache_dir=None)


def broken_contracts(graph: grimp.ImportGraph) -> list[str]:
    """The names of the contracts in pyproject.toml that a graph breaks, checked as `lint-imports` does."""
    kinds = {
        "forbidden": ForbiddenContract,
        "independence": IndependenceContract,
        "layers": LayersContract,
    }
    settings = read_configuration(str(PROJECT / "pyproject.toml"))
    session = settings["session_options"]
    contracts = [kinds[one["type"]](one["name"], session, one) for one in settings["contracts_options"]]
    return [one.name for one in contracts if not one.check(copy.deepcopy(graph), verbose=False).kept]


def test_the_walls_hold_as_the_package_is(graph: grimp.ImportGraph):
    assert broken_contracts(graph) == []


SLIPS = [
    ("image", "data"),
    ("synth", "data"),
    ("report", "data"),
    ("export", "data"),
    ("metrics", "typer"),
    ("models", "recipe.gate"),
    ("convert", "data"),
    ("convert", "recipe"),
    ("report", "evaluate"),
    ("export.gltf", "models"),
    ("domain", "data"),
    ("recipe.gate", "cli"),
    ("image", "recipe"),
    ("train", "convert"),
    ("train", "batch"),
    ("batch", "train"),
    ("data", "prepare"),
    ("convert", "batch"),
    ("losses", "metrics"),
    ("domain", "numpy"),
    ("convert", "torch"),
    ("files", "rich"),
]


@pytest.mark.parametrize(("room", "imported"), SLIPS)
def test_an_import_through_a_wall_is_refused(room: str, imported: str, graph: grimp.ImportGraph):
    name = f"unbake.{imported}" if f"unbake.{imported}" in graph.modules else imported
    slipped = copy.deepcopy(graph)
    if name not in slipped.modules:
        slipped.add_module(name, is_squashed=True)
    slipped.add_import(importer=f"unbake.{room}", imported=name)
    assert broken_contracts(slipped) != []


def test_an_import_down_the_layers_is_allowed(graph: grimp.ImportGraph):
    grown = copy.deepcopy(graph)
    grown.add_import(importer="unbake.losses", imported="unbake.synth")
    assert broken_contracts(grown) == []


def test_a_room_that_no_layer_names_is_refused(graph: grimp.ImportGraph):
    grown = copy.deepcopy(graph)
    grown.add_module("unbake.another")
    assert broken_contracts(grown) == ["layer order"]


@pytest.mark.parametrize(
    "code",
    [
        "kind == MapKind.AO",
        "MapKind.AO == kind",
        "kind != MapKind.AO",
        "kind is MapKind.AO",
        "kind is not maps.MapKind.AO",
        "kind in (MapKind.AO, MapKind.HEIGHT)",
        "kind not in {MapKind.AO}",
        "kind in frozenset([MapKind.AO])",
        "MapKind.AO in (kind, other)",
        'kind == "ao"',
        '"albedo" != kind.value',
        'kind in ("roughness", "metallic")',
        'kind == MapKind("ao")',
        "kind.value == MapKind.AO.value",
        "kind == str(MapKind.NORMAL)",
        "a == kind == MapKind.AO",
        "match kind:\n    case MapKind.AO: pass",
        "match kind:\n    case MapKind.HEIGHT | MapKind.AO: pass",
        'match kind:\n    case "ao": pass',
        'match kind, n:\n    case ("ao", 1): pass',
    ],
)
def test_telling_a_map_apart_is_refused(code: str):
    assert house_rules.map_comparisons(code) != []


@pytest.mark.parametrize(
    "code",
    [
        "MapKind.AO in maps",
        "MapKind.AO not in sample.maps",
        "kind in GEOMETRY",
        "spec.colour == 'normal'",
        "SPECS[kind].vector",
        "kind == other",
        "values = {MapKind.AO: 1.0}",
        "maps[MapKind.AO] == 0",
        "match spec.colour:\n    case 'srgb': pass",
    ],
)
def test_asking_what_is_there_or_what_a_map_is_like_is_allowed(code: str):
    assert house_rules.map_comparisons(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "print('x')",
        "exit(1)",
        "quit()",
        "input()",
        "breakpoint()",
        "sys.exit(1)",
        "raise SystemExit",
        "raise SystemExit(1)",
        "from sys import exit",
        "from sys import stdout as out",
        "sys.stdout.write('x')",
        "sys.stderr.write('x')",
        "json.dump({}, sys.stdout)",
        "os._exit(1)",
        "os.abort()",
        "typer.echo('x')",
        "raise typer.Exit(1)",
        "from rich.console import Console",
    ],
)
def test_printing_or_exiting_is_refused(code: str):
    assert house_rules.printing(code) != []


@pytest.mark.parametrize(
    "code",
    [
        "logging.getLogger().info('x')",
        "def print_table(): ...",
        "console.print('x')",
        "raise UsageError('print it')",
        "sys.platform == 'win32'",
        "os.environ",
        "'''>>> print(1)'''",
        "on_exit()",
    ],
)
def test_what_only_looks_like_printing_is_allowed(code: str):
    assert house_rules.printing(code) == []


@pytest.mark.parametrize(
    "code",
    [
        'phase = "B"',
        'if name == "A0": pass',
        'path = root / "checkpoints/B_best"',
        'path = "checkpoints/B_best.safetensors"',
        'name = "Cp_last"',
        'tag = "phase_C"',
        'tag = "A-Albedo-Syn"',
        'f"train_logs/phase_A0/{name}"',
        'message = "Run phase D first."',
        'message = "Run A, then B."',
        'runs = ["A_albedo_syn"]',
        'D = f"D_{kind}"',
    ],
)
def test_the_name_of_a_phase_in_a_string_is_refused(code: str):
    assert house_rules.phase_names(code) != []


@pytest.mark.parametrize(
    "code",
    [
        '"""Phase B writes B_best."""',
        "def f():\n    '''What A0 does.'''",
        'ORDER = ("A0", "A", "B")',
        'letters = "[A-Za-z0-9_]+"',
        'message = "A file was expected."',
        'channels = "RGBA"',
        'format = "BC7"',
        "B = 3",
        'name = "DDS"',
    ],
)
def test_what_only_looks_like_a_phase_is_allowed(code: str):
    assert house_rules.phase_names(code) == []


@pytest.mark.parametrize(
    "code",
    ["import pickle", "from pickle import loads", "torch.load(path)", "torch.load(p, weights_only=False)"],
)
def test_a_pickle_is_refused(code: str):
    assert house_rules.pickles(code) != []


def test_weights_that_are_read_alone_are_no_pickle():
    assert house_rules.pickles("torch.load(path, weights_only=True)") == []


def test_a_long_function_is_measured_without_its_docstring_and_named_with_its_class():
    source = (
        'class A:\n    def f(self):\n        """One.\n\n        Two."""\n        x = 1\n        return x\n'
    )
    assert (long_functions(source, 2), long_functions(source, 3)) == ({"A.f": 3}, {})
