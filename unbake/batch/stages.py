"""What is done to one texture set in each stage, on whatever engine: load, convert, write."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from unbake import __version__
from unbake.batch.events import Options
from unbake.batch.journal import ROLES, Record, keys_of
from unbake.batch.map_cache import Kept, read_kept, write_kept
from unbake.batch.plan import memory_of
from unbake.convert.convert import Converted, convert_set
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.predict import Predictor
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import MapKind
from unbake.domain.packing import Preset
from unbake.errors import UnbakeError
from unbake.export import pgpatcher
from unbake.export.adjust import Adjust, Rules, adjusted, relief_factor, rules_for
from unbake.export.packs import recentred, resampling, write_set
from unbake.image.arrays import CodedMaps
from unbake.image.files import Picture, decode_picture, picture_size
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.report.confidence import judge
from unbake.report.page import SetReport
from unbake.report.pictures import save_thumbnails

CHECKED = 1024
"""Longest side of what is looked at for the report; larger maps are sampled."""

Finished = Callable[[str, str], Record | None]
"""The record of a set of this name, where its key is this one and its files are there."""


class Done(msgspec.Struct, frozen=True):
    """A set that is written. unchanged: by an earlier run. inferred: whether its maps were made for it."""

    record: Record
    seconds: float = 0.0
    inferred: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A set as pixels, with its hashes (see `journal.keys_of`) and what was kept of it."""

    files: TextureSet
    inputs: Inputs
    inference: str
    key: str
    kept: Kept | None
    started: float


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A set's maps, to be written."""

    loaded: Loaded
    converted: Converted


class Work:
    """How sets are loaded, converted and written into `out`; nothing here depends on their order."""

    def __init__(
        self,
        out: Path,
        options: Options,
        preset: Preset,
        rules: Rules,
        predictor: Predictor | None,
        fingerprint: str,
    ) -> None:
        self.out, self.options, self.preset, self.rules = out, options, preset, rules
        self.predictor = predictor
        self.inference = {
            "version": __version__,
            "geometry": str(GEOMETRY_VERSION),
            "model": fingerprint,
            "seamless": str(options.seamless),
            "max_size": str(options.max_size),
        }

    def elsewhere(self, out: Path, options: Options) -> "Work":
        """The same work with other paths of OUT and of the model, whose networks are not loaded."""
        return Work(out, options, self.preset, self.rules, None, self.inference["model"])

    def keys(self, files: TextureSet, contents: dict[str, bytes]) -> tuple[str, str]:
        """The hashes of what a set's maps and of what its files depend on."""
        packing = {
            "preset": msgspec.json.encode(self.preset).decode(),
            "adjust": msgspec.json.encode(rules_for(self.rules, files.name)).decode(),
            "effort": str(self.options.effort),
            "parallax": str(self.options.parallax),
        }
        return keys_of(files, contents, self.inference, packing)

    def load(self, files: TextureSet, finished: Finished, take: Callable[[int], None]) -> Loaded | Done:
        """The pixels of a set, or the record that says it is done. take: see `pipeline.run_staged`."""
        started = time.perf_counter()
        contents = contents_of(files)
        inference, key = self.keys(files, contents)
        if record := finished(files.name, key):
            return Done(record, unchanged=True)
        take(memory_of(picture_size(contents["diffuse"], str(files.diffuse))))
        by_source = {getattr(files, role): contents.pop(role) for role in tuple(contents)}

        def read(source: Source) -> Picture:
            return decode_picture(by_source.pop(source), str(source))

        inputs = load_inputs(files, self.options.seamless, self.options.max_size, read)
        kept = read_kept(self.out, inference)
        if kept and {codes.shape[:2] for codes in kept.codes.values()} != {inputs.size}:
            kept = None
        return Loaded(files, inputs, inference, key, kept, started)

    def convert(self, loaded: Loaded) -> Made:
        """The maps of a set: those that were kept, else the networks'."""
        if loaded.kept is not None:
            return Made(loaded, loaded.kept.of(loaded.inputs))
        return Made(loaded, convert_set(loaded.inputs, self.predictor))

    def write(self, made: Made) -> Done:
        """Write the files of a set; what is to be remembered of them."""
        loaded, converted, files = made.loaded, made.converted, made.loaded.files
        if self.options.keep_maps and loaded.kept is None:
            write_kept(self.out, loaded.inference, loaded.inputs, converted)
        adjust = rules_for(self.rules, files.name)
        paths = write_set(
            converted.maps.codes,
            files.name,
            self.out,
            self.preset,
            effort=self.options.effort,
            parallax=self._parallax(files, converted),
            adjust=adjust,
            wrap=converted.wrap,
        )
        shown = adjusted(dict(_sampled(converted.maps)), adjust)
        judged = judge(shown, converted.classes, converted.wrap)
        resampled = resampling(converted.maps.size, self.preset)
        record = Record(
            name=files.name,
            preset=self.preset.name,
            key=loaded.key,
            inference=loaded.inference,
            outputs=[path.relative_to(self.out).as_posix() for path in paths],
            report=SetReport(
                files.name,
                thumbnails=save_thumbnails(shown, files.name, self.out),
                classes={name: round(share, 4) for name, share in converted.classes.items()},
                confidence=judged.confidence,
                figures=judged.figures,
                warnings=judged.warnings,
                notes=[*converted.notes, *filter(None, [resampled])],
            ),
            entry=self._entry(files, converted, paths, adjust),
        )
        return Done(record, time.perf_counter() - loaded.started, inferred=loaded.kept is None)

    def _parallax(self, files: TextureSet, converted: Converted) -> bool:
        """Whether height is written: as asked, else for what tiles both ways or came with a height of its own."""
        if self.options.parallax is not None:
            return self.options.parallax
        return all(converted.wrap) or files.parallax is not None

    def _entry(
        self, files: TextureSet, converted: Converted, paths: list[Path], adjust: Adjust
    ) -> dict[str, Any] | None:
        """The set's PGPatcher entry, by the files that were written."""
        if self.preset.folder != pgpatcher.PBR_ROOT:
            return None
        stem = files.name.rpartition("/")[2]
        written = {path.stem.removeprefix(stem) for path in paths}
        height = adjusted({MapKind.HEIGHT: converted.maps[MapKind.HEIGHT]}, adjust)[MapKind.HEIGHT]
        return pgpatcher.entry(
            files.texture,
            files=files.name,
            parallax="_p" in written,
            emissive="_g" in written,
            displacement=pgpatcher.displacement_scale(
                converted.relief * relief_factor(adjust), float(recentred(height).std())
            ),
        )


def contents_of(files: TextureSet) -> dict[str, bytes]:
    """The bytes of a set's files by role; FileError where one cannot be read."""
    sources: dict[str, Source | None] = {role: getattr(files, role) for role in ROLES}
    return {role: source.read() for role, source in sources.items() if source is not None}


def told(error: Exception) -> str:
    """Why a set could not be converted, in one sentence."""
    match error:
        case UnbakeError():
            message = str(error)
        case MemoryError():
            message = "it needs more memory than there is; close other programs or lower --max-size"
        case _:
            message = f"it could not be converted ({type(error).__name__}: {error})"
    return " ".join(message.split())


def _sampled(maps: CodedMaps) -> CodedMaps:
    """The maps, or every n-th texel of large ones: values as they are, at a fraction of the memory."""
    step = max(1, max(maps.size) // CHECKED)
    return CodedMaps({kind: codes[::step, ::step] for kind, codes in maps.codes.items()})
