"""The app's server, asked over real connections: who may ask, what can be read, and what a person is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from support.loopback import Answer, ask

from unbake.app.site import AppSite
from unbake.app.state import Settings
from unbake.batch.events import Options
from unbake.batch.run import convert_folder
from unbake.report.loopback import listen


class Asked:
    """A server under test, the folders it showed, and how it is asked."""

    def __init__(self) -> None:
        self.shown: list[Path] = []
        self.site = AppSite(self.shown.append)
        self.http = listen(self.site)
        self.port = self.http.server_address[1]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return ask(self.port, method, path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", f"/{self.site.token}{path}", **headers)

    def post(self, path: str, value: object = None, **headers: str) -> Answer:
        body = json.dumps(value).encode()
        return self.ask(
            "POST", f"/{self.site.token}{path}", body, **{"X_Unbake_Token": self.site.token, **headers}
        )


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "cache"))
    one = Asked()
    with one.http as served:
        thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        served.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def mod(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The settings of a mod of one tiny set that was converted without networks."""
    folder = tmp_path_factory.mktemp("mods")
    textures = folder / "mod" / "textures"
    textures.mkdir(parents=True)
    for name, colour in {"pot.png": (90, 60, 40), "pot_n.png": (128, 128, 255)}.items():
        Image.new("RGB", (16, 16), colour).save(textures / name)
    (folder / "secret.jpg").write_bytes(b"secret")
    convert_folder(folder / "mod", folder / "out", Options(), predictor="rules")
    return {"sources": [str(folder / "mod")], "out": str(folder / "out")}


ACTIONS = (
    *("/folder", "/chosen", "/commands", "/look", "/convert", "/show"),
    *("/pause", "/stop", "/zip", "/open", "/view/x/rules"),
)


@pytest.mark.parametrize("path", ["/", "/state/0/0", "/plan", "/places", "/managers"])
def test_everything_that_is_asked_is_answered_to_the_page_alone(asked: Asked, path: str):
    assert asked.get(path)[0] == 200
    assert asked.ask("GET", path)[0] == 403
    assert asked.ask("GET", f"/another{path}")[0] == 403
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        assert asked.get(path, **headers)[0] == 403


@pytest.mark.parametrize("path", ACTIONS)
def test_nothing_is_done_without_the_token_nor_for_another_site(asked: Asked, path: str):
    for headers in (
        {"X_Unbake_Token": ""},
        {"X_Unbake_Token": "another"},
        {"Origin": "http://evil.example"},
        {"Origin": f"https://127.0.0.1:{asked.port}"},
        {"Host": f"evil.example:{asked.port}"},
    ):
        assert asked.post(path, {}, **headers)[0] == 403
    assert asked.site.job.state(0, 0).phase == "idle"


@pytest.mark.parametrize("path", ["/", "/convert/", "/rules", "/view/x/rules", "/state/0/0", "/unknown"])
def test_nothing_else_can_be_asked_for(asked: Asked, path: str):
    assert asked.post(path, {})[0] == 404


def test_it_listens_on_the_loopback_only(asked: Asked):
    assert asked.http.server_address[0] == "127.0.0.1"


def test_the_page_is_the_viewers_with_the_data_of_the_app(asked: Asked):
    page = asked.get("/")[1]
    assert b'window.UNBAKE = {"kind":"app","made":"' in page


def test_a_folder_is_listed_and_its_files_are_not_served(asked: Asked, mod: dict):
    folder = str(Path(mod["out"]).parent)
    status, body = asked.post("/folder", folder)
    assert (status, [item["name"] for item in json.loads(body)["items"]]) == (200, ["mod", "out"])
    assert asked.get(f"/{folder}/secret.jpg")[0] == 404


@pytest.mark.parametrize("body", [{}, {"sources": 1}, "x", None, {"sources": [], "out": "/o"}])
def test_settings_that_are_none_are_refused_with_a_sentence(asked: Asked, body: object):
    status, sentence = asked.post("/convert", body)
    assert (status, sentence[:8]) == (400, b"Expected")


def test_an_earlier_result_is_shown_and_looked_at_in_the_viewer(asked: Asked, mod: dict):
    assert asked.post("/show", mod)[0] == 204
    state = json.loads(asked.get("/state/0/0")[1])
    (line,) = state["sets"]
    assert (state["phase"], line["name"], state["order"]) == ("ended", "pot", [0])
    assert line["lit"] and "/before.jpg?" in line["before"] and line["headline"]
    assert asked.get(f"/{line['before']}")[1][:2] == b"\xff\xd8"
    page = asked.get(f"/{state['view']}")[1]
    assert b'"kind":"conversion"' in page and asked.site.token.encode() in page


def test_a_rule_of_the_viewer_is_saved_in_that_result(asked: Asked, mod: dict):
    asked.post("/show", mod)
    view = json.loads(asked.get("/state/0/0")[1])["view"]
    request = {"name": "pot", "changes": {}, "hint": {"metal": "all"}, "unsaid": [], "folder": False}
    assert asked.post(f"/{view}rules", request) == (204, b"")
    rules = Path(mod["out"]) / "unbake.toml"
    assert 'metal = "all"' in rules.read_text("utf-8")
    rules.unlink()


@pytest.mark.parametrize(
    "path",
    [
        "../secret.jpg",
        "..%2f..%2fsecret.jpg",
        "report/../../secret.jpg",
        "report/..%2f..%2fsecret.jpg",
        "report/%2e%2e/%2e%2e/secret.jpg",
        "unbake-journal.jsonl",
        "%2Fetc/passwd",
        "report/%5C%5Cother%5Cshare%5Ca.jpg",
    ],
)
def test_nothing_of_a_result_but_its_thumbnails_is_served(asked: Asked, mod: dict, path: str):
    asked.post("/show", mod)
    view = json.loads(asked.get("/state/0/0")[1])["view"]
    assert asked.get(f"/{view}{path}")[0] == 404


def test_a_folder_that_nobody_chose_has_no_view(asked: Asked, mod: dict):
    other = Asked()
    with other.http:
        view = other.site._view_of(Path(mod["out"]))
    assert asked.get(f"/{view}")[0] == 404


def test_a_result_that_is_none_is_one_sentence(asked: Asked, mod: dict, tmp_path: Path):
    status, sentence = asked.post("/show", {**mod, "out": str(tmp_path)})
    assert (status, sentence[:8]) == (400, b"Expected")


def test_the_folder_of_the_result_is_opened_and_no_other(asked: Asked, mod: dict):
    assert asked.post("/open", "/")[0] == 400
    asked.post("/show", mod)
    assert asked.post("/open", "/")[0] == 204
    assert asked.shown == [Path(mod["out"])]


def test_the_command_line_of_an_action_is_told(asked: Asked, mod: dict):
    told = json.loads(asked.post("/commands", mod)[1])
    assert told["convert"].startswith("unbake convert ") and told["look"].endswith(" --dry-run")


def test_a_second_run_is_refused_with_a_sentence(asked: Asked, mod: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asked.site.job, "_phase", "running")
    monkeypatch.setattr(asked.site.job, "_settings", Settings(("/a",), "/b"))
    assert asked.post("/convert", mod) == (
        400,
        b"Expected nothing under way, got a run for '/b'; wait until it has ended, or stop it.",
    )
