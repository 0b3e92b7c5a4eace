"""Rules of the house that no linter knows (DESIGN, "Never" 5 to 8)."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import unbake
from unbake import recipe

PACKAGE = Path(unbake.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def strings(path: Path) -> Iterator[str]:
    """String constants of a module that are not docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    attributes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in told | attributes
        ):
            yield node.value


def test_no_module_but_the_recipe_and_the_door_names_a_phase():
    tags = {recipe.load(name).tag for name in recipe.ORDER} | {
        recipe.load(name).writes for name in recipe.ORDER
    }
    named = {
        path.name: sorted(tags & set(strings(path)))
        for path in MODULES
        if path.name != "recipe.py" and path.parent.name != "cli"
    }
    assert {name: found for name, found in named.items() if found} == {}


def test_no_module_is_called_by_a_name_that_says_nothing():
    assert [p for p in MODULES if p.stem in ("utils", "common", "helpers", "base", "manager")] == []


def test_no_map_is_told_apart_by_its_name_outside_the_domain():
    comparison = re.compile(
        r"(==|\bis\b)\s*(MapKind\.[A-Z]+|[\"'](albedo|roughness|metallic|ao|height)[\"'])"
    )
    guilty = [
        f"{path.name}:{number}"
        for path in MODULES
        if path.parent.name != "domain"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if comparison.search(line)
    ]
    assert guilty == []


def test_no_class_of_ours_inherits_another_of_ours():
    classes: dict[str, set[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    ours = set(classes) - {"Strict"} - {name for name in classes if name.endswith("Error")}
    assert {name: bases & ours for name, bases in classes.items() if bases & ours} == {}


def test_only_the_door_prints_and_exits():
    guilty = [
        f"{path.name}:{node.lineno}"
        for path in MODULES
        if path.parent.name != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("print", "exit")
    ]
    assert guilty == []


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
