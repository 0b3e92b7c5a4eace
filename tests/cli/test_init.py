"""`unbake init`, as a person types it."""

from support.command import call

from unbake.errors import UsageError


def test_init_lays_out_the_plans_tree_and_touches_nothing_twice(tmp_path):
    first = call("init", tmp_path / "project")
    kept = tmp_path / "project" / "data" / "MatSynth" / "mine.txt"
    kept.write_text("mine")
    again = call("init", tmp_path / "project")
    folders = {p.relative_to(tmp_path / "project").as_posix() for p in (tmp_path / "project").rglob("*/")}
    assert folders == {
        "data", "data/MatSynth", "data/Skyrim", "data/duplicates", "data/reports", "checkpoints", "train_logs",
    }  # fmt: skip
    assert "unbake data matsynth" in first.stdout
    assert ("there already" in again.stdout, kept.read_text()) == (True, "mine")


def test_init_where_a_file_stands_in_the_way_is_one_sentence(tmp_path):
    (tmp_path / "data").write_text("")
    assert isinstance(call("init", tmp_path).exception, UsageError)
