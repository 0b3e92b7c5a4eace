"""The server of the page, asked over real connections on the loopback."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from support.loopback import Answer, ask

from unbake.errors import UsageError
from unbake.report import view
from unbake.report.loopback import LONGEST, url_of
from unbake.report.serve import private_link, server
from unbake.report.view import Entry, Gallery, Page, Served, SetData


class Site:
    """A server under test, and the calls that it made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.saved: list[str] = []
        self.made: list[str] = []
        self.opened = 0
        self.token = ""
        self.http = server(folder, self.open, self.save)
        self.port = self.http.server_address[1]

    def open(self, token: str) -> Gallery:
        self.token, self.opened = token, self.opened + 1
        page = Page(
            kind="conversion", title="mod", made="", served=Served(token), sets=[Entry(key="k", name="pot")]
        )
        return Gallery(page, {"k": self.make})

    def make(self) -> SetData:
        self.made.append("k")
        return SetData(missing="nothing")

    def save(self, text: str) -> None:
        if text == "bad":
            raise UsageError("rules were expected")
        self.saved.append(text)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return ask(self.port, method, path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", f"/{self.token}{path}", **headers)

    def post(self, body: bytes, token: str | None = None, path: str = "/rules", **headers: str) -> Answer:
        return self.ask(
            "POST", path, body, **{"X_Unbake_Token": self.token if token is None else token, **headers}
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    (tmp_path / "built.html").write_bytes(b"<script>window.UNBAKE = null</script>")
    monkeypatch.setattr(view, "BUILT", tmp_path / "built.html")
    out = tmp_path / "out"
    (out / "report" / "Ä b").mkdir(parents=True)
    (out / "report" / "Ä b" / "ao.jpg").write_bytes(b"thumbnail")
    (out / "report" / "secret.txt").write_text("secret")
    (out / "secret.jpg").write_text("secret")
    (tmp_path / "secret.jpg").write_text("secret")
    one = Site(out)
    with one.http as served:
        thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        served.shutdown()
        thread.join()


def test_the_page_has_the_token_that_saving_needs(site: Site):
    status, body = site.get("/")
    index = json.loads(body.removeprefix(b"<script>window.UNBAKE = ").removesuffix(b"</script>"))
    assert (status, index["served"]) == (200, {"token": site.token})
    assert len(site.token) >= 32


def test_the_index_is_read_anew_with_every_page(site: Site):
    before = site.opened
    site.get("/")
    site.get("/")
    assert site.opened == before + 2


def test_a_script_is_made_when_it_is_asked_for_and_once(site: Site):
    assert site.made == []
    first, again = site.get("/.unbake/view/k.js"), site.get("/.unbake/view/k.js")
    assert first == again == (200, b'window.UNBAKE_SET("k",' + first[1].partition(b",")[2])
    assert site.made == ["k"]


def test_thumbnails_are_served_from_their_folder(site: Site):
    assert site.get("/report/%C3%84%20b/ao.jpg") == (200, b"thumbnail")


@pytest.mark.parametrize(
    "path",
    [
        "/secret.jpg",
        "/../secret.jpg",
        "/report/../secret.jpg",
        "/report/..%2f..%2fsecret.jpg",
        "/report/%2e%2e/secret.jpg",
        "/report/secret.txt",
        "/report/a%00.jpg",
        "//etc/passwd",
        "/%5C%5Cother%5Cshare%5Ca.jpg",
        "/C:/Users/secret.jpg",
        "/.unbake/view/other.js",
        "/.unbake/view/../view/k.js",
        "/.unbake/view/k",
        "/unbake-journal.jsonl",
        "/rules",
    ],
)
def test_nothing_else_can_be_read(site: Site, path: str):
    assert site.get(path)[0] == 404


@pytest.mark.parametrize("path", ["/%2Fetc/a.jpg", "/%5C%5Cother%5Cshare%5Ca.jpg", "/C:%5Ca.jpg"])
def test_a_path_that_could_lead_elsewhere_is_not_even_looked_for(
    site: Site, path: str, monkeypatch: pytest.MonkeyPatch
):
    looked: list[Path] = []
    resolve = Path.resolve
    monkeypatch.setattr(Path, "resolve", lambda self, *strict: looked.append(self) or resolve(self, *strict))
    assert (site.get(path)[0], looked) == (404, [])


def test_a_file_that_cannot_be_asked_for_is_answered(site: Site, capsys: pytest.CaptureFixture[str]):
    assert site.get(f"/report/{'a' * 300}.jpg")[0] in (404, 500)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "", "localhost:"]
)
def test_another_hosts_name_is_refused(site: Site, host: str):
    assert site.get("/", Host=host)[0] == 403
    assert site.post(b"", Host=host)[0] == 403
    assert site.saved == []


