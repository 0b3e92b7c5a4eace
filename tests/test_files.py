"""Files on disk: written whole or not at all, and never outside the folder they belong to."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from unbake.errors import FileError, TextureSetError
from unbake.files import (
    check_space,
    clear_drafts,
    is_draft,
    safe_join,
    why_unsafe,
    write_atomic,
    write_file_atomic,
    write_folder_atomic,
)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def full(*_, **__):
    raise OSError(28, "No space left on device")


def killed(*_, **__):
    raise KeyboardInterrupt


def test_a_file_written_by_its_path_replaces_the_old_one_and_leaves_no_draft(tmp_path):
    write_atomic(tmp_path / "c.bin", b"old")
    with write_file_atomic(tmp_path / "c.bin") as draft:
        draft.write_bytes(b"new")
        assert files(tmp_path)["c.bin"] == b"old"
    assert files(tmp_path) == {"c.bin": b"new"}


def test_a_writer_that_fails_leaves_the_old_file_and_no_draft(tmp_path):
    write_atomic(tmp_path / "c.bin", b"old")
    with (
        pytest.raises(TextureSetError, match="of the writer"),
        write_file_atomic(tmp_path / "c.bin") as draft,
    ):
        draft.write_bytes(b"half")
        raise TextureSetError("of the writer")
    assert files(tmp_path) == {"c.bin": b"old"}


def test_bytes_and_name_are_forced_to_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    write_atomic(tmp_path / "c.bin", b"1")
    expected = [(tmp_path / "c.bin").stat().st_ino] + [tmp_path.stat().st_ino] * (os.name == "posix")
    assert synced == expected


def test_a_file_that_need_not_last_is_not_forced_to_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    write_atomic(tmp_path / "c.bin", b"1", durable=False)
    assert files(tmp_path) == {"c.bin": b"1"}


def test_a_folder_appears_with_all_that_is_in_it_and_replaces_the_old_one(tmp_path):
    write_atomic(tmp_path / "oak" / "old.txt", b"1")
    with write_folder_atomic(tmp_path / "oak") as draft:
        write_atomic(draft / "sub" / "new.txt", b"2")
        assert files(tmp_path / "oak") == {"old.txt": b"1"}
    assert files(tmp_path) == {"oak/sub/new.txt": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["oak"]


def test_every_file_and_folder_of_a_folder_is_forced_to_the_disk(tmp_path, monkeypatch):
    synced = set()
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino))
    with write_folder_atomic(tmp_path / "oak") as draft:
        (draft / "sub").mkdir()
        (draft / "sub" / "a.txt").write_bytes(b"1")
    expected = [tmp_path / "oak" / "sub" / "a.txt"]
    if os.name == "posix":
        expected += [tmp_path, tmp_path / "oak", tmp_path / "oak" / "sub"]
    assert {path.stat().st_ino for path in expected} <= synced


@pytest.mark.parametrize(("broken", "raised"), [(full, FileError), (killed, KeyboardInterrupt)])
@pytest.mark.parametrize("call", [1, 2])
def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(broken, raised, call, tmp_path, monkeypatch):
    write_atomic(tmp_path / "oak" / "old.txt", b"1")
    replace, calls = os.replace, []

    def fails(*paths, **options):
        calls.append(paths)
        return broken() if len(calls) == call else replace(*paths, **options)

    with pytest.raises(raised), write_folder_atomic(tmp_path / "oak") as draft:
        (draft / "new.txt").write_bytes(b"2")
        monkeypatch.setattr(os, "replace", fails)
    assert files(tmp_path) == {"oak/old.txt": b"1"}


def test_a_file_in_the_place_of_a_folder_stays(tmp_path):
    write_atomic(tmp_path / "oak", b"1")
    with pytest.raises(FileError), write_folder_atomic(tmp_path / "oak") as draft:
        (draft / "new.txt").write_bytes(b"2")
    assert files(tmp_path) == {"oak": b"1"}


def test_a_folder_whose_writer_fails_leaves_the_old_one(tmp_path):
    write_atomic(tmp_path / "oak" / "old.txt", b"1")
    with (
        pytest.raises(FileError, match=r"Expected to write .*oak, got: No space left on device;"),
        write_folder_atomic(tmp_path / "oak") as draft,
    ):
        (draft / "new.txt").write_bytes(b"2")
        full()
    assert files(tmp_path) == {"oak/old.txt": b"1"}


def left_behind(folder, name):
    """Drafts of a file and of a folder, as a killed run leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for write in (write_file_atomic, write_folder_atomic):
        with suppress(KeyboardInterrupt), write(folder / name) as draft:
            names.append(draft.name)
            killed()
    (folder / names[0]).write_bytes(b"half")
    (folder / names[1]).mkdir()
    (folder / names[1] / "half.txt").write_bytes(b"half")
    return names


def test_drafts_are_told_by_their_names(tmp_path):
    assert all(map(is_draft, left_behind(tmp_path / "a", "x" * 200)))
    assert not any(map(is_draft, (".hidden.tmp", "0123456789abcdef.tmp", ".0123456789ABCDEF.tmp", "a.png")))


