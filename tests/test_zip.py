"""The recipe of the zip for Windows, as far as it can be followed on any system."""

import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[1]
LAUNCHERS = ["Drop a mod here.bat", "Start unbake.bat", "unbake.bat"]
TEXTS = [*LAUNCHERS, "LICENSE.txt", "READ ME.txt"]


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_zip", PROJECT / "scripts" / "make_zip.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for python.org's package: the files whose names matter."""
    path = tmp_path_factory.mktemp("python") / "python-3.12.10-embed-amd64.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("python.exe", "python312.dll", "python312.zip", "vcruntime140.dll"):
            archive.writestr(name, b"MZ")
        archive.writestr("python312._pth", "python312.zip\r\n.\r\n\r\n#import site\r\n")
    return path


@pytest.fixture(scope="module")
def unpacked(recipe: ModuleType, embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip with our own wheel in it, unpacked."""
    folder = tmp_path_factory.mktemp("zip")
    wheel = recipe.build_wheel(folder, "--no-build-isolation", "--no-index")
    recipe.pip("install", "--quiet", "--no-deps", "--no-index", "--target", str(folder / "site"), str(wheel))
    recipe.assemble(embedded, folder / "site", folder / "unbake.zip", "1.2.3", "3.12")
    with zipfile.ZipFile(folder / "unbake.zip") as archive:
        archive.extractall(folder / "out")
    return folder / "out" / "unbake-1.2.3"


@pytest.fixture(scope="module")
def without_python(recipe: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip to which a modder adds Python, unpacked."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "site").mkdir()
    recipe.assemble(None, folder / "site", folder / "unbake.zip", "1.2.3", "3.12")
    with zipfile.ZipFile(folder / "unbake.zip") as archive:
        archive.extractall(folder / "out")
    return folder / "out" / "unbake-1.2.3"


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_what_a_modder_runs_lies_at_the_top(unpacked: Path):
    assert sorted(path.name for path in unpacked.iterdir()) == [
        "Drop a mod here.bat", "LICENSE.txt", "READ ME.txt", "Start unbake.bat", "python", "unbake.bat"
    ]  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_texts_have_the_line_ends_that_windows_needs(unpacked: Path, name: str):
    data = (unpacked / name).read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 0


def test_scripts_start_the_python_beside_them_wherever_they_lie(unpacked: Path):
    for name in LAUNCHERS:
        assert '"%~dp0python\\python.exe" -X utf8 -m unbake.cli' in (unpacked / name).read_text()
    assert (unpacked / "python" / "python.exe").is_file()


def test_the_embedded_python_is_told_where_packages_are(unpacked: Path):
    told = (unpacked / "python" / "python312._pth").read_text().split("\n")
    assert [line.strip() for line in told] == ["python312.zip", ".", "Lib\\site-packages", "import site", ""]


def test_the_packages_run_without_anything_of_the_checkout(unpacked: Path, tmp_path: Path):
    site = unpacked / "python" / "Lib" / "site-packages"
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import unbake; print(unbake.__file__)\n"
    code += "from unbake.export.packs import preset_names; print(*preset_names())\n"
    code += "from unbake.cli import main; sys.argv = ['unbake', '--version']; main()"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    where, presets, version = run.stdout.splitlines()
    assert Path(where).is_relative_to(site)
    assert "skyrim" in presets
    assert version.startswith("unbake ")
    assert (site / "unbake" / "bundled" / "card.json").is_file()


def test_no_name_is_one_that_windows_cannot_have(unpacked: Path):
    names = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")]
    assert [
        name for name in names if any(letter in name for letter in '<>:"|?*\\') or name.endswith((".", " "))
    ] == []
    assert max(map(len, names)) < 160  # of 260, so that it can be unpacked somewhere deep


def test_the_version_of_python_is_read_from_its_package(recipe: ModuleType, embedded: Path, tmp_path: Path):
    assert recipe.python_version(embedded) == "3.12"
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("python.exe", b"")
    with pytest.raises(SystemExit, match="embeddable"):
        recipe.python_version(tmp_path / "other.zip")


def test_the_same_parts_give_the_same_bytes(recipe: ModuleType, embedded: Path, tmp_path: Path):
    (tmp_path / "site" / "__pycache__").mkdir(parents=True)
    (tmp_path / "site" / "one.py").write_text("1")
    (tmp_path / "site" / "__pycache__" / "one.pyc").write_text("1")
    for name in "ab":
        recipe.assemble(embedded, tmp_path / "site", tmp_path / name, "1", "3.12")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not any("__pycache__" in name for name in zipfile.ZipFile(tmp_path / "a").namelist())


def test_what_is_dropped_is_converted_beside_it_a_file_without_its_extension(unpacked: Path):
    lines = (unpacked / "Drop a mod here.bat").read_text().splitlines()
    start = lines.index('set "target=%~dpn1"')
    assert lines[start + 1] == 'if exist "%~f1\\*" set "target=%~f1"'
    assert lines[start + 2].endswith('-m unbake.cli convert "%~f1" "%target% - PBR"')


def test_the_page_is_started_by_a_file_of_its_own(unpacked: Path):
    assert any(line.endswith("-m unbake.cli app") for line in lines_of(unpacked / "Start unbake.bat"))


def test_every_jump_of_a_launcher_has_its_label(unpacked: Path):
    for name in LAUNCHERS:
        lines = lines_of(unpacked / name)
        jumps = {line.rpartition("goto ")[2] for line in lines if "goto " in line}
        assert jumps == {line[1:] for line in lines if line.startswith(":")}


def test_without_python_every_launcher_unpacks_the_file_that_a_modder_adds(without_python: Path):
    for name in LAUNCHERS:
        lines = lines_of(without_python / name)
        start = lines.index('if exist "%~dp0python\\python.exe" goto ready')
        assert lines[start + 1 : start + 3] == ['call "%~dp0python\\unpack.bat"', "if errorlevel 1 goto end"]
    script = (without_python / "python" / "unpack.bat").read_bytes().decode("ascii")
    assert script.count("\n") == script.count("\r\n")
    assert 'pushd "%~dp0.."\r\nfor %%f in (python-3.12.*-embed-amd64.zip) do' in script
    assert r"copy /y python\paths.txt python\python312._pth" in script
    assert "https://www.python.org/downloads/windows/" in script


def test_without_python_a_modder_is_told_which_file_to_add(without_python: Path, unpacked: Path):
    assert 'embeddable package (64-bit)" of Python 3.12' in (without_python / "READ ME.txt").read_text()
    assert "embeddable" not in (unpacked / "READ ME.txt").read_text()


def test_the_paths_of_a_python_that_is_added_are_those_of_one_that_is_packed_in(
    without_python: Path, unpacked: Path
):
    told = (without_python / "python" / "paths.txt").read_bytes()
    assert told == (unpacked / "python" / "python312._pth").read_bytes()


def test_the_lock_of_windows_has_its_own_packages_with_hashes_and_no_markers(recipe: ModuleType):
    lines = recipe.pins("core.txt", "3.12")
    names = {line.partition("==")[0] for line in lines}
    assert {"bethkit", "colorama", "numpy", "onnxruntime"} <= names
    assert all("--hash=sha256:" in line and ";" not in line for line in lines)
    assert len(names) == len(lines)


def test_the_zip_reads_7z_by_packages_of_the_lock(recipe: ModuleType):
    names = {line.partition("==")[0] for line in recipe.pins("dev.txt", "3.12")}
    assert set(recipe.SEVEN_ZIP) <= names


def test_another_runtime_takes_the_place_of_the_locked_one(recipe: ModuleType):
    one, other = recipe.pins("core.txt", "3.12"), recipe.pins("core.txt", "3.12", leave_out="onnxruntime")
    assert [line.partition("==")[0] for line in one if line not in other] == ["onnxruntime"]


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("import numpy.linalg, json", []),
        ("import torch", []),
        ("def f():\n    from absent.part import thing", ["absent"]),
        ("import tkinter", ["tkinter"]),
        ("import bethkit", ["bethkit"]),
        ("from . import neighbour", []),
    ],
)
def test_a_zip_that_lacks_what_is_imported_is_never_made(
    recipe: ModuleType, tmp_path: Path, line: str, missing: list
):
    (tmp_path / "unbake").mkdir()
    (tmp_path / "unbake" / "one.py").write_text(line)
    (tmp_path / "numpy").mkdir()
    project = {
        "dependencies": ["numpy>=2", "bethkit>=2; sys_platform == 'win32'"],
        "optional-dependencies": {"bsa": ["bethkit"], "train": ["torch>=2,<3"]},
    }
    assert recipe.lacking(tmp_path, project) == missing


def test_all_that_unbake_imports_is_required(recipe: ModuleType, tmp_path: Path):
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    (tmp_path / "unbake").symlink_to(PROJECT / "unbake", target_is_directory=True)
    core = {recipe.import_name(need) for need in project["dependencies"]}
    assert set(recipe.lacking(tmp_path, project)) == core - {"pillow"} | {"PIL"}
