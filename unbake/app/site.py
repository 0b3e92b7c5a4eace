"""Answers of the app's server, by path: the page, its state, folders, actions, and the viewer of each result."""

import secrets
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec

from unbake.app.commands import commands, read_paths, read_settings
from unbake.app.folders import chosen, list_folder, managers, places, recent
from unbake.app.job import Job
from unbake.app.state import Places
from unbake.batch.gallery import conversion_gallery
from unbake.batch.rules import save_changes
from unbake.decoding import decode_json
from unbake.errors import UsageError
from unbake.report.loopback import DONE, NOTHING, Answer
from unbake.report.serve import GallerySite
from unbake.report.view import SIZE, filled, key_of
from unbake.version import __version__

VIEW: Final = "view"


class AppSite:
    """The app as `loopback.listen` serves it.

    launch: shows a folder to the person, as the system does. Of files, nothing but the pages, scripts and thumbnails
    of folders that were chosen as OUT can be read.
    """

    def __init__(self, launch: Callable[[Path], None]) -> None:
        self.token = secrets.token_urlsafe(32)
        self.job = Job(self._view_of)
        self._launch = launch
        self._views: dict[str, GallerySite] = {}
        self._lock = Lock()

    def get(self, path: str) -> Answer:
        """The page, what it shows, or what the viewer of a result has at a path."""
        match path.split("/")[1:]:
            case [""]:
                return HTTPStatus.OK, "text/html; charset=utf-8", filled({"kind": "app", "made": __version__})
            case ["places"]:
                return _json(Places(places(), recent()))
            case ["managers"]:
                return _json(managers())
            case ["plan"]:
                return _json(self.job.plan())
            case ["state", run, start] if run.isdecimal() and start.isdecimal():
                return _json(self.job.state(int(run), int(start)))
            case [view, name, *rest] if view == VIEW and name in self._views and rest:
                return self._views[name].get("/" + "/".join(rest))
        return NOTHING

    def post(self, path: str, body: bytes) -> Answer:
        """Do what a button of the page says; UsageError where that cannot be done now."""
        match path.split("/")[1:]:
            case ["folder"]:
                return _json(list_folder(_text(body)))
            case ["chosen"]:
                return _json(chosen(read_paths(body)))
            case ["commands"]:
                return _json(commands(read_settings(body)))
            case ["look"]:
                self.job.look(read_settings(body))
            case ["convert"]:
                self.job.convert(read_settings(body))
            case ["show"]:
                self.job.show(read_settings(body))
            case ["pause"]:
                self.job.stop(pause=True)
            case ["stop"]:
                self.job.stop(pause=False)
            case ["zip"]:
                self.job.zip()
            case ["open"]:
                self._open()
            case [view, name, "rules"] if view == VIEW and name in self._views:
                return self._views[name].post("/rules", body)
            case _:
                return NOTHING
        return DONE

    def _open(self) -> None:
        out = self.job.out
        if out is None or not out.is_dir():
            raise UsageError("Expected a result to open, got none; convert a mod first.")
        self._launch(out)

    def _view_of(self, out: Path) -> str:
        """Address of the viewer of an OUT, below the page's."""
        name = key_of(out)
        with self._lock:
            if name not in self._views:
                self._views[name] = GallerySite(
                    out,
                    self.token,
                    lambda token: conversion_gallery(out, SIZE, token),
                    lambda request: save_changes(out, request),
                )
        return f"{VIEW}/{name}/"


def _json(value: Any) -> Answer:
    return HTTPStatus.OK, "application/json", msgspec.json.encode(value)


def _text(body: bytes) -> str:
    try:
        return decode_json(body, str)
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected a path, got {error}; load the page again.") from error
