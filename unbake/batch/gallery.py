"""A conversion as the viewer's gallery: its index and pictures, from report, journal, map cache and sources."""

from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from unbake.batch.journal import Journal, keys_of
from unbake.batch.map_cache import CachedMaps, read_cached, stamp_of
from unbake.batch.pipeline import Budget
from unbake.batch.plan import memory_limit, memory_of, size_of
from unbake.batch.provenance import Provenance, read_provenance
from unbake.batch.rules import UNKNOWN_SOURCE, rules_shown
from unbake.batch.stages import contents_of, error_sentence
from unbake.convert.apply_evidence import apply_evidence
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import OUTPUTS, SPECS, MapKind
from unbake.evidence.evidence import Evidence, gather
from unbake.evidence.names import name_evidence
from unbake.export.adjust import values_by_map
from unbake.export.pgpatcher import PARALLAX_DEPTH, displacement_scale
from unbake.export.rules import RULES, Rules, hint_for, read_rules, rules_for, values_of_hint, with_flags
from unbake.image.arrays import CodedMaps
from unbake.image.files import Picture, decode_picture
from unbake.image.tiling import tileable_axes
from unbake.report.listing import REPORT, read_listing, read_mod
from unbake.report.order import in_order
from unbake.report.outcome import NOTHING_TOLD, ModReport, SetReport, thumbnails_of
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

TRUEPBR: Final = "skyrim"
"""The preset whose files have TruePBR's features."""

AFTER: Final = tuple(kind for kind in OUTPUTS if not SPECS[kind].binary)
"""The output maps on view."""


def conversion_gallery(out: Path, size: int = SIZE, token: str | None = None) -> Gallery:
    """The gallery of the conversion in `out`, in the order of a review; its pictures are made only when asked for.

    size: longest side of a picture, texels. token: of the server that the page comes from, None for a file.
    Of a first conversion that has not ended, it has what is finished.
    FileError where `out` is no conversion, UsageError where its rules are damaged.
    """
    provenance = read_provenance(out)
    reports, mod = _told(out, provenance)
    saved = read_rules(rules_shown(out, provenance))
    rules = with_flags(saved, provenance.adjust, provenance.hints) if provenance else saved
    pictures_of = _Pictures(out, provenance, size, rules)
    converted, doubtful = in_order(reports)
    keys = {report.name: pictures_of.key(report.name) for report in converted}
    page = Page(
        kind="conversion",
        title=out.resolve().name,
        made=f"unbake {__version__}",
        served=None if token is None else Served(token),
        rules=RULES,
        truepbr=provenance is not None and provenance.preset == TRUEPBR,
        changes=values_by_map(saved.changes),
        hint=values_of_hint(saved.hint),
        overrides=[
            Override(rule.match, values_by_map(rule.changes), values_of_hint(rule.hint))
            for rule in saved.rules
        ],
        mod=mod.sentences(),
        sets=[
            _entry(report, keys[report.name], rules, place < doubtful)
            for place, report in enumerate(converted)
        ],
        failed=[Left(report.name, report.reason) for report in reports if report.status == "failed"],
        skipped=[Left(report.name, report.reason) for report in reports if report.status == "skipped"],
    )
    return Gallery(page, {key: partial(pictures_of.set_data, name) for name, key in keys.items()})


def _told(out: Path, provenance: Provenance | None) -> tuple[list[SetReport], ModReport]:
    """The report of a conversion; while the first run into `out` has not ended, what its journal has so far."""
    if provenance is None or (out / REPORT).is_file():
        return read_listing(out), read_mod(out)
    return [record.report for record in Journal(out, provenance.preset).records()], NOTHING_TOLD


class _Pictures:
    """The pictures of a conversion's sets, made when asked for; sets are looked up by name."""

    def __init__(self, out: Path, provenance: Provenance | None, size: int, rules: Rules) -> None:
        self.out, self.provenance, self.size, self.rules = out, provenance, size, rules
        self.sets = {files.name: files for files in provenance.sets} if provenance else {}
        self.journal = Journal(out, provenance.preset) if provenance else None
        self.budget = Budget(memory_limit())

    def key(self, name: str) -> str:
        """A key of a set's pictures, which changes with its cached maps and its source files."""
        record = self.journal.record(name) if self.journal else None
        files = self.sets[name].files if name in self.sets else ()
        stamps = [stamp_of(self.out, record.inference)] if record else []
        stamps += [_stamp(source.path) for source in files]
        return key_of(name, record and record.inference, self.size, self.evidence_of(name), *stamps)

    def evidence_of(self, name: str) -> Evidence | None:
        """What is known of a set, by the rules as they are now; None where that is switched off."""
        files = self.sets.get(name)
        if files is None or self.provenance is None or self.provenance.level is None:
            return None
        said = self.provenance.keywords.get(files.texture)
        return gather(name_evidence(files.texture), hint_for(self.rules, name), self.provenance.level, said)

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
        if cached is not None:
            made = self._decided(files.name, cached, inputs, provenance)
            codes |= {kind: image for kind, image in made.items() if kind in AFTER}
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
            relief = PARALLAX_DEPTH * displacement_scale(cached.relief, contrast)
        return SetData(
            width=width,
            height=height,
            wrap=wrap,
            relief=relief,
            missing="; ".join(missing),
            images={kind: data_url(kind, image) for kind, image in shown.items()},
        )

    def _decided(
        self, name: str, cached: CachedMaps, inputs: Inputs | None, provenance: Provenance
    ) -> dict[MapKind, Any]:
        """The kept maps with what is known of the set, as conversion applies it; without the sources as they are."""
        evidence = self.evidence_of(name)
        if evidence is None or inputs is None or inputs.size != next(iter(cached.codes.values())).shape[:2]:
            return cached.codes
        converted = cached.as_converted(inputs)
        by_rule = provenance.albedo_by_rule
        return apply_evidence(converted, inputs, evidence, provenance.brightness, by_rule=by_rule).maps.codes


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


def _entry(report: SetReport, key: str, rules: Rules, doubtful: bool) -> Entry:
    adjust = rules_for(rules, report.name)
    return Entry(
        key=key,
        name=report.name,
        thumbs={kind: quote(path) for kind, path in thumbnails_of(report).items()},
        confidence=report.confidence,
        doubtful=doubtful,
        headline=report.headline,
        reasons=report.reasons,
        warnings=report.warnings,
        notes=report.notes,
        adjust={name: _tuning(getattr(adjust, name)) for name in adjust.__struct_fields__},
        hint=values_of_hint(hint_for(rules, report.name)),
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
