"""A conversion as the viewer's gallery: report, journal, kept maps and sources become its index and pictures."""

from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from unbake import __version__
from unbake.batch.journal import Journal, keys_of
from unbake.batch.map_cache import FOLDER, read_kept
from unbake.batch.pipeline import Budget
from unbake.batch.plan import memory_limit, memory_of, size_of
from unbake.batch.provenance import Origin, read_origin
from unbake.batch.stages import contents_of, told
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import OUTPUTS, SPECS, MapKind
from unbake.errors import UsageError
from unbake.export.adjust import RULES, Adjust, Rules, load_rules, read_rules, rules_for
from unbake.files import write_atomic
from unbake.image.arrays import CodedMaps
from unbake.image.files import Picture, decode_picture
from unbake.image.tiling import tileable_axes
from unbake.report.confidence import REVIEW_BELOW
from unbake.report.listing import read_listing, worst_first
from unbake.report.page import SetReport
from unbake.report.view import (
    SIZE,
    Entry,
    Gallery,
    Left,
    Page,
    Served,
    SetData,
    Tuning,
    data_url,
    key_of,
    pictures,
)

BEFORE: Final[tuple[MapKind, ...]] = (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR)
"""What is shown of the sources."""

AFTER: Final = tuple(kind for kind in OUTPUTS if not SPECS[kind].binary)
"""What is shown of the outputs."""

AN_OLD_ONE: Final = "it is not known where this conversion came from; run the same `unbake convert` again"


def conversion_gallery(out: Path, size: int = SIZE, token: str | None = None) -> Gallery:
    """The gallery of the conversion in `out`, worst sets first; its pictures are made only when asked for.

    size: longest side of a picture, texels. token: of the server that the page comes from, None for a file.
    FileError where `out` is no conversion, UsageError where its rules are damaged.
    """
    reports = read_listing(out)
    origin = read_origin(out)
    viewed = _Viewed(out, origin, size)
    toml = read_toml(origin.rules) if origin else ""
    rules = _rules(origin, toml) if origin else Rules()
    converted = worst_first(reports)
    keys = {one.name: viewed.key(one.name) for one in converted}
    page = Page(
        kind="conversion",
        title=out.resolve().name,
        made=f"unbake {__version__}",
        served=None if token is None else Served(token),
        rules=origin.rules.name if origin else RULES,
        toml=toml,
        sets=[_entry(one, keys[one.name], rules_for(rules, one.name)) for one in converted],
        failed=[Left(one.name, one.reason) for one in reports if one.status == "failed"],
        skipped=[Left(one.name, one.reason) for one in reports if one.status == "skipped"],
    )
    return Gallery(page, {key: partial(viewed.set_data, name) for name, key in keys.items()})


