"""The viewer's data: what is written into the page and beside it."""

import base64
import io
import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from unbake.domain.maps import MapKind
from unbake.errors import FileError
from unbake.report import view
from unbake.report.view import (
    BUILT,
    FOLDER,
    VIEW,
    Entry,
    Gallery,
    Left,
    Override,
    Page,
    SetData,
    data_url,
    html,
    key_of,
    pictures,
    script_path,
    write_view,
)

STUB = b'<!doctype html><script id="unbake-index">window.UNBAKE = null</script><p>page</p>'


@pytest.fixture(autouse=True)
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page in the place of the built one, which needs Node."""
    (tmp_path / "built.html").write_bytes(STUB)
    monkeypatch.setattr(view, "BUILT", tmp_path / "built.html")


def gallery(*names: str, made: list[str] | None = None) -> Gallery:
    """Sets without pictures, which say when they are made."""

    def make(name: str) -> SetData:
        if made is not None:
            made.append(name)
        return SetData(missing=name)

    keys = {name: key_of(name) for name in names}
    page = Page(
        kind="conversion", title="mod", made="", sets=[Entry(key=keys[name], name=name) for name in names]
    )
    return Gallery(page, {key: (lambda name=name: make(name)) for name, key in keys.items()})


def index_of(page: bytes) -> object:
    found = re.search(rb"window\.UNBAKE = (.*?)</script>", page, re.DOTALL)
    assert found
    return json.loads(found[1])


def pixels_of(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_the_index_comes_back_as_it_was():
    page = Page(
        kind="conversion",
        title="Ä mod",
        made="unbake",
        changes={"ao": {"strength": 0.5, "invert": True}},
        overrides=[Override("a", {"height": {"bias": -0.1}})],
        sets=[
            Entry(key="k", name="walls/brick", thumbs={"ao": "report/a.jpg"}, confidence=0.5, doubtful=True)
        ],
        failed=[Left("pot", "it is empty")],
    )
    assert msgspec.convert(index_of(html(page)), Page) == page


def test_no_name_ends_the_script_that_holds_it():
    name = "</script><script>alert(1)</script><!--"
    page = html(Page(kind="conversion", title=name, made="", sets=[Entry(key="k", name=name)]))
    assert page.count(b"</script>") == STUB.count(b"</script>")
    assert index_of(page)["title"] == name


def test_an_entry_tells_where_its_script_lies():
    assert Entry(key="k", name="pot").data == ".unbake/view/k.js" == script_path("k")


def test_a_page_that_is_not_built_is_one_sentence_that_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(view, "BUILT", tmp_path / "nowhere.html")
    with pytest.raises(FileError, match="make viewer"):
        html(gallery().page)


def test_a_page_without_a_place_for_the_index_is_an_error(tmp_path: Path):
    (tmp_path / "built.html").write_text("<p>something else</p>")
    with pytest.raises(FileError, match="Expected a place for the index"):
        html(gallery().page)


def test_the_built_page_has_one_place_for_the_index(monkeypatch: pytest.MonkeyPatch):
    assert BUILT.read_bytes().count(view.PLACE) == 1


def test_only_what_is_not_there_is_made_and_what_is_of_no_set_removed(tmp_path: Path):
    made: list[str] = []
    steps: list[tuple[int, int]] = []
    write_view(tmp_path, gallery("a", "b", made=made), on_progress=lambda *step: steps.append(step))
    assert (sorted(made), steps) == (["a", "b"], [(0, 2), (1, 2), (2, 2)])
    made.clear()
    assert write_view(tmp_path, gallery("b", "c", made=made)) == tmp_path / VIEW
    assert made == ["c"]
    there = {path.name for path in (tmp_path / FOLDER).iterdir()}
    assert there == {f"{key_of(name)}.js" for name in "bc"}


def test_interrupted_it_leaves_a_page_and_the_finished_sets(tmp_path: Path):
    def stop(done: int, n: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_view(tmp_path, gallery(*"abcdefgh"), threads=1, on_progress=stop)
    finished = list((tmp_path / FOLDER).glob("*.js"))
    assert (tmp_path / VIEW).is_file()
    assert 1 <= len(finished) < 8
    assert all(path.read_bytes().endswith(b"});\n") for path in finished)


def test_a_script_calls_with_its_key_and_what_the_page_reads(tmp_path: Path):
    write_view(tmp_path, gallery("a"))
    text = (tmp_path / script_path(key_of("a"))).read_text()
    call = re.fullmatch(r"window\.UNBAKE_SET\((.*)\);\n", text)
    assert call
    key, data = json.loads(f"[{call[1]}]")
    assert (key, data["missing"], data["images"]) == (key_of("a"), "a", {})


def test_pictures_are_reduced_to_their_longest_side_and_never_enlarged():
    maps = {
        MapKind.AO: np.ones((40, 20, 1), np.float32),
        MapKind.ALBEDO: np.full((8, 8, 3), 0.5, np.float32),
    }
    shown = pictures(maps, maps, 16)
    assert {name: image.shape for name, image in shown.items()} == {"ao": (16, 8, 1), "albedo": (8, 8, 3)}


def test_a_normal_map_is_stored_without_loss_where_that_is_small():
    normal = np.random.default_rng(0).integers(100, 156, (64, 64, 3)).astype(np.uint8)
    url = data_url("normal", normal)
    assert url.startswith("data:image/webp;")
    assert (pixels_of(url) == normal).all()


def test_a_normal_map_that_would_be_large_stays_within_a_few_degrees(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(view, "EXACT", 0)
    y, x = np.mgrid[:128, :128] / 128 * 2 * np.pi
    vectors = np.stack([0.5 * np.sin(4 * x), 0.5 * np.cos(3 * y), np.ones_like(x)], -1)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    url = data_url("normal", np.rint((vectors + 1) * 127.5).astype(np.uint8))
    read = pixels_of(url).astype(np.float64) / 127.5 - 1
    read /= np.linalg.norm(read, axis=-1, keepdims=True)
    angles = np.degrees(np.arccos(np.clip((read * vectors).sum(-1), -1, 1)))
    assert url.startswith("data:image/jpeg;")
    assert angles.mean() < 1


def test_colour_keeps_its_chroma_at_full_size():
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2, 0], stripes[:, 1::2, 2] = 200, 200
    assert np.abs(pixels_of(data_url("albedo", stripes)).astype(int) - stripes).mean() < 6
