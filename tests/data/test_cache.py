import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from PIL import Image

from unbake.data import cache as cache_module
from unbake.data import cache_checks
from unbake.data import paintings as paintings_module
from unbake.data.cache import build_cache
from unbake.data.cache_format import FORMAT_VERSION, MASKS, read_index
from unbake.data.levels import mod_levels
from unbake.data.sources import list_materials
from unbake.domain.maps import MapKind
from unbake.errors import FileError, UsageError
from unbake.image.arrays import dequantise, quantise
from unbake.image.geometry import geometry_channels
from unbake.locks import held
from unbake.synth.levels import mod_level
from unbake.synth.traced import SUNS, Traced, encode_traced, traced_path


def build(materials, folder, where="train", domain="matsynth", **asked):
    sources = list_materials(materials, domain)
    return build_cache(
        sources,
        {s.id: where for s in sources},
        folder,
        domain=domain,
        **{"variants": 1, "workers": 1, **asked},
    )


def styles(folder):
    return [entry.styles for entry in read_index(folder).entries if entry.scale == 1.0]


REAL = ("basecolor", "normal", "diffuse")


@pytest.fixture
def oak(tmp_path, write_material):
    write_material(
        tmp_path / "in", "wood/oak001", ("basecolor", "normal", "height"), about={"tileable": True}
    )
    return tmp_path / "in"


def test_an_entry_holds_the_truth_the_geometry_and_the_painted_variants(cache):
    entry = next(e for e in read_index(cache).entries if e.id == "metal/steel001" and e.scale == 1.0)
    place = cache / entry.folder
    assert set(entry.maps16) == {MapKind.HEIGHT, MapKind.GEO_HEIGHT}
    assert {MapKind.ALBEDO, MapKind.NORMAL, MapKind.METALLIC, MapKind.GEO_AO} <= set(entry.maps8)
    assert np.load(place / "maps8.npy").dtype == np.uint8
    assert np.load(place / "maps16.npy").shape == (64, 64, 2)
    assert np.load(place / "painted.npy").shape == (len(entry.styles), 64, 64, 5)


def test_truth_is_kept_to_the_last_bit(cache, materials):
    entry = next(e for e in read_index(cache).entries if e.id == "stone/granite001" and e.scale == 1.0)
    assert entry.maps8[0] is MapKind.ALBEDO
    stored = np.load(cache / entry.folder / "maps8.npy")[..., :3]
    np.testing.assert_array_equal(stored, np.asarray(Image.open(materials / entry.id / "basecolor.png")))


def test_geometry_is_that_of_the_stored_normal(cache):
    entry = next(e for e in read_index(cache).entries if e.id == "misc/thing001" and e.scale == 1.0)
    stored = np.load(cache / entry.folder / "maps8.npy")
    normal = dequantise(MapKind.NORMAL, stored[..., 3:6])
    expected = geometry_channels(normal, entry.wrap)[MapKind.GEO_HEIGHT]
    got = np.load(cache / entry.folder / "maps16.npy")
    np.testing.assert_array_equal(got, quantise(MapKind.GEO_HEIGHT, expected))


def test_a_variant_has_the_masks_its_artist_made_and_zeros_for_the_others(oak, tmp_path):
    build(oak, tmp_path / "out", variants=24)
    entry = next(e for e in read_index(tmp_path / "out").entries if e.scale == 1.0)
    painted = np.load(tmp_path / "out" / entry.folder / "painted.npy")
    for place, kind in enumerate(MASKS, 3):
        has = [entry.has(kind, variant) for variant in range(24)]
        assert 0 < sum(has) < 24
        assert painted[np.logical_not(has), ..., place].max() == 0
    # An environment mask may be black, and yet be there; a specular one says something.
    assert painted[np.array(entry.specular), ..., 3].max(axis=(1, 2)).min() > 0


