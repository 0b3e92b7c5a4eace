"""The public face of the package: its names, and what using them imports."""

import subprocess
import sys

import pytest

import unbake

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
"""

TRAINING = ("torch", "transformers", "safetensors", "peft")


def run(code: str, blocked: tuple[str, ...] = ()) -> str:
    """What the code prints in a process that finds none of the blocked packages."""
    command = [sys.executable, "-c", BLOCKED.format(blocked=blocked) + code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_public_names_are_these() -> None:
    assert unbake.__all__ == [
        "Options",
        "Predictor",
        "Preset",
        "Recipe",
        "Summary",
        "UnbakeError",
        "__version__",
        "convert_folder",
        "convert_set",
        "find_sets",
        "load_inputs",
        "load_predictor",
        "load_preset",
        "load_recipe",
    ]


@pytest.mark.parametrize("name", unbake.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(unbake, name) is not None
    assert name in dir(unbake)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'convert_everything'"):
        unbake.convert_everything  # noqa: B018


def test_importing_the_package_imports_nothing_but_its_version() -> None:
    code = """
before = set(sys.modules)
import unbake
print(sorted(name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names))
"""
    assert run(code) == "['unbake', 'unbake.version']"


def test_conversion_needs_neither_torch_nor_the_reader_of_archives() -> None:
    code = """
import unbake
names = "convert_folder convert_set find_sets load_inputs load_predictor load_preset Options Summary Predictor Preset"
print([name for name in names.split() if not hasattr(unbake, name)])
"""
    assert run(code, (*TRAINING, "bethkit", "ray")) == "[]"


def test_recipes_are_read_without_torch() -> None:
    assert run("import unbake; print(unbake.load_recipe('A').tag)", TRAINING) != ""