def read_toml(path: Path) -> str:
    """The text of a file of rules, "" where there is none; UsageError where it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"rules were expected in {path}, but it cannot be read ({why}); mend it") from error


def save_rules(out: Path, text: str) -> None:
    """Write the file of rules that the conversion in `out` reads, whole or not at all.

    UsageError in one sentence where the text is no rules, or where there is no place for them.
    """
    read_rules(text)
    origin = read_origin(out)
    if origin is None:
        raise UsageError(AN_OLD_ONE)
    if not origin.rules.parent.is_dir():
        raise UsageError(
            f"a folder to save {origin.rules.name} in was expected, but '{origin.rules.parent}' is none; save the "
            "rules elsewhere and name that file with --rules"
        )
    write_atomic(origin.rules, text.encode())


class _Viewed:
    """What the sets of a conversion were made of; sets are looked up by name."""

    def __init__(self, out: Path, origin: Origin | None, size: int) -> None:
        self.out, self.origin, self.size = out, origin, size
        self.sets = {one.name: one for one in origin.sets} if origin else {}
        self.journal = Journal(out, origin.preset) if origin else None
        self.budget = Budget(memory_limit())

    def key(self, name: str) -> str:
        """Differs where the kept maps or the files of the sources do."""
        record = self.journal.record(name) if self.journal else None
        files = self.sets[name].files if name in self.sets else ()
        kept = self.out / FOLDER / f"{record.inference}.zip" if record else None
        stamps = [_stamp(path) for path in (kept, *(one.path for one in files)) if path]
        return key_of(name, record and record.inference, self.size, *stamps)

    def set_data(self, name: str) -> SetData:
        """The pictures of a set before and after; what cannot be had is told in `missing`."""
        files = self.sets.get(name)
        if self.origin is None or files is None:
            return SetData(missing=AN_OLD_ONE)
        needed = memory_of(size_of(files.diffuse, self.origin.max_size) or (SIZE, SIZE))
        self.budget.take(needed)
        try:
            return self._set_data(files, self.origin)
        except Exception as error:  # one set never stops the others
            return SetData(missing=told(error))
        finally:
            self.budget.give(needed)

    def _set_data(self, files: TextureSet, origin: Origin) -> SetData:
        missing = []
        inputs, inference = None, ""
        try:
            inputs, inference = _inputs(files, origin)
        except Exception as error:  # a source may be anything by now
            missing.append(f"there is no before: {told(error)}")
        record = self.journal.record(files.name) if self.journal else None
        kept = read_kept(self.out, record.inference) if record else None
        if record is None:
            missing.append("its files are gone from the conversion; convert again")
        elif kept is None:
            missing.append("its maps were not kept; convert into another folder, without --no-keep-maps")
        elif inputs and inference != record.inference:
            missing.append("its sources have changed since it was converted; convert again")
        codes: dict[MapKind, Any] = {kind: image for kind, image in _codes(inputs).items() if kind in BEFORE}
        codes |= {kind: image for kind, image in (kept.codes if kept else {}).items() if kind in AFTER}
        if not codes:
            return SetData(missing="; ".join(missing))
        shown = pictures(CodedMaps(codes), codes, self.size)
        height, width = next(iter(shown.values())).shape[:2]
        if inputs is not None:
            wrap = inputs.wrap
        elif origin.seamless is not None:
            wrap = (origin.seamless, origin.seamless)
        else:
            wrap = tileable_axes(codes[MapKind.ALBEDO])
        relief = 0.0
        if kept is not None and (contrast := float(CodedMaps(kept.codes)[MapKind.HEIGHT].std())) > 0:
            relief = kept.relief / contrast
        return SetData(
            width=width,
            height=height,
            wrap=wrap,
            relief=relief,
            missing="; ".join(missing),
            images={kind: data_url(kind, image) for kind, image in shown.items()},
        )


def _inputs(files: TextureSet, origin: Origin) -> tuple[Inputs, str]:
    """The sources as they are now, and the hash of all that the maps of a set of them depend on."""
    contents = contents_of(files)
    inference, _ = keys_of(files, contents, origin.inference, {})
    by_source = {getattr(files, role): content for role, content in contents.items()}

    def read(source: Source) -> Picture:
        return decode_picture(by_source[source], str(source))

    return load_inputs(files, origin.seamless, origin.max_size, read), inference


def _codes(inputs: Inputs | None) -> dict[MapKind, Any]:
    return {} if inputs is None else inputs.maps.codes


def _rules(origin: Origin, toml: str) -> Rules:
    given = origin.rules if toml else None
    return load_rules(origin.rules, given, origin.adjust)


def _entry(one: SetReport, key: str, adjust: Adjust) -> Entry:
    return Entry(
        key=key,
        name=one.name,
        thumbs={kind: quote(path) for kind, path in one.thumbnails.items()},
        classes=one.classes,
        confidence=one.confidence,
        doubtful=one.confidence < REVIEW_BELOW,
        warnings=one.warnings,
        notes=one.notes,
        adjust={name: _tuning(getattr(adjust, name)) for name in adjust.__struct_fields__},
        figures=one.figures,
    )


def _tuning(said: Any) -> Tuning:
    """What is said of a map, and the defaults for what is not."""
    values = {name: getattr(said, name, None) for name in Tuning.__struct_fields__}
    return Tuning(**{name: value for name, value in values.items() if value is not None})


def _stamp(path: Path) -> tuple[int, int] | None:
    """What of a file changes with its content, None where it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