def test_each_painting_of_a_material_is_of_another_mod(oak, tmp_path):
    build(oak, tmp_path / "out", variants=6, mods=24)
    entry = next(e for e in read_index(tmp_path / "out").entries if e.scale == 1.0)
    assert len(set(entry.mods)) == len(entry.styles) == 6
    assert [mod.rsplit("-", 1)[0] for mod in entry.mods] == list(entry.styles)


def test_all_scales_of_a_material_are_of_the_same_mods(oak, tmp_path):
    build(oak, tmp_path / "out", variants=3)
    assert len({entry.mods for entry in read_index(tmp_path / "out").entries}) == 1


def test_a_mods_paintings_are_about_as_bright_as_its_level(tmp_path, write_material):
    for number in range(8):
        about = {"tileable": True, "metallic": "zero"}
        write_material(tmp_path / "in", f"wood/oak{number:03d}", about=about)
    build(tmp_path / "in", tmp_path / "out", styles=("ambient",), mods=2)
    found = mod_levels(read_index(tmp_path / "out").entries)
    assert set(found) == {"ambient-0", "ambient-1"}
    for mod, level in found.items():
        assert level == pytest.approx(mod_level(int(mod[-1])).rest, rel=0.2)


def test_what_a_material_brought_along_is_of_the_mod_of_its_source(tmp_path, write_material):
    about = {"source": "a/b", "tileable": True}
    write_material(tmp_path / "in", "wood/oak001", REAL, about=about)
    write_material(tmp_path / "in", "wood/elm002", REAL, about=about | {"source": "c/d"})
    build(tmp_path / "in", tmp_path / "out")
    firsts = {entry.id: entry.mods[0] for entry in read_index(tmp_path / "out").entries}
    assert firsts == {"wood/oak001": "a/b/given", "wood/elm002": "c/d/given"}


def test_materials_kept_apart_get_one_scale_and_the_held_styles(oak, tmp_path):
    build(oak, tmp_path / "out", "val", held_styles=("overcast",))
    (entry,) = read_index(tmp_path / "out").entries
    assert (entry.scale, entry.styles) == (1.0, ("overcast",))


def test_the_seed_repaints_training_materials_only(oak, tmp_path):
    for where in ("train", "val"):
        for seed in (0, 1):
            build(
                oak, tmp_path / f"{where}{seed}", where, seed=seed, styles=("sun",), held_styles=("overcast",)
            )

    def painted(folder):
        (entry,) = (e for e in read_index(tmp_path / folder).entries if e.scale == 1.0)
        return (tmp_path / folder / entry.folder / "painted.npy").read_bytes()

    assert painted("train0") != painted("train1")
    assert painted("val0") == painted("val1")


def test_a_second_build_does_no_work(oak, tmp_path, monkeypatch):
    build(oak, tmp_path / "out")
    before = (tmp_path / "out" / "index.json").read_bytes()
    monkeypatch.setattr(cache_module, "build_entries", lambda job: pytest.fail("it built again"))
    assert build(oak, tmp_path / "out") == []
    assert (tmp_path / "out" / "index.json").read_bytes() == before


def test_going_from_split_to_split_and_back_does_no_work(oak, tmp_path, monkeypatch):
    for where in ("train", "val"):
        build(oak, tmp_path / "out", where)
    monkeypatch.setattr(cache_module, "build_entries", lambda job: pytest.fail("it built again"))
    for where in ("train", "test"):
        build(oak, tmp_path / "out", where)
        assert {entry.split for entry in read_index(tmp_path / "out").entries} == {where}


