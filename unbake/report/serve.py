"""The viewer's page over HTTP on the loopback: scripts are made on request, and rules can be saved."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Final

from unbake.files import safe_join
from unbake.report import pictures
from unbake.report.loopback import DONE, NOTHING, Answer, listen
from unbake.report.view import FOLDER, Gallery, ensure_script, html

LINK: Final = ".unbake/serve.html"
"""The page that leads to the server while it runs, below the folder that is shown."""

_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".jpg": "image/jpeg"}


def server(
    folder: Path, opened: Callable[[str], Gallery], save: Callable[[str], None], port: int = 0
) -> ThreadingHTTPServer:
    """A server of the page of `folder`, see `loopback.listen`; nothing but that page and what is on it can be read.

    opened: loads the gallery, with the token that allows saving. save: edits the
    rules as the page's request says (JSON, `export.rules_file`), or raises UsageError.
    """
    site = GallerySite(folder, secrets.token_urlsafe(32), opened, save)
    site.open()
    return listen(site, port)


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


class GallerySite:
    """Answers to requests for one gallery, by path: its page, its scripts, its thumbnails, and saving its rules."""

    def __init__(
        self, folder: Path, token: str, opened: Callable[[str], Gallery], save: Callable[[str], None]
    ) -> None:
        self.folder, self.token = folder, token
        self._opened, self._save = opened, save
        self._gallery: Gallery | None = None
        self._making = Lock()

    def open(self) -> bytes:
        """Reload the gallery; returns its page."""
        self._gallery = self._opened(self.token)
        return html(self._gallery.page)

    def get(self, path: str) -> Answer:
        """The page, a script of the gallery, or a thumbnail."""
        if path == "/":
            return HTTPStatus.OK, "text/html; charset=utf-8", self.open()
        folder, _, name = path[1:].rpartition("/")
        if folder == FOLDER:
            key, gallery = name.removesuffix(".js"), self._gallery
            if gallery is None or key not in gallery.make or not name.endswith(".js"):
                return NOTHING
            with self._making:
                file = ensure_script(self.folder, gallery, key)
        elif not path.startswith(f"/{pictures.FOLDER}/") or "\0" in path:
            return NOTHING  # not even looked for: on Windows a path can name another machine, which would be asked
        else:
            top = (self.folder / pictures.FOLDER).resolve()
            file = (self.folder / path[1:]).resolve()
            if not file.is_relative_to(top) or file.suffix != ".jpg" or not file.is_file():
                return NOTHING
        return HTTPStatus.OK, _TYPES[file.suffix], file.read_bytes()

    def post(self, path: str, body: bytes) -> Answer:
        """Save rules."""
        if path != "/rules":
            return NOTHING
        self._save(body.decode())
        return DONE
