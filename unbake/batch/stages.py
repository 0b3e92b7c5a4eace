"""The three stages of one texture set, load, infer and write, on any engine; run by `pipeline` or `ray`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from unbake.batch.events import Options
from unbake.batch.journal import ROLES, Record, keys_of, measured
from unbake.batch.map_cache import CachedMaps, read_cached, write_cached
from unbake.batch.plan import memory_of
from unbake.batch.speed import NOT_MEASURED, Spent
from unbake.convert.apply_evidence import APPLIED, apply_evidence
from unbake.convert.convert import Converted, convert_set
from unbake.convert.features import features_of
from unbake.convert.game_paths import printable
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.predict import BY_RULES, Predictor, bundle_folder, read_card
from unbake.convert.reading import READING_VERSION
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.features import Features
from unbake.domain.maps import MapKind
from unbake.domain.packing import Preset
from unbake.errors import UnbakeError
from unbake.evidence.evidence import Evidence, gather
from unbake.evidence.keywords import KeywordEvidence
from unbake.evidence.level import Level
from unbake.evidence.lexicon import bundled
from unbake.evidence.names import name_evidence
from unbake.export import pgpatcher
from unbake.export.adjust import Adjust, Rules, adjusted, hint_for, relief_factor, rules_for
from unbake.export.packs import recentred, resampling, write_set
from unbake.image.arrays import CodedMaps
from unbake.image.files import Picture, decode_picture, picture_size
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.image.surface import SURFACE_VERSION
from unbake.report.confidence import judge
from unbake.report.lit import save_lit
from unbake.report.page import SetReport
from unbake.report.pictures import save_thumbnails
from unbake.version import __version__

CHECKED = 512
"""Longest side of the maps that the report judges and draws, up to twice as much; larger ones are sampled for the one,
averaged for the other."""

FindRecord = Callable[[str, str], Record | None]
"""(set name, key) → the record of an earlier run, where its key is the same and its files are still there."""


class Written(msgspec.Struct, frozen=True):
    """Stage 3: a set on disk. unchanged: written by an earlier run. inferred: whether the networks ran for it."""

    record: Record
    seconds: float = 0.0
    inferred: bool = False
    unchanged: bool = False
    spent: Spent = NOT_MEASURED


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Stage 1: a set as pixels, with its hashes (see `journal.keys_of`) and its cached maps, if any.

    started: `time.perf_counter()` when loading began; read_s: seconds of work since then, without waiting for memory.
    """

    files: TextureSet
    inputs: Inputs
    inference: str
    key: str
    cached: CachedMaps | None
    started: float
    read_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """Stage 2: a set's maps, still to be written. networks_s: seconds that making them took."""

    loaded: Loaded
    converted: Converted
    networks_s: float


