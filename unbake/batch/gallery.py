"""A conversion as the viewer's gallery: its index and pictures, from report, journal, map cache and sources."""

from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from unbake.batch.journal import Journal, keys_of
from unbake.batch.map_cache import FOLDER, read_cached
from unbake.batch.pipeline import Budget
from unbake.batch.plan import memory_limit, memory_of, size_of
from unbake.batch.provenance import Provenance, read_provenance
from unbake.batch.stages import contents_of, error_sentence
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import OUTPUTS, SPECS, MapKind
from unbake.errors import UsageError
from unbake.export.adjust import RULES, Adjust, Rules, load_rules, read_rules, rules_for, values_by_map
from unbake.export.rules_file import read_request, with_changes
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
    Override,
    Page,
    Served,
    SetData,
    Tuning,
    data_url,
    key_of,
    pictures,
)
from unbake.version import __version__

BEFORE: Final[tuple[MapKind, ...]] = (MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR)
"""The source maps on view."""

AFTER: Final = tuple(kind for kind in OUTPUTS if not SPECS[kind].binary)
"""The output maps on view."""

UNKNOWN_SOURCE: Final = "the sources of this conversion are unknown; run the same `unbake convert` again"


def conversion_gallery(out: Path, size: int = SIZE, token: str | None = None) -> Gallery:
    """The gallery of the conversion in `out`, worst sets first; its pictures are made only when asked for.

    size: longest side of a picture, texels. token: of the server that the page comes from, None for a file.
    FileError where `out` is no conversion, UsageError where its rules are damaged.
    """
    reports = read_listing(out)
    provenance = read_provenance(out)
    pictures_of = _Pictures(out, provenance, size)
    toml = read_toml(provenance.rules) if provenance else ""
    rules = _rules(provenance, toml) if provenance else Rules()
    saved = read_rules(toml)
    converted = worst_first(reports)
    keys = {report.name: pictures_of.key(report.name) for report in converted}
    page = Page(
        kind="conversion",
        title=out.resolve().name,
        made=f"unbake {__version__}",
        served=None if token is None else Served(token),
        rules=provenance.rules.name if provenance else RULES,
        changes=values_by_map(saved.changes),
        overrides=[Override(rule.match, values_by_map(rule.changes)) for rule in saved.rules],
        sets=[_entry(report, keys[report.name], rules_for(rules, report.name)) for report in converted],
        failed=[Left(report.name, report.reason) for report in reports if report.status == "failed"],
        skipped=[Left(report.name, report.reason) for report in reports if report.status == "skipped"],
    )
    return Gallery(page, {key: partial(pictures_of.set_data, name) for name, key in keys.items()})