def test_a_changed_file_redoes_its_material_alone(oak, tmp_path, write_material):
    write_material(oak, "wood/elm002")
    build(oak, tmp_path / "out")
    keys = {e.id: e.key for e in read_index(tmp_path / "out").entries}
    Image.new("RGB", (64, 64), (200, 100, 50)).save(oak / "wood/oak001/basecolor.png")
    seen = []
    build(oak, tmp_path / "out", on_progress=lambda done, total: seen.append((done, total)))
    after = {e.id: e.key for e in read_index(tmp_path / "out").entries}
    assert seen == [(2, 2)]
    assert {name for name in keys if keys[name] != after[name]} == {"wood/oak001"}
    stored = np.load(tmp_path / "out/entries/wood/oak001/1000/maps8.npy")
    assert stored[0, 0, :3].tolist() == [200, 100, 50]


def test_an_interrupted_build_goes_on(oak, tmp_path, write_material, monkeypatch):
    write_material(oak, "wood/elm002")
    original, built = cache_module.build_entries, []

    def interrupted(job):
        if built:
            raise KeyboardInterrupt
        built.append(job.source.id)
        return original(job)

    monkeypatch.setattr(cache_module, "build_entries", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(oak, tmp_path / "out")
    monkeypatch.setattr(
        cache_module, "build_entries", lambda job: built.append(job.source.id) or original(job)
    )
    build(oak, tmp_path / "out")
    assert built == ["wood/elm002", "wood/oak001"]


def test_a_bad_file_is_reported_and_the_rest_is_built(oak, tmp_path, write_material):
    place = write_material(oak, "wood/elm002")
    (place / "roughness.png").write_bytes(b"no picture")
    (problem,) = build(oak, tmp_path / "out")
    assert problem.startswith("wood/elm002: ") and "roughness.png" in problem
    assert {e.id for e in read_index(tmp_path / "out").entries} == {"wood/oak001"}


def test_nothing_usable_is_an_error(tmp_path, write_material):
    (write_material(tmp_path / "in", "wood/oak001") / "normal.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match="at least one usable material"):
        build(tmp_path / "in", tmp_path / "out")


def test_an_unknown_style_is_answered_with_those_there_are(oak, tmp_path):
    with pytest.raises(UsageError, match="sun"):
        build(oak, tmp_path / "out", styles=("cubist",))


@pytest.mark.slow
def test_two_processes_build_what_one_builds(oak, tmp_path, write_material):
    write_material(oak, "wood/elm002")
    build(oak, tmp_path / "a")
    build(oak, tmp_path / "b", workers=2)
    for path in sorted((tmp_path / "a").rglob("*.npy")):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_large_materials_are_reduced_to_the_long_side(tmp_path, write_material):
    write_material(tmp_path / "in", "wood/oak001", size=(64, 48), about={"tileable": False})
    build(tmp_path / "in", tmp_path / "out", long_side=32)
    assert [(e.height, e.width) for e in read_index(tmp_path / "out").entries] == [(24, 32), (16, 16)]


def test_a_cache_of_another_version_is_refused(oak, tmp_path):
    build(oak, tmp_path / "out")
    path = tmp_path / "out" / "index.json"
    index = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(index | {"format": FORMAT_VERSION + 1}))
    with pytest.raises(UsageError, match="build the cache again"):
        read_index(tmp_path / "out")


def test_a_folder_without_a_cache_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no index\.json"):
        read_index(tmp_path)


def test_no_half_written_file_is_left(cache):
    assert [name for _, folders, files in os.walk(cache) for name in folders + files if "tmp" in name] == []


def test_what_a_killed_build_left_is_cleared_at_the_next(oak, tmp_path):
    build(oak, tmp_path / "cache")
    draft = tmp_path / "cache" / "entries" / f".{'1' * 16}.tmp"
    draft.mkdir()
    (draft / "maps8.npy").write_bytes(b"half")
    build(oak, tmp_path / "cache")
    assert not draft.exists()


def test_a_build_waits_for_one_under_way(oak, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        with held(tmp_path / "cache" / ".lock", "builds a cache"):
            second = pool.submit(build, oak, tmp_path / "cache")
            with pytest.raises(TimeoutError):
                second.result(1.0)
            assert not (tmp_path / "cache" / "index.json").exists()
        assert second.result() == []


def bytes_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in (folder / "entries").rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", ["maps8.npy", "maps16.npy", "painted.npy", "entry.json"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "emptied", "removed"])
def test_a_damaged_entry_is_built_again_as_it_was(oak, tmp_path, name, damage):
    cache = tmp_path / "cache"
    build(oak, cache)
    build(oak, cache)  # the first check is recorded
    before = bytes_of(cache)
    path = next((cache / "entries").rglob(name))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x80
    match damage:
        case "flipped":
            path.write_bytes(data)
        case "truncated":
            path.write_bytes(data[:-7])
        case "emptied":
            path.write_bytes(b"")
        case "removed":
            path.unlink()
    build(oak, cache)
    assert bytes_of(cache) == before


def test_an_entry_that_rotted_where_it_lies_is_seen_a_week_later(oak, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    build(oak, cache)
    build(oak, cache)
    before = bytes_of(cache)
    path = next((cache / "entries").rglob("painted.npy"))
    stat, data = path.stat(), bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    build(oak, cache)
    assert bytes_of(cache) != before
    now = time.time() + cache_checks.KEPT_S + 1
    monkeypatch.setattr(cache_checks.time, "time", lambda: now)
    build(oak, cache)
    assert bytes_of(cache) == before


def test_an_entry_of_before_there_were_checksums_is_taken_as_it_is(oak, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    build(oak, cache)
    for path in (cache / "entries").rglob("entry.json"):
        about = msgspec.json.decode(path.read_bytes())
        del about["files"]
        path.write_bytes(msgspec.json.encode(about))
    monkeypatch.setattr(cache_module, "build_entries", lambda job: pytest.fail("was built again"))
    assert build(oak, cache) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_built(oak, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 0))
    monkeypatch.setattr(cache_module, "build_entries", lambda job: pytest.fail("was built"))
    with pytest.raises(FileError, match=r"to be free in .* for the cache"):
        build(oak, tmp_path / "cache")


def test_a_painter_that_paints_otherwise_repaints(oak, tmp_path, monkeypatch):
    build(oak, tmp_path / "out", styles=("sun",))
    before = read_index(tmp_path / "out").entries[0].key
    original = paintings_module.paint
    monkeypatch.setattr(
        paintings_module, "paint", lambda maps, style, seed, *more, **light: original(maps, style, seed + 1)
    )
    paintings_module.painter_fingerprint.cache_clear()
    build(oak, tmp_path / "out", styles=("sun",))
    paintings_module.painter_fingerprint.cache_clear()
    assert read_index(tmp_path / "out").entries[0].key != before


def test_a_real_pair_has_its_own_diffuse_beside_the_painted_ones(tmp_path, write_material):
    place = write_material(tmp_path / "in", "wood/oak001", REAL)
    build(tmp_path / "in", tmp_path / "out", styles=("sun",))
    assert styles(tmp_path / "out") == [("given", "sun")]
    painted = np.load(tmp_path / "out/entries/wood/oak001/1000/painted.npy")
    np.testing.assert_array_equal(painted[0, ..., :3], np.asarray(Image.open(place / "diffuse.png")))


def test_a_material_validates_in_its_own_diffuse_and_the_held_styles(tmp_path, write_material):
    write_material(tmp_path / "in", "wood/oak001", (*REAL, "diffuse_syn_1"))
    build(tmp_path / "in", tmp_path / "out", "val", held_styles=("overcast", "torchlit"))
    assert [set(names) for names in styles(tmp_path / "out")] == [{"given", "overcast", "torchlit"}]


def test_an_unmarked_diffuse_that_is_the_base_colour_makes_no_real_pair(tmp_path, write_material):
    place = write_material(tmp_path / "in", "wood/oak001", REAL)
    Image.open(place / "basecolor.png").save(place / "diffuse.png")
    build(tmp_path / "in", tmp_path / "out", styles=("sun",))
    assert styles(tmp_path / "out") == [("sun",)]


def test_the_base_colour_without_its_metals_makes_no_real_pair_in_matsynth(tmp_path, write_material):
    place = write_material(tmp_path / "in", "metal/iron001", (*REAL, "metallic"))
    metal = np.zeros((64, 64), np.uint8)
    metal[:, :32] = 255
    Image.fromarray(metal).save(place / "metallic.png")
    pixels = np.array(Image.open(place / "basecolor.png"))
    pixels[:, :32] = 0
    Image.fromarray(pixels).save(place / "diffuse.png")
    build(tmp_path / "in", tmp_path / "out", styles=("sun",))
    assert styles(tmp_path / "out") == [("sun",)]


def test_a_mark_is_believed_without_comparing(tmp_path, write_material):
    place = write_material(tmp_path / "in", "wood/oak001", REAL, about={"diffuse": "own"})
    Image.open(place / "basecolor.png").save(place / "diffuse.png")
    build(tmp_path / "in", tmp_path / "out", styles=("sun",))
    assert styles(tmp_path / "out") == [("given", "sun")]


@pytest.mark.parametrize("about", [None, {"diffuse": "own"}])
def test_a_black_diffuse_never_makes_a_real_pair(tmp_path, write_material, about):
    place = write_material(tmp_path / "in", "wood/oak001", REAL, about=about)
    Image.new("RGB", (64, 64)).save(place / "diffuse.png")
    build(tmp_path / "in", tmp_path / "out", styles=("sun",))
    assert styles(tmp_path / "out") == [("sun",)]


def test_paintings_through_bc7_are_a_choice_that_leaves_caches_without_it_as_they_are(oak, tmp_path):
    keys = {}
    for name, asked in (("as ever", {}), ("none", {"bc7": 0.0}), ("all", {"bc7": 1.0})):
        build(oak, tmp_path / name, variants=3, styles=("enlarged",), scales=(1.0,), **asked)
        keys[name] = read_index(tmp_path / name).entries[0].key
    assert keys["as ever"] == keys["none"] != keys["all"]
    ever, newer = (
        np.load(tmp_path / name / read_index(tmp_path / name).entries[0].folder / "painted.npy")
        for name in ("as ever", "all")
    )
    assert all(not np.array_equal(*both) for both in zip(ever, newer, strict=True))
    build(oak, tmp_path / "all", "val", variants=3, scales=(1.0,), bc7=1.0)
    build(oak, tmp_path / "none", "val", variants=3, scales=(1.0,))
    held = [read_index(tmp_path / name).entries[0].key for name in ("all", "none")]
    assert held[0] == held[1]


def test_paintings_on_disk_take_the_place_of_painting(tmp_path, write_material, monkeypatch):
    names = ("diffuse_syn_1", "diffuse_syn_2", "specular_syn_2")
    place = write_material(tmp_path / "in", "wood/oak001", ("basecolor", "normal", *names))
    monkeypatch.setattr(paintings_module, "paint", lambda *_: pytest.fail("it painted"))
    build(tmp_path / "in", tmp_path / "out")
    entry = next(e for e in read_index(tmp_path / "out").entries if e.scale == 1.0)
    assert (entry.styles, entry.specular) == (("written", "written"), (False, True))
    painted = np.load(tmp_path / "out" / entry.folder / "painted.npy")
    expected = np.asarray(Image.open(place / "diffuse_syn_2.png"))
    np.testing.assert_array_equal(painted[1, ..., :3], expected)


def test_an_overwritten_diffuse_counts_as_a_painting_on_disk(tmp_path, write_material):
    write_material(tmp_path / "in", "wood/oak001", REAL, about={"diffuse": "synthetic"})
    build(tmp_path / "in", tmp_path / "out")
    assert styles(tmp_path / "out") == [("written",)]


@pytest.mark.parametrize("where", ["train", "val"])
def test_skyrims_materials_keep_their_own_diffuse_alone(tmp_path, write_material, monkeypatch, where):
    write_material(tmp_path / "in", "town/wall001", REAL)
    write_material(tmp_path / "in", "legacy/panel002", ("diffuse", "normal", "height"))
    monkeypatch.setattr(paintings_module, "paint", lambda *_: pytest.fail("it painted"))
    assert build(tmp_path / "in", tmp_path / "out", where, "skyrim") == []
    index = read_index(tmp_path / "out")
    assert (index.domain, styles(tmp_path / "out")) == ("skyrim", [("given",), ("given",)])
    legacy = next(entry for entry in index.entries if entry.id == "legacy/panel002")
    assert MapKind.ALBEDO not in legacy.maps8 and MapKind.HEIGHT in legacy.maps16


def test_a_skyrim_material_whose_diffuse_is_its_base_colour_is_reported(tmp_path, write_material):
    write_material(tmp_path / "in", "town/wall001", REAL)
    place = write_material(tmp_path / "in", "town/gate002", REAL)
    Image.open(place / "basecolor.png").save(place / "diffuse.png")
    (problem,) = build(tmp_path / "in", tmp_path / "out", domain="skyrim")
    assert problem.startswith("town/gate002: ") and "base colour again" in problem


def test_a_cache_holds_one_domain(oak, tmp_path):
    sources = list_materials(oak)
    with pytest.raises(UsageError, match="domain skyrim"):
        build_cache(sources, {s.id: "train" for s in sources}, tmp_path / "out", domain="skyrim")


def test_another_mark_rebuilds(tmp_path, write_material):
    write_material(tmp_path / "in", "wood/oak001", (*REAL, "diffuse_syn_1"), about={"diffuse": "own"})
    build(tmp_path / "in", tmp_path / "out")
    write_material(tmp_path / "in", "wood/oak001", (), about={"diffuse": "synthetic"})
    build(tmp_path / "in", tmp_path / "out")
    assert styles(tmp_path / "out") == [("written", "written")]


def test_one_more_scale_leaves_the_others_as_they_are(oak, tmp_path):
    build(oak, tmp_path / "out", scales=(1.0,))
    before = (tmp_path / "out/entries/wood/oak001/1000/entry.json").stat()
    build(oak, tmp_path / "out", scales=(1.0, 0.5))
    after = (tmp_path / "out/entries/wood/oak001/1000/entry.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [entry.scale for entry in read_index(tmp_path / "out").entries] == [1.0, 0.5]


def test_traced_light_is_painted_by_where_it_lies_and_builds_only_its_material_anew(
    oak, tmp_path, write_material
):
    write_material(oak, "stone/granite001", ("basecolor", "normal"))
    folder, traced = tmp_path / "out", tmp_path / "Traced"
    asked = {"styles": ("traced",), "traced": traced}
    build(oak, folder, **asked)
    before = {entry.id: entry.key for entry in read_index(folder).entries}
    place = folder / next(e.folder for e in read_index(folder).entries if e.id == "wood/oak001")
    plain = np.load(place / "painted.npy")

    rows, columns = plain.shape[1:3]
    fields = np.ones((1 + SUNS, rows, columns), np.float32)
    fields[:, :, : columns // 2] = 0.05
    path = traced_path(traced, "wood/oak001")
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_traced(Traced(fields, np.zeros((SUNS, 3), np.float32), 0.0)))
    build(oak, folder, **asked)
    changed = [entry.id for entry in read_index(folder).entries if entry.key != before[entry.id]]
    assert set(changed) == {"wood/oak001"}
    lit = np.load(place / "painted.npy")[0, ..., :3].astype(float)
    assert lit[:, : columns // 2].mean() < 0.7 * lit[:, columns // 2 :].mean()

    path.write_bytes(b"no light")
    assert "trace it anew" in build(oak, folder, **asked)[0]