class Stages:
    """Loads, converts and writes texture sets into `out`, in any order and from several threads.

    predictor: None converts by rules. fingerprint: of the model, "rules" for none; see `convert.predict`. keywords:
    what plugins say of a texture's material, by `TextureSet.texture`.
    """

    def __init__(
        self,
        out: Path,
        options: Options,
        preset: Preset,
        rules: Rules,
        predictor: Predictor | None,
        fingerprint: str,
        level: Level | None = None,
        keywords: Mapping[str, KeywordEvidence] | None = None,
    ) -> None:
        self.out, self.options, self.preset, self.rules = out, options, preset, rules
        self.predictor, self.level, self.keywords = predictor, level, keywords or {}
        self.inference = {
            "version": __version__,
            "geometry": str(GEOMETRY_VERSION),
            "surface": str(SURFACE_VERSION),
            "reading": str(READING_VERSION),
            "model": fingerprint,
            "seamless": str(options.seamless),
            "normals": options.normals,
            "max_size": str(options.max_size),
            "level": "none" if level is None else f"{level.gain} {level.metal_gain}",
        }

    def portable(self) -> "Stages":
        """Copy for another machine: absolute paths, no predictor."""
        model = self.options.model
        options = replace(self.options, model=None if model is None else model.absolute())
        return Stages(
            self.out.absolute(),
            options,
            self.preset,
            self.rules,
            None,
            self.inference["model"],
            self.level,
            self.keywords,
        )

    def keys(self, files: TextureSet, contents: dict[str, bytes]) -> tuple[str, str]:
        """Two hashes: of what a set's maps depend on, and of what its files depend on."""
        packing = {
            "preset": msgspec.json.encode(self.preset).decode(),
            "adjust": msgspec.json.encode(rules_for(self.rules, files.name)).decode(),
            "effort": str(self.options.effort),
            "parallax": str(self.options.parallax),
            "brightness": self.options.brightness,
        }
        if (evidence := self.evidence_of(files)) is not None:
            packing["evidence"] = f"{APPLIED} {bundled().version} " + msgspec.json.encode(evidence).decode()
        return keys_of(files, contents, self.inference, packing)

    @property
    def albedo_by_rule(self) -> bool:
        """Whether the albedo of a mod of known level is made by rule; else the networks' stays."""
        if self.predictor is not None:
            return self.predictor.card.level_albedo == "baseline"
        # Where others convert, this process has no networks, but their card.
        return self.inference["model"] == BY_RULES or (
            read_card(bundle_folder(self.options.model)).level_albedo == "baseline"
        )

    def evidence_of(self, files: TextureSet) -> Evidence | None:
        """What is known of a set outside its picture; None where that is switched off."""
        if self.level is None:
            return None
        hint, said = hint_for(self.rules, files.name), self.keywords.get(files.texture)
        return gather(name_evidence(files.texture), hint, self.level, said)

    def load(
        self, files: TextureSet, find_record: FindRecord, acquire: Callable[[int], None]
    ) -> Loaded | Written:
        """Stage 1, or the end where an earlier run has finished the set. acquire: see `pipeline.run_staged`."""
        started = time.perf_counter()
        contents = contents_of(files)
        inference, key = self.keys(files, contents)
        if record := find_record(files.name, key):
            return Written(record, unchanged=True)
        diffuse = contents["diffuse"]
        asked = time.perf_counter()
        acquire(memory_of(picture_size(diffuse, str(files.diffuse), len(diffuse))))
        waited = time.perf_counter() - asked
        by_source = {getattr(files, role): contents.pop(role) for role in tuple(contents)}

        def read(source: Source) -> Picture:
            return decode_picture(by_source.pop(source), str(source))

        inputs = load_inputs(files, self.options.seamless, self.options.max_size, read, self.options.normals)
        cached = read_cached(self.out, inference)
        if cached and {codes.shape[:2] for codes in cached.codes.values()} != {inputs.size}:
            cached = None
        read_s = time.perf_counter() - started - waited
        return Loaded(files, inputs, inference, key, cached, started, read_s)

    def infer(self, loaded: Loaded) -> Inferred:
        """Stage 2: the cached maps of a set, else those of the networks."""
        began = time.perf_counter()
        if loaded.cached is not None:
            converted = loaded.cached.as_converted(loaded.inputs)
        else:
            converted = convert_set(loaded.inputs, self.predictor, level=self.level)
        return Inferred(loaded, converted, time.perf_counter() - began)

    def write(self, inferred: Inferred) -> Written:
        """Stage 3: write the files of a set, and return the record of them for the journal."""
        began = time.perf_counter()
        loaded, converted, files = inferred.loaded, inferred.converted, inferred.loaded.files
        if self.options.keep_maps and loaded.cached is None:
            write_cached(self.out, loaded.inference, loaded.inputs, converted)
        if (evidence := self.evidence_of(files)) is not None:
            converted = apply_evidence(
                converted, loaded.inputs, evidence, self.options.brightness, by_rule=self.albedo_by_rule
            )
            converted = self._featured(converted, evidence)
        features = Features() if converted.decision is None else converted.decision.features or Features()
        adjust = rules_for(self.rules, files.name)
        paths = write_set(
            converted.maps.codes,
            files.name,
            self.out,
            self.preset,
            effort=self.options.effort,
            parallax=self._parallax(files, converted),
            subsurface=features.subsurface > 0,
            adjust=adjust,
            wrap=converted.wrap,
        )
        shown = adjusted(dict(_sampled(converted.maps)), adjust)
        judged = judge(shown, converted.wrap, converted.decision, loaded.inputs.warnings)
        resampled = resampling(converted.maps.size, self.preset)
        outputs = [path.relative_to(self.out).as_posix() for path in paths]
        sizes, hashes = measured(self.out, outputs)
        record = Record(
            name=files.name,
            preset=self.preset.name,
            key=loaded.key,
            inference=loaded.inference,
            outputs=outputs,
            sizes=sizes,
            hashes=hashes,
            report=SetReport(
                files.name,
                thumbnails=self._draw(converted.maps, adjust, files.name),
                classes={name: round(share, 4) for name, share in converted.classes.items()},
                confidence=judged.confidence,
                figures=judged.figures,
                warnings=judged.warnings,
                notes=[*converted.notes, *filter(None, [resampled])],
                decided=converted.decision,
            ),
            entry=self._entry(files, converted, paths, adjust, features),
        )
        ended = time.perf_counter()
        height, width = loaded.inputs.size
        spent = Spent(height * width, loaded.read_s, inferred.networks_s, ended - began)
        return Written(record, ended - loaded.started, inferred=loaded.cached is None, spent=spent)

    def _draw(self, maps: CodedMaps, adjust: Adjust, name: str) -> dict[str, str]:
        """Writes the report's pictures of a set; their paths by name."""
        before = dict(_averaged(maps))
        after = adjusted(before, adjust)
        return save_lit(before, after, name, self.out) | save_thumbnails(after, name, self.out)

    def _featured(self, converted: Converted, evidence: Evidence) -> Converted:
        """With TruePBR's features in the decision, where the files are for it; a glow that is off is not written."""
        if self.preset.folder != pgpatcher.PBR_ROOT or converted.decision is None:
            return converted
        features = features_of(converted.maps, evidence.wishes, evidence.material)
        maps = dict(converted.maps.codes)
        if not features.emissive:
            maps.pop(MapKind.EMISSIVE, None)
        decision = msgspec.structs.replace(converted.decision, features=features)
        return replace(converted, maps=CodedMaps(maps), decision=decision)

    def _parallax(self, files: TextureSet, converted: Converted) -> bool:
        """Whether height is written: as asked, else for a height map of the set's own and rough tiles."""
        if self.options.parallax is not None:
            return self.options.parallax
        rough = converted.relief >= pgpatcher.LEAST_RELIEF
        return files.parallax is not None or (all(converted.wrap) and rough)

    def _entry(
        self,
        files: TextureSet,
        converted: Converted,
        paths: list[Path],
        adjust: Adjust,
        features: Features,
    ) -> dict[str, Any] | None:
        """The set's PGPatcher entry, from the files that were written; None where the preset has none."""
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
            features=features,
            displacement=pgpatcher.displacement_scale(
                converted.relief, float(recentred(height).std()), relief_factor(adjust)
            ),
        )