def read_toml(path: Path) -> str:
    """The text of a file of rules, "" where there is none; UsageError where it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Expected rules in {path}, got a file that cannot be read ({why}); mend it."
        ) from error


def save_rules(out: Path, text: str) -> None:
    """Write the file of rules that the conversion in `out` reads, whole or not at all.

    UsageError where the text is not valid rules, or where they cannot be saved.
    """
    read_rules(text)
    provenance = read_provenance(out)
    if provenance is None:
        raise UsageError(UNKNOWN_SOURCE)
    if not provenance.rules.parent.is_dir():
        raise UsageError(
            f"Expected a folder to save {provenance.rules.name} in, got '{provenance.rules.parent}'; save the rules "
            "elsewhere and name that file with --rules."
        )
    write_atomic(provenance.rules, text.encode())


def save_changes(out: Path, request: str) -> None:
    """Edit the file of rules that the conversion in `out` reads, as a request of the viewer's page asks (JSON).

    UsageError in one sentence where the request is none, or as `save_rules`.
    """
    changes = read_request(request)
    provenance = read_provenance(out)
    save_rules(out, with_changes(read_toml(provenance.rules) if provenance else "", changes))


class _Pictures:
    """The pictures of a conversion's sets, made when asked for; sets are looked up by name."""

    def __init__(self, out: Path, provenance: Provenance | None, size: int) -> None:
        self.out, self.provenance, self.size = out, provenance, size
        self.sets = {files.name: files for files in provenance.sets} if provenance else {}
        self.journal = Journal(out, provenance.preset) if provenance else None
        self.budget = Budget(memory_limit())

    def key(self, name: str) -> str:
        """A key of a set's pictures, which changes with its cached maps and its source files."""
        record = self.journal.record(name) if self.journal else None
        files = self.sets[name].files if name in self.sets else ()
        cached = self.out / FOLDER / f"{record.inference}.zip" if record else None
        stamps = [_stamp(path) for path in (cached, *(source.path for source in files)) if path]
        return key_of(name, record and record.inference, self.size, *stamps)

    def set_data(self, name: str) -> SetData:
        """The pictures of a set before and after; `missing` says what cannot be shown and why."""
        files = self.sets.get(name)
        if self.provenance is None or files is None:
            return SetData(missing=UNKNOWN_SOURCE)
        needed = memory_of(size_of(files.diffuse, self.provenance.max_size) or (SIZE, SIZE))
        self.budget.acquire(needed)
        try:
            return self._set_data(files, self.provenance)
        except Exception as error:  # one set never stops the others
            return SetData(missing=error_sentence(error))
        finally:
            self.budget.release(needed)

    def _set_data(self, files: TextureSet, provenance: Provenance) -> SetData:
        missing = []
        inputs, inference = None, ""
        try:
            inputs, inference = _inputs(files, provenance)
        except Exception as error:  # a source may be anything by now
            missing.append(f"the source files cannot be read: {error_sentence(error)}")
        record = self.journal.record(files.name) if self.journal else None
        cached = read_cached(self.out, record.inference) if record else None
        if record is None:
            missing.append("its files are gone from the conversion; convert again")
        elif cached is None:
            missing.append("its maps were not kept; convert into another folder, without --no-keep-maps")
        elif inputs and inference != record.inference:
            missing.append("its sources have changed since it was converted; convert again")
        codes: dict[MapKind, Any] = {kind: image for kind, image in _codes(inputs).items() if kind in BEFORE}
        codes |= {kind: image for kind, image in (cached.codes if cached else {}).items() if kind in AFTER}
        if not codes:
            return SetData(missing="; ".join(missing))
        shown = pictures(CodedMaps(codes), codes, self.size)
        height, width = next(iter(shown.values())).shape[:2]
        if inputs is not None:
            wrap = inputs.wrap
        elif provenance.seamless is not None:
            wrap = (provenance.seamless, provenance.seamless)
        else:
            wrap = tileable_axes(codes[MapKind.ALBEDO])
        relief = 0.0
        if cached is not None and (contrast := float(CodedMaps(cached.codes)[MapKind.HEIGHT].std())) > 0:
            relief = cached.relief / contrast
        return SetData(
            width=width,
            height=height,
            wrap=wrap,
            relief=relief,
            missing="; ".join(missing),
            images={kind: data_url(kind, image) for kind, image in shown.items()},
        )


def _inputs(files: TextureSet, provenance: Provenance) -> tuple[Inputs, str]:
    """The sources as they are now, and the hash of all that their maps depend on."""
    contents = contents_of(files)
    inference, _ = keys_of(files, contents, provenance.inference, {})
    by_source = {getattr(files, role): content for role, content in contents.items()}

    def read(source: Source) -> Picture:
        return decode_picture(by_source[source], str(source))

    normals: Any = provenance.inference.get("normals", "auto")
    return load_inputs(files, provenance.seamless, provenance.max_size, read, normals), inference


def _codes(inputs: Inputs | None) -> dict[MapKind, Any]:
    return {} if inputs is None else inputs.maps.codes


def _rules(provenance: Provenance, toml: str) -> Rules:
    return load_rules(provenance.rules, provenance.rules if toml else None, provenance.adjust)


def _entry(report: SetReport, key: str, adjust: Adjust) -> Entry:
    return Entry(
        key=key,
        name=report.name,
        thumbs={kind: quote(path) for kind, path in report.thumbnails.items()},
        classes=report.classes,
        confidence=report.confidence,
        doubtful=report.confidence < REVIEW_BELOW,
        warnings=report.warnings,
        notes=report.notes,
        adjust={name: _tuning(getattr(adjust, name)) for name in adjust.__struct_fields__},
        figures=report.figures,
    )


def _tuning(changes: Any) -> Tuning:
    """The changes to a map, with the defaults of those that are not named."""
    values = {name: getattr(changes, name, None) for name in Tuning.__struct_fields__}
    return Tuning(**{name: value for name, value in values.items() if value is not None})


def _stamp(path: Path) -> tuple[int, int] | None:
    """Time and size of a file, which change with its content; None where it is missing."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
