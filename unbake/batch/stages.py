"""The three stages of one texture set, load, infer and write, on any engine; run by `pipeline` or `ray`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from unbake.batch.events import Options
from unbake.batch.journal import ROLES, Record, keys_of, measured
from unbake.batch.map_cache import CachedMaps, read_cached, write_cached
from unbake.batch.plan import memory_of
from unbake.batch.set_report import report_of
from unbake.batch.speed import NOT_MEASURED, Spent
from unbake.convert.apply_evidence import APPLIED, apply_evidence
from unbake.convert.bundle import BY_RULES, bundle_folder, read_card
from unbake.convert.convert import Converted, convert_set
from unbake.convert.features import features_of
from unbake.convert.game_paths import printable
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.predict import Predictor
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
from unbake.export.adjust import Adjust, adjusted, relief_factor
from unbake.export.packs import recentred, write_set
from unbake.export.rules import Rules, hint_for, rules_for
from unbake.image.arrays import CodedMaps
from unbake.image.files import Picture, decode_picture, picture_size
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.image.surface import SURFACE_VERSION
from unbake.version import __version__

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

    predictor: None converts by rules. fingerprint: of the model, "rules" for none; see `convert.bundle`. keywords:
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
        loaded, files = inferred.loaded, inferred.loaded.files
        if self.options.keep_maps and loaded.cached is None:
            write_cached(self.out, loaded.inference, loaded.inputs, inferred.converted)
        converted = self._decided(inferred.converted, loaded)
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
            report=report_of(converted, adjust, loaded.inputs.warnings, files.name, self.out, self.preset),
            entry=self._entry(files, converted, paths, adjust, features),
        )
        ended = time.perf_counter()
        height, width = loaded.inputs.size
        spent = Spent(height * width, loaded.read_s, inferred.networks_s, ended - began)
        return Written(record, ended - loaded.started, inferred=loaded.cached is None, spent=spent)

    def _decided(self, converted: Converted, loaded: Loaded) -> Converted:
        """With what evidence makes of the maps, and its decision; as they are where it is switched off."""
        evidence = self.evidence_of(loaded.files)
        if evidence is None:
            return converted
        converted = apply_evidence(
            converted, loaded.inputs, evidence, self.options.brightness, by_rule=self.albedo_by_rule
        )
        return self._featured(converted, evidence)

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
