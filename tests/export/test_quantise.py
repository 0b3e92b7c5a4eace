"""A bundle's UNets in integers: what they are made of, how far they are from floats, and which machine takes them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import numpy_helper  # noqa: E402

from unbake.cli.quantise import quantise_released  # noqa: E402
from unbake.convert import sessions  # noqa: E402
from unbake.convert.bundle import bundle_folder, fingerprint  # noqa: E402
from unbake.convert.sessions import open_floats, open_network  # noqa: E402
from unbake.domain.networks import AROUND, CODED, MADE_OF, RING, coded_name  # noqa: E402
from unbake.errors import UsageError  # noqa: E402
from unbake.evaluate.quantise_bundle import quantise_bundle  # noqa: E402
from unbake.export.quantise import quantise  # noqa: E402
from unbake.files import content_hash  # noqa: E402

NAME = "unet_albedo"


def feeds(side: int, seed: int) -> dict[str, np.ndarray]:
    """Smooth maps, and labels that are sure of nothing."""
    rng = np.random.default_rng(seed)
    inputs = open_floats(bundle_folder(None), NAME, 1).get_inputs()
    made = {AROUND: np.zeros(2, np.int64)}
    for one in inputs:
        if one.name == AROUND:
            continue
        shape = [size if isinstance(size, int) else side for size in one.shape]
        made[one.name] = rng.random(shape, np.float32)
        if len(shape) == 4:
            coarse = rng.random((1, shape[1], 4, 4), np.float32)
            made[one.name] = 0.8 * coarse.repeat(side // 4, 2).repeat(side // 4, 3) + 0.1 * made[one.name]
    return made


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model, its UNet-Albedo in integers too."""
    folder = tmp_path_factory.mktemp("model") / "model"
    shutil.copytree(bundle_folder(None), folder, ignore=shutil.ignore_patterns("*.int8.onnx", "viewer"))
    path = folder / f"{NAME}.onnx"
    quantise(path, folder / coded_name(NAME), [feeds(64, seed) for seed in range(3)])
    return folder


def test_integers_say_what_floats_say_but_for_a_code_or_two(model: Path):
    seen = feeds(96, 7)
    [there], [here] = (opened(model, NAME, 1).run(None, seen) for opened in (open_floats, open_network))
    assert float(np.sqrt(np.mean((here - there) ** 2))) < 2 / 255
    assert not np.array_equal(here, there)


def test_weights_have_seven_bits_but_for_a_heads_last_layer(model: Path):
    graph = onnx.load(model / coded_name(NAME)).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {name: values for name, values in stored.items() if values.ndim == 4}
    last = [name for name, values in weights.items() if values.dtype == np.float32]
    assert last == ["body.heads.albedo.out.weight"]
    assert all(
        values.dtype == np.int8 and np.abs(values.astype(int)).max() <= 64
        for name, values in weights.items()
        if name not in last
    )


def test_a_unet_in_integers_goes_on_round_a_texture_as_between_halos(model: Path):
    side, halo = 64, 192
    session, inner = open_network(model, NAME, 1), feeds(side, 3)

    def wider(texels: int, around: int) -> np.ndarray:
        beyond = ((0, 0), (0, 0), (texels, texels), (texels, texels))
        given = {name: np.pad(v, beyond, "wrap") if v.ndim == 4 else v for name, v in inner.items()}
        [albedo] = session.run(None, given | {AROUND: np.full(2, around)})
        return np.asarray(albedo[..., texels:-texels, texels:-texels])

    # Sums of floats in the last layer may round otherwise in another place of a larger picture.
    np.testing.assert_allclose(wider(RING, 1), wider(halo, 0), atol=1e-5)


def test_integers_of_other_floats_count_for_nothing(model: Path, tmp_path: Path):
    shutil.copy(model / coded_name(NAME), tmp_path / coded_name(NAME))
    other = onnx.load(model / f"{NAME}.onnx")
    other.doc_string = "trained anew"
    onnx.save(other, tmp_path / f"{NAME}.onnx")
    assert MADE_OF not in open_network(tmp_path, NAME, 1).get_modelmeta().custom_metadata_map


def test_a_graphics_card_is_given_floats(model: Path, monkeypatch: pytest.MonkeyPatch):
    assert MADE_OF in open_network(model, NAME, 1).get_modelmeta().custom_metadata_map
    monkeypatch.setattr(sessions, "providers", lambda: ["DmlExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(sessions, "_session", lambda path, threads, without=(): path.name)
    assert open_network(model, NAME, 1) == f"{NAME}.onnx"


def test_the_fingerprint_tells_whether_there_are_integers(model: Path, tmp_path: Path):
    shutil.copytree(model, tmp_path / "floats", ignore=shutil.ignore_patterns("*.int8.onnx"))
    assert fingerprint(model) != fingerprint(tmp_path / "floats")


def test_without_sets_there_are_no_ranges(model: Path, tmp_path: Path):
    (tmp_path / "sets").mkdir()
    with pytest.raises(UsageError, match="Expected texture sets"):
        quantise_bundle(model, [tmp_path / "sets"])
    with pytest.raises(ValueError, match="Expected runs of the network"):
        quantise(model / f"{NAME}.onnx", tmp_path / "none.onnx", [])


def test_the_end_of_a_release_makes_both_by_the_bundled_examples(tmp_path: Path):
    model = tmp_path / "model"
    shutil.copytree(
        bundle_folder(None), model, ignore=shutil.ignore_patterns("*.int8.onnx", "examples", "viewer")
    )
    quantise_released(model)
    assert {path.name for path in model.glob("*.int8.onnx")} == {coded_name(name) for name in CODED}


@pytest.mark.parametrize("name", CODED)
def test_the_bundled_integers_are_of_the_bundled_floats(name: str):
    path = bundle_folder(None) / coded_name(name)
    if not path.is_file():
        pytest.skip("the bundled model has floats alone")
    made_of = {note.key: note.value for note in onnx.load(path).metadata_props}[MADE_OF]
    floats = content_hash((bundle_folder(None) / f"{name}.onnx").read_bytes())
    assert made_of == floats, "run scripts/quantise_bundle.py again"