def test_localhost_is_this_machine_too(site: Site):
    assert site.get("/", Host=f"localhost:{site.port}")[0] == 200


def test_rules_are_saved_as_they_are_sent(site: Site):
    assert site.post("# Ü\nao.strength = 0.5\n".encode()) == (204, b"")
    assert site.saved == ["# Ü\nao.strength = 0.5\n"]


@pytest.mark.parametrize("token", ["", "another", "Ä"])
def test_rules_of_a_page_without_the_token_are_refused(site: Site, token: str):
    assert site.post(b"", token.encode().decode("latin-1"))[0] == 403
    assert site.saved == []


def test_rules_that_do_not_parse_are_refused_with_a_sentence(site: Site):
    assert site.post(b"bad") == (400, b"rules were expected")
    assert site.post(b"\xff") == (400, b"Expected text in UTF-8, got other bytes; load the page again.")


def test_rules_that_are_too_long_or_of_no_length_are_refused_unread(site: Site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        head = f"POST /rules HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nX-Unbake-Token: {site.token}\r\n"
        raw.sendall(f"{head}Content-Length: {LONGEST + 1}\r\n\r\n".encode())
        assert b" 413 " in raw.recv(100)
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        raw.sendall(f"{head}\r\n".encode())
        assert b" 411 " in raw.recv(100)


def test_nothing_can_be_posted_elsewhere(site: Site):
    assert site.post(b"", path="/")[0] == 404


def test_it_listens_on_the_loopback_only(site: Site):
    assert site.http.server_address[0] == "127.0.0.1"
    assert url_of(site.http) == f"http://127.0.0.1:{site.port}/{site.token}/"


@pytest.mark.parametrize(
    "path",
    ["/", "/report/%C3%84%20b/ao.jpg", "/.unbake/view/k.js", "/another/", "/?token=", "/%C3%84/", "//"],
)
def test_nothing_can_be_read_without_the_token(site: Site, path: str):
    assert site.ask("GET", path)[0] == 403
    assert site.made == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_a_page_of_another_site_is_refused(site: Site, origin: str):
    assert site.get("/", Origin=origin)[0] == 403
    assert site.post(b"", Origin=origin)[0] == 403
    assert site.saved == []


def test_its_own_page_may_ask(site: Site):
    assert site.post(b"a", Origin=f"http://127.0.0.1:{site.port}")[0] == 204


def test_a_gallery_that_fails_in_an_unforeseen_way_is_answered(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(site.http.site, "_opened", fail)
    monkeypatch.setattr(site.http.site, "_save", fail)
    assert site.get("/") == (500, b"too deep")
    assert site.post(b"x") == (500, b"too deep")
    assert capsys.readouterr().err == ""


def test_the_browser_is_opened_on_a_page_that_only_this_account_can_read(tmp_path: Path):
    with private_link(tmp_path, "http://127.0.0.1:1/secret/") as link:
        assert "http://127.0.0.1:1/secret/" in link.read_text()
        if os.name == "posix":
            assert stat.S_IMODE(link.stat().st_mode) == 0o600
    assert not link.exists()


def test_a_port_that_is_taken_is_one_sentence(site: Site):
    with pytest.raises(UsageError, match="port"):
        server(site.folder, site.open, site.save, site.port)