def test_only_the_drafts_of_a_folder_are_cleared(tmp_path):
    left_behind(tmp_path, "a")
    left_behind(tmp_path / "below", "b")
    (tmp_path / ".mine.tmp").write_bytes(b"1")
    below = files(tmp_path / "below")
    assert clear_drafts(tmp_path) == 2
    assert files(tmp_path / "below") == below
    assert clear_drafts(tmp_path, recursive=True) == 2
    assert files(tmp_path) == {".mine.tmp": b"1"}


def test_the_drafts_of_one_file_are_cleared_and_others_stay(tmp_path):
    mine, theirs = left_behind(tmp_path, "a"), left_behind(tmp_path, "b")
    clear_drafts(tmp_path, of="a")
    there = {path.name for path in tmp_path.iterdir()}
    assert there.isdisjoint(mine) and there.issuperset(theirs)


def test_young_drafts_stay_where_another_process_may_be_writing(tmp_path):
    file, folder = left_behind(tmp_path, "a")
    os.utime(tmp_path / folder, (0, 0))
    assert clear_drafts(tmp_path, older_than_s=3600) == 1
    assert (tmp_path / file).is_file()


WAYS_OUT = {
    "a parent": "../x.dds",
    "a parent in between": "a/../../x.dds",
    "a parent of Windows": "a\\..\\..\\x.dds",
    "an absolute path": "/etc/x.dds",
    "a share of Windows": "\\\\server\\share\\x.dds",
    "a drive": "C:/x.dds",
    "a path relative to a drive": "C:x.dds",
    "a drive further down": "a/c:/x.dds",
    "a stream of a file": "a/x.dds:hidden",
    "a NUL": "a/x.dds\0.png",
    "a line feed": "a/x\n.dds",
    "a device": "a/aux/x.dds",
    "a device with an extension": "NUL.dds",
    "a numbered device": "a/com1.x.dds",
    "a superscript device": "lpt².dds",
    "a device and a space": "con .dds",
    "a trailing dot": "a./x.dds",
    "a trailing space": "a/x.dds ",
    "three dots": ".../x.dds",
    "a letter that Windows keeps for itself": "a/what?.dds",
    "nothing": "",
    "the folder itself": "./.",
}


@pytest.mark.parametrize("name", WAYS_OUT.values(), ids=WAYS_OUT)
def test_a_name_that_leads_out_or_that_a_system_reserves_is_refused(name, tmp_path):
    with pytest.raises(FileError, match=r"Expected a path inside .*; correct or remove what names it\.$"):
        safe_join(tmp_path, name)


@pytest.mark.parametrize(
    "name",
    ["x.dds", "a/b/x.dds", "a\\b\\x.dds", "./a//x.dds", "..x/.hidden", "com0/console.c", "Mauer ä 壁.png"],
)
def test_other_names_are_joined_part_by_part(name, tmp_path):
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    assert safe_join(tmp_path, name) == tmp_path.joinpath(*parts)


@pytest.fixture
def linked(tmp_path):
    """A folder with links, and what lies outside it."""
    for name in ("root/inner", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "outside" / "x.txt").write_bytes(b"1")
    root = tmp_path / "root"
    try:
        (root / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
        (root / "file").symlink_to(tmp_path / "outside" / "x.txt")
        (root / "dangling").symlink_to(tmp_path / "nowhere")
        (root / "loop").symlink_to(root / "loop")
        (root / "relative").symlink_to(Path("..") / "outside", target_is_directory=True)
        (root / "near").symlink_to(root / "inner", target_is_directory=True)
    except OSError:
        pytest.skip("links need a right here")
    return root


@pytest.mark.parametrize(
    "name", ["link/x.txt", "link", "file", "dangling", "relative/x.txt", "near/../link/x.txt"]
)
def test_a_link_that_leads_out_is_refused(name, linked):
    with pytest.raises(FileError, match="leads out of the folder"):
        safe_join(linked, name)


def test_a_link_within_the_folder_is_followed(linked):
    assert safe_join(linked, "near/x.txt") == linked / "near" / "x.txt"


def test_a_folder_that_is_itself_reached_by_a_link_is_no_way_out(linked, tmp_path):
    (tmp_path / "alias").symlink_to(linked, target_is_directory=True)
    assert safe_join(tmp_path / "alias", "inner/x.txt") == tmp_path / "alias" / "inner" / "x.txt"


def test_a_loop_of_links_is_one_sentence(linked):
    try:
        path = safe_join(linked, "loop")  # some versions of Python follow it to itself
    except FileError as error:
        assert "the system cannot follow it" in str(error)
    else:
        assert path == linked / "loop"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows takes longer names")
def test_a_name_longer_than_the_system_takes_is_one_sentence(tmp_path):
    with pytest.raises(FileError), write_file_atomic(safe_join(tmp_path, "x" * 5000)) as draft:
        draft.write_bytes(b"")


def test_why_a_name_is_unsafe_does_not_depend_on_the_system(monkeypatch):
    before = [why_unsafe(name) for name in WAYS_OUT.values()]
    monkeypatch.setattr(os, "sep", "\\")
    assert before == [why_unsafe(name) for name in WAYS_OUT.values()]
    assert None not in before


def test_a_disk_that_lacks_a_few_megabytes_is_told_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=9_000_000))
    with pytest.raises(FileError, match=r"Expected 12\.5 MB to be free .* got 9\.0 MB"):
        check_space(tmp_path, 12_500_000, "the cache")
