"""The viewer's page over HTTP on the loopback: scripts are made on request, and rules can be saved.

Every address begins with a secret that only the printed one has, since other accounts of the machine reach the
loopback too.
"""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import unquote, urlsplit

from unbake.errors import UsageError
from unbake.files import safe_join
from unbake.report import pictures
from unbake.report.view import FOLDER, Gallery, ensure_script, html

ADDRESS: Final = "127.0.0.1"
LINK: Final = ".unbake/serve.html"
"""The page that leads to the server while it runs, below the folder that is shown."""

LONGEST: Final = 1 << 20
"""Longest request to save, bytes."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'",
}
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".jpg": "image/jpeg"}


def server(
    folder: Path, opened: Callable[[str], Gallery], save: Callable[[str], None], port: int = 0
) -> ThreadingHTTPServer:
    """A server of the page of `folder`, to be run by `serve_forever`; its URL is `url_of` it.

    opened: loads the gallery, with the token that allows saving. save: edits the
    rules as the page's request says (JSON, `export.rules_file`), or raises UsageError.
    port: 0 for any that is free. It listens on the loopback only, answers to nobody without the token, to no other
    host's name and to no page of another site, and nothing but the page, its scripts and its thumbnails can be read.
    UsageError where the port is taken.
    """
    site = _Site(folder, opened, save)
    site.open()
    try:
        return _Server(site, port)
    except OSError as error:
        raise UsageError(
            f"Expected port {port} to be free, got {error.strerror}; leave --port out, or choose another."
        ) from error


def url_of(served: ThreadingHTTPServer) -> str:
    """Address of the page, with its secret."""
    assert isinstance(served, _Server)
    return f"http://{ADDRESS}:{served.server_address[1]}/{served.site.token}/"


@contextmanager
def private_link(folder: Path, url: str) -> Iterator[Path]:
    """A page in `folder` that leads to an address and that only this account can read, for a browser to be opened on.

    The address itself would stand in the list of processes, which every account sees. The page is gone afterwards.
    """
    path = safe_join(folder, LINK)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(0o600, exist_ok=False)
    path.write_text(
        f'<!doctype html><meta http-equiv="refresh" content="0; url={url}"><title>unbake</title>',
        encoding="utf-8",
    )
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


_Answer = tuple[HTTPStatus, str, bytes]


def _text(status: HTTPStatus, sentence: str) -> _Answer:
    return status, "text/plain; charset=utf-8", sentence.encode()


_NOTHING: Final = _text(HTTPStatus.NOT_FOUND, "There is nothing here.")
_STRANGER: Final = _text(HTTPStatus.FORBIDDEN, "This page is for its own machine only.")
_SECRET: Final = _text(
    HTTPStatus.FORBIDDEN,
    "Expected the address that `unbake view --serve` printed, got one without its token; copy all of it.",
)


class _Site:
    """Answers to requests for one gallery, by path."""

    def __init__(self, folder: Path, opened: Callable[[str], Gallery], save: Callable[[str], None]) -> None:
        self.folder, self.token = folder, secrets.token_urlsafe(32)
        self._opened, self._save = opened, save
        self._making = Lock()

    def open(self) -> bytes:
        """Reload the gallery; returns its page."""
        self._gallery = self._opened(self.token)
        return html(self._gallery.page)

    def get(self, path: str) -> _Answer:
        """The page, a script of the gallery, or a thumbnail."""
        if path == "/":
            return HTTPStatus.OK, "text/html; charset=utf-8", self.open()
        folder, _, name = path[1:].rpartition("/")
        if folder == FOLDER:
            key, gallery = name.removesuffix(".js"), self._gallery
            if key not in gallery.make or not name.endswith(".js"):
                return _NOTHING
            with self._making:
                file = ensure_script(self.folder, gallery, key)
        elif not path.startswith(f"/{pictures.FOLDER}/") or "\0" in path:
            return _NOTHING  # not even looked for: on Windows a path can name another machine, which would be asked
        else:
            top = (self.folder / pictures.FOLDER).resolve()
            file = (self.folder / path[1:]).resolve()
            if not file.is_relative_to(top) or file.suffix != ".jpg" or not file.is_file():
                return _NOTHING
        return HTTPStatus.OK, _TYPES[file.suffix], file.read_bytes()

    def post(self, body: bytes) -> _Answer:
        """Save rules."""
        try:
            self._save(body.decode())
        except UnicodeDecodeError:
            return _text(
                HTTPStatus.BAD_REQUEST, "Expected text in UTF-8, got other bytes; load the page again."
            )
        except UsageError as error:
            return _text(HTTPStatus.BAD_REQUEST, str(error))
        return HTTPStatus.NO_CONTENT, "", b""


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection from the server's site."""

    server: "_Server"
    server_version = "unbake"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _get(self, path: str) -> "_Answer":
        token, slash, rest = path[1:].partition("/")
        if not self._knows(token):
            return _SECRET
        return self.server.site.get(f"/{rest}") if slash else _NOTHING

    def _knows(self, token: str) -> bool:
        return secrets.compare_digest(token.encode("utf-8", "replace"), self.server.site.token.encode())

    def _post(self, path: str) -> "_Answer":
        if path != "/rules":
            return _NOTHING
        if not self._knows(self.headers.get("X-Unbake-Token", "")):
            return _text(
                HTTPStatus.FORBIDDEN,
                "Expected this server's token, got another; load the page again.",
            )
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return _text(
                HTTPStatus.LENGTH_REQUIRED,
                "Expected the length of the request, got none; load the page again.",
            )
        if int(length) > LONGEST:
            self.close_connection = True
            return _text(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "Expected at most 1 MiB of rules, got more; edit the file by hand.",
            )
        return self.server.site.post(self.rfile.read(int(length)))

    def _answer(self, ask: "Callable[[str], _Answer]") -> None:
        origin = self.headers.get("Origin")
        known = self._is_own(self.headers.get("Host", ""))
        known = known and (origin is None or self._is_own(origin.removeprefix("http://")))
        try:
            status, kind, body = ask(unquote(urlsplit(self.path).path)) if known else _STRANGER
        except Exception as error:  # one request never ends the thread that answers it, whatever OUT holds
            status, kind, body = _text(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        try:
            self.send_response(status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            if status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # the browser went on to another page

    def _is_own(self, address: str) -> bool:
        """Whether "host:port" is this server's."""
        host, at = f"{address}:80".split(":")[:2]  # browsers leave out HTTP's own port
        return host in (ADDRESS, "localhost") and at == str(self.connection.getsockname()[1])

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Listens on the loopback and answers from one site."""

    # On Windows this would be leave for another program to listen on the same port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, site: "_Site", port: int) -> None:
        self.site = site
        super().__init__((ADDRESS, port), _Handler)
