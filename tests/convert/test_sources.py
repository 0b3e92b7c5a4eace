import copy
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import pytest
from bethkit import BsaVersion, BsaWriter

from unbake.convert.find import find_sets
from unbake.convert.sources import Source, list_textures
from unbake.errors import FileError, UsageError


def loose(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def archive(path: Path, files: dict[str, bytes], compress: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with BsaWriter(BsaVersion.SSE) as writer:
        writer.set_compress(compress)
        for name, data in files.items():
            writer.add(name, data)
        writer.write_to(path)
    return path


def diffuses(*roots: Path) -> dict[str, bytes]:
    """Set names and the bytes that were found for them."""
    return {one.name: one.diffuse.read() for one in find_sets(list(roots))[0]}


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_in_an_archive_is_read_as_it_was_put_in(tmp_path: Path, compress: bool) -> None:
    data = os.urandom(1000) + bytes(5000)
    mod = archive(tmp_path / "Mod.bsa", {"textures\\clutter\\pot.dds": data}, compress)
    [found], skipped = find_sets(mod)
    assert (found.name, found.diffuse.read(), skipped) == ("clutter/pot", data, [])


def test_sets_of_an_archive_are_sorted_as_those_of_a_folder(tmp_path: Path) -> None:
    files = {f"textures/clutter/{name}": b"x" for name in ("pot.dds", "pot_n.dds", "pot_g.dds", "lost_n.dds")}
    folder, packed = loose(tmp_path / "a", files), archive(tmp_path / "b.bsa", files)
    one, other = find_sets(folder), find_sets(packed)
    assert one[1] == other[1]
    assert [[file.name for file in found.files] for found in one[0]] == [
        [file.name for file in found.files] for found in other[0]
    ]


@pytest.mark.parametrize("name", ["стены/дерево", "möbel/stuhl", "ж"])
def test_names_in_any_script_are_found_in_an_archive(tmp_path: Path, name: str) -> None:
    assert diffuses(archive(tmp_path / "Mod.bsa", {f"textures\\{name}.dds": b"x"})) == {name: b"x"}


def test_names_with_accents_kept_apart_belong_to_those_without(tmp_path: Path) -> None:
    loose(tmp_path, {f"{normalize('NFD', 'möbel')}.dds": b"x", "möbel_n.dds": b"x"})
    [found], skipped = find_sets(tmp_path)
    assert (found.name, found.normal is None, skipped) == ("möbel", False, [])
    assert found.diffuse.read() == b"x"


def test_only_textures_of_an_archive_are_listed(tmp_path: Path) -> None:
    mod = archive(tmp_path / "Mod.bsa", {"meshes/pot.nif": b"x", "textures/pot.dds": b"x"})
    assert [one.game for one in list_textures([mod])] == [PurePosixPath("pot.dds")]


def test_below_textures_an_archive_keeps_folders_of_that_name(tmp_path: Path) -> None:
    assert diffuses(archive(tmp_path / "Mod.bsa", {"textures/a/textures/pot.dds": b"x"})) == {
        "a/textures/pot": b"x"
    }


def test_archives_in_a_folder_yield_to_its_loose_files(tmp_path: Path) -> None:
    mod = loose(tmp_path / "Mod", {"textures/pot.dds": b"loose"})
    archive(mod / "Mod.bsa", {"textures/pot.dds": b"packed", "textures/pan.dds": b"packed"})
    assert diffuses(mod) == {"pot": b"loose", "pan": b"packed"}


def test_of_two_archives_in_a_folder_the_last_by_name_is_seen(tmp_path: Path) -> None:
    archive(tmp_path / "Mod0.bsa", {"textures/pot.dds": b"0"})
    archive(tmp_path / "mod1.bsa", {"textures/pot.dds": b"1"})
    assert diffuses(tmp_path) == {"pot": b"1"}


def test_a_later_mod_overrides_an_earlier_one_file_by_file(tmp_path: Path) -> None:
    base = archive(tmp_path / "Base.bsa", {f"textures/{n}.dds": b"base" for n in ("pot", "pot_n", "pan")})
    patch = loose(tmp_path / "Patch", {"Textures/POT_N.dds": b"patch"})
    sets, skipped = find_sets([base, patch])
    assert [[file.read() for file in one.files] for one in sets] == [[b"base"], [b"base", b"patch"]]
    [overridden] = skipped
    assert overridden.path == "pot_n.dds"
    assert "of a later mod is used" in overridden.reason


def test_the_order_of_mods_decides(tmp_path: Path) -> None:
    one, other = (loose(tmp_path / name, {"textures/pot.dds": name.encode()}) for name in "ab")
    assert (diffuses(one, other), diffuses(other, one)) == ({"pot": b"b"}, {"pot": b"a"})


def test_an_archive_of_a_later_mod_overrides_an_earlier_mods_loose_files(tmp_path: Path) -> None:
    one = loose(tmp_path / "a", {"textures/pot.dds": b"loose"})
    assert diffuses(one, archive(tmp_path / "b.bsa", {"textures/pot.dds": b"packed"})) == {"pot": b"packed"}


def test_mods_need_no_textures_folder_to_override_each_other(tmp_path: Path) -> None:
    one, other = loose(tmp_path / "a", {"pot.dds": b"a"}), loose(tmp_path / "b", {"textures/pot.dds": b"b"})
    assert diffuses(one, other) == {"pot": b"b"}


def test_a_mod_with_an_archive_alone_still_finds_its_loose_files(tmp_path: Path) -> None:
    mod = loose(tmp_path / "Mod", {"pot.dds": b"loose"})
    archive(mod / "Mod.bsa", {"textures/pan.dds": b"packed"})
    assert diffuses(mod) == {"pan": b"packed", "pot": b"loose"}


def test_an_archive_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    for data in (b"first", b"second"):
        assert diffuses(archive(tmp_path / "Mod.bsa", {"textures/pot.dds": data}, compress=False)) == {
            "pot": data
        }


def test_a_copy_of_a_source_reads_the_same_file(tmp_path: Path) -> None:
    source = Source(archive(tmp_path / "Mod.bsa", {"textures/pot.dds": b"x"}), "textures/pot.dds")
    assert copy.deepcopy(source).read() == b"x"


def test_a_file_that_left_its_archive_is_a_sentence(tmp_path: Path) -> None:
    mod = archive(tmp_path / "Mod.bsa", {"textures/pot.dds": b"x"})
    with pytest.raises(FileError, match=r"Expected a readable file .*Mod\.bsa/textures/pan\.dds"):
        Source(mod, "textures/pan.dds").read()


def test_an_archive_that_was_cut_off_fails_the_file_that_it_lost(tmp_path: Path) -> None:
    mod = archive(tmp_path / "Mod.bsa", {"textures/pot.dds": bytes(100)}, compress=False)
    mod.write_bytes(mod.read_bytes()[:-50])
    [found], _ = find_sets(mod)
    with pytest.raises(FileError, match="Expected a readable file"):
        found.diffuse.read()


@pytest.mark.parametrize("data", [b"", b"BSA\0" + bytes(100), b"no archive at all" * 10])
def test_what_is_no_archive_is_wrong_use(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "Mod.bsa").write_bytes(data)
    with pytest.raises(UsageError, match="unpack it with another tool"):
        find_sets(tmp_path / "Mod.bsa")


def test_listing_a_large_archive_reads_none_of_its_textures(tmp_path: Path) -> None:
    if not Path("/proc/self/statm").is_file():
        pytest.skip("this system does not tell how much memory a process has")
    files = {f"textures/pot{i}.dds": os.urandom(1 << 20) for i in range(16)}
    mod = archive(tmp_path / "Mod.bsa", files, compress=False)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    assert len(list_textures([mod])) == 16
    assert resident() - before < 4 << 20


def test_a_folder_that_cannot_be_listed_is_never_left_out_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose(tmp_path, {"a/pot.dds": b"x", "b/pot.dds": b"x"})
    real = os.scandir

    def locked(path: str) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(UsageError, match=r"b' \(Permission denied\)"):
        find_sets(tmp_path)


def test_one_texture_among_several_mods_is_wrong_use(tmp_path: Path) -> None:
    loose(tmp_path, {"a/pot.dds": b"x", "b/pot.dds": b"x"})
    with pytest.raises(UsageError, match="give it alone"):
        find_sets([tmp_path / "a", tmp_path / "b" / "pot.dds"])


def test_a_texture_root_may_fit_one_of_several_mods(tmp_path: Path) -> None:
    one = loose(tmp_path / "a", {"own/pot.dds": b"a"})
    other = loose(tmp_path / "b", {"textures/pan.dds": b"b"})
    sets, _ = find_sets([one, other], texture_root=one / "own")
    assert [found.name for found in sets] == ["pan", "pot"]


def test_the_command_takes_several_mods_before_out(tmp_path: Path) -> None:
    base = archive(tmp_path / "Base.bsa", {"textures/pot.dds": b"x", "textures/pan.dds": b"x"})
    patch = loose(tmp_path / "Patch", {"textures/pot.dds": b"y"})
    command = [sys.executable, "-m", "unbake.cli", "convert", base, patch, tmp_path / "out", "--dry-run"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "would convert pan\nwould convert pot\n2 sets would be converted" in done.stdout


def test_without_bethkit_an_archive_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mod = archive(tmp_path / "Mod.bsa", {"textures/pot.dds": b"x"})
    monkeypatch.setitem(sys.modules, "bethkit", None)
    with pytest.raises(UsageError, match=r"^Expected the package bethkit .*, got none; install it .*\.$"):
        list_textures([mod])


def test_a_folder_is_listed_without_bethkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bethkit", None)
    assert diffuses(loose(tmp_path, {"textures/pot.dds": b"x"})) == {"pot": b"x"}


def test_nothing_of_the_converter_imports_bethkit_before_an_archive_is_opened() -> None:
    script = "import sys, unbake.cli, unbake.batch.run; sys.exit('bethkit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_records_of_macos_beside_textures_are_left_out(tmp_path: Path) -> None:
    names = (
        "textures/pot.dds",
        "textures/._pot.dds",
        "__MACOSX/textures/._pot.dds",
        "__MACOSX/textures/pot.dds",
    )
    assert diffuses(loose(tmp_path / "a", dict.fromkeys(names, b"x"))) == {"pot": b"x"}
    assert diffuses(archive(tmp_path / "b.bsa", dict.fromkeys(names, b"x"))) == {"pot": b"x"}


def test_of_nested_textures_folders_the_outermost_counts_on_disk_and_in_archives(tmp_path: Path) -> None:
    files = {"textures/pot.dds": b"x", "textures/armor/foo/textures/a.dds": b"y"}
    found = diffuses(loose(tmp_path / "Mod", files))
    assert (
        found == diffuses(archive(tmp_path / "Mod.bsa", files)) == {"pot": b"x", "armor/foo/textures/a": b"y"}
    )
    assert diffuses(tmp_path / "Mod" / "textures") == found


def test_a_mod_below_a_folder_called_textures_keeps_its_own(tmp_path: Path) -> None:
    mod = loose(tmp_path / "Textures" / "MyMod", {"textures/clutter/pot.dds": b"x", "shot.jpg": b"y"})
    assert diffuses(mod) == {"clutter/pot": b"x"}


@pytest.mark.parametrize(
    "names",
    [
        ("00 Core/Textures/pot.dds", "10 Option/textures/pot.dds"),
        ("ModA/textures/pot.dds", "ModB/textures/pan.dds", "ModC/textures/pan.dds"),
        ("ModA/textures/pot.dds", "ModB/ModB.bsa"),
    ],
)
def test_several_mods_or_options_in_one_folder_are_refused_with_the_command_to_give(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    loose(tmp_path, dict.fromkeys(names, b"x"))
    first, second = (name.partition("/")[0] for name in names[:2])
    with pytest.raises(UsageError, match="Expected one mod") as raised:
        find_sets(tmp_path)
    assert f'unbake convert "{tmp_path}/{first}" "{tmp_path}/{second}"' in str(raised.value)


def test_a_textures_folder_beside_the_mods_own_is_left_out_and_told(tmp_path: Path) -> None:
    loose(tmp_path, {"textures/pot.dds": b"x", "optional/textures/pan.dds": b"y"})
    sets, skipped = find_sets(tmp_path)
    assert [one.name for one in sets] == ["pot"]
    assert [(one.path, one.reason) for one in skipped] == [("pan.dds", "outside the textures folder")]


def test_linked_folders_are_converted_and_loops_of_links_end(tmp_path: Path) -> None:
    loose(tmp_path, {"mod/textures/pot.dds": b"x", "elsewhere/pan.dds": b"y"})
    textures = tmp_path / "mod" / "textures"
    for name, target in (
        ("clutter", tmp_path / "elsewhere"),
        ("loop", textures),
        ("outer", tmp_path),
    ):
        (textures / name).symlink_to(target, target_is_directory=True)
    (tmp_path / "elsewhere" / "back").symlink_to(textures, target_is_directory=True)
    (tmp_path / "elsewhere" / "self").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert diffuses(tmp_path / "mod") == {"pot": b"x", "clutter/pan": b"y"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are not Unicode")
def test_a_name_that_is_not_utf8_is_left_out_with_a_reason(tmp_path: Path) -> None:
    loose(tmp_path, {"textures/pot.dds": b"x", "textures/caf\udce9.dds": b"y"})
    sets, skipped = find_sets(tmp_path)
    assert [one.name for one in sets] == ["pot"]
    assert [(one.path, "UTF-8" in one.reason) for one in skipped] == [("caf\\udce9.dds", True)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_a_pipe_called_as_a_texture_fails_instead_of_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pot.png")
    [found], _ = find_sets(tmp_path)
    with pytest.raises(FileError, match="a pipe or a device"):
        found.diffuse.read()
