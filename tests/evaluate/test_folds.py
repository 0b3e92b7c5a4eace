from pathlib import Path

import pytest
from support.folds_fixture import write_card, write_materials

from unbake.data.sources import MaterialSource, list_materials
from unbake.errors import UsageError
from unbake.evaluate.folds import jobs_of_folds


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[MaterialSource]:
    return list_materials(write_materials(tmp_path_factory.mktemp("materials"), size=16))


def models(tmp_path: Path, sources: list[MaterialSource], count: int = 2) -> list[Path]:
    return [
        write_card(tmp_path / f"fold{k}", fold=[k, count], materials=[s.id for s in sources[k - 1 :: count]])
        for k in range(1, count + 1)
    ]


def test_each_material_is_converted_by_the_model_that_never_saw_it(tmp_path, sources):
    folders = models(tmp_path, sources)
    jobs = jobs_of_folds(sources, folders)
    assert [job.convert.folder for job in jobs] == [folders[0], folders[1]] * 2


def test_the_order_of_the_models_does_not_matter(tmp_path, sources):
    folders = models(tmp_path, sources)
    assert [job.convert for job in jobs_of_folds(sources, folders[::-1])] == [
        job.convert for job in jobs_of_folds(sources, folders)
    ]


def test_constants_are_those_of_the_training_folds(tmp_path, sources):
    assert jobs_of_folds(sources, models(tmp_path, sources))[0].roughness == {"*": 0.5}


def test_a_fold_without_its_model_is_refused_by_its_materials(tmp_path, sources):
    with pytest.raises(
        UsageError, match=f"but 2 are by none .{sources[1].id}, {sources[3].id} .*all 2 folds"
    ):
        jobs_of_folds(sources, models(tmp_path, sources)[:1])


@pytest.mark.parametrize(
    "held_out",
    [{}, {"fold": None, "materials": ["a/b"]}, {"fold": [1, 2], "materials": []}, {"fold": [3, 2]}],
)
def test_a_model_whose_card_names_no_fold_is_refused(tmp_path, sources, held_out):
    with pytest.raises(UsageError, match="to name the fold it never saw"):
        jobs_of_folds(sources, [write_card(tmp_path / "model", **held_out)])


def test_a_folder_without_a_card_is_refused(tmp_path, sources):
    with pytest.raises(UsageError, match="got none"):
        jobs_of_folds(sources, [tmp_path])


def test_models_of_two_cross_validations_are_refused(tmp_path, sources):
    folders = models(tmp_path / "two", sources) + models(tmp_path / "three", sources, 3)
    with pytest.raises(UsageError, match="got folds of 2, 3"):
        jobs_of_folds(sources, folders)