def contents_of(files: TextureSet) -> dict[str, bytes]:
    """The bytes of a set's files by role; FileError where one cannot be read."""
    sources: dict[str, Source | None] = {role: getattr(files, role) for role in ROLES}
    return {role: source.read() for role, source in sources.items() if source is not None}


def error_sentence(error: Exception) -> str:
    """The reason why a set could not be converted, in one sentence."""
    match error:
        case UnbakeError():
            message = str(error)
        case MemoryError():
            message = "Expected enough memory for this set, got too little; close other programs or lower --max-size."
        case _:
            message = (
                f"Expected to convert this set, got an unforeseen {type(error).__name__}: {error}; report it."
            )
    return printable(" ".join(message.split()))


def _sampled(maps: CodedMaps) -> CodedMaps:
    """The maps, or every n-th texel of large ones: exact values at a fraction of the memory."""
    step = _step(maps.size)
    return CodedMaps({kind: codes[::step, ::step] for kind, codes in maps.codes.items()})


def _averaged(maps: CodedMaps) -> CodedMaps:
    """The maps, or the means of n × n texels of large ones, as they are stored: enough for small pictures."""
    step = _step(maps.size)
    if step == 1:
        return maps
    means = {}
    for kind, codes in maps.codes.items():
        height, width = (max(side // step, 1) * step for side in codes.shape[:2])
        parts = [codes[i:height:step, j:width:step] for i in range(step) for j in range(step)]
        if any(part.shape != parts[0].shape for part in parts):  # a side shorter than n
            parts = parts[:1]
        total = parts[0].astype(np.uint32)
        for part in parts[1:]:
            total += part
        means[kind] = ((total + len(parts) // 2) // len(parts)).astype(codes.dtype)
    return CodedMaps(means)


def _step(size: tuple[int, int]) -> int:
    return max(1, max(size) // CHECKED)
