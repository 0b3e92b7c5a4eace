"""A server on the loopback for one page: who may ask it, and how; `serve` and the app say what it answers.

Every address begins with a secret that only the printed one has, since other accounts of the machine reach the
loopback too.
"""

import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from unbake.errors import UnbakeError, UsageError

ADDRESS: Final = "127.0.0.1"

LONGEST: Final = 1 << 20
"""Longest request that changes something, bytes."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'",
}

Answer = tuple[HTTPStatus, str, bytes]
"""Status, content type, body."""


def text(status: HTTPStatus, sentence: str) -> Answer:
    """An answer of one sentence."""
    return status, "text/plain; charset=utf-8", sentence.encode()


NOTHING: Final = text(HTTPStatus.NOT_FOUND, "There is nothing here.")
DONE: Final[Answer] = (HTTPStatus.NO_CONTENT, "", b"")

_STRANGER: Final = text(HTTPStatus.FORBIDDEN, "This page is for its own machine only.")
_SECRET: Final = text(
    HTTPStatus.FORBIDDEN,
    "Expected the address that unbake printed, got one without its token; copy all of it.",
)
_TOKEN: Final = text(HTTPStatus.FORBIDDEN, "Expected this server's token, got another; load the page again.")


class Site(Protocol):
    """Answers requests by path, which begins with a slash and has no token.

    token: the secret. post: UnbakeError becomes an answer with its sentence.
    """

    token: str

    def get(self, path: str) -> Answer:
        """What is at a path."""
        ...

    def post(self, path: str, body: bytes) -> Answer:
        """Do something."""
        ...


def listen(site: Site, port: int = 0) -> ThreadingHTTPServer:
    """A server for a site, to be run by `serve_forever`; its URL is `url_of` it.

    port: 0 for any that is free. It listens on the loopback only, and answers to nobody without the token, to no other
    host's name and to no page of another site. What is posted needs the token in the header X-Unbake-Token too.
    UsageError where the port is taken.
    """
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

    def _get(self, path: str) -> Answer:
        token, slash, rest = path[1:].partition("/")
        if not self._knows(token):
            return _SECRET
        return self.server.site.get(f"/{rest}") if slash else NOTHING

    def _knows(self, token: str) -> bool:
        return secrets.compare_digest(token.encode("utf-8", "replace"), self.server.site.token.encode())

    def _post(self, path: str) -> Answer:
        token = self.headers.get("X-Unbake-Token", "")
        if not self._knows(token):
            return _TOKEN
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return text(
                HTTPStatus.LENGTH_REQUIRED,
                "Expected the length of the request, got none; load the page again.",
            )
        if int(length) > LONGEST:
            self.close_connection = True
            return text(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "Expected a request of at most 1 MiB, got more; edit the file of rules by hand.",
            )
        try:
            return self.server.site.post(path.removeprefix(f"/{token}"), self.rfile.read(int(length)))
        except UnicodeDecodeError:
            return text(
                HTTPStatus.BAD_REQUEST, "Expected text in UTF-8, got other bytes; load the page again."
            )
        except UnbakeError as error:
            return text(HTTPStatus.BAD_REQUEST, str(error))

    def _answer(self, ask: Callable[[str], Answer]) -> None:
        origin = self.headers.get("Origin")
        known = self._is_own(self.headers.get("Host", ""))
        known = known and (origin is None or self._is_own(origin.removeprefix("http://")))
        try:
            status, kind, body = ask(unquote(urlsplit(self.path).path)) if known else _STRANGER
        except Exception as error:  # one request never ends the thread that answers it, whatever OUT holds
            status, kind, body = text(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
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

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        super().__init__((ADDRESS, port), _Handler)
