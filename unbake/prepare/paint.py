"""Paints legacy diffuses from PBR maps, as files beside them (the plan's synth_diffuse_v2); before `cache`.

    <category>/<name>/diffuse_syn_<k>.png     and specular_syn_<k>.png, where that artist made a mask
    <category>/<name>/metadata.json           "painted": {k: style, seed, px}

A painting depends on its material, the seed and k alone. Styles are dealt round, so that each has its share.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource, list_materials
from unbake.data.truth import LEAST_SIDE, read_material
from unbake.domain.maps import MapKind
from unbake.errors import FileError, UnbakeError, UsageError
from unbake.files import STALE_S, clear_drafts
from unbake.image.arrays import Maps
from unbake.image.files import write_png
from unbake.image.geometry import geometry_channels
from unbake.image.resample import at_size
from unbake.image.tiling import tileable_axes
from unbake.prepare.folders import read_metadata, update_metadata
from unbake.synth.painter import STYLES, TRAINING_STYLES, paint

ORIGINAL = "diffuse_given"
"""Name, without suffix, of a diffuse that a painting has taken the place of."""


@dataclass(frozen=True, slots=True)
class Task:
    """The paintings of one material. styles: of each, by its k; seed: of the whole run."""

    source: MaterialSource
    styles: tuple[str, ...]
    seed: int

    @property
    def folder(self) -> Path:
        """The material's."""
        return self.source.sized_by.parent


def plan_paintings(
    sources: Sequence[MaterialSource], pairs: int, seed: int = 0, styles: Sequence[str] = TRAINING_STYLES
) -> list[Task]:
    """So many pairs over the materials, as evenly as they go, and the styles dealt round; sorted by material.

    Where there are more materials than pairs, a hash of their names says which are painted. Errors: UsageError for
    less than one pair or a style that the painter does not know.

    >>> plan_paintings([], 10)
    []
    """
    unknown = sorted(set(styles) - set(STYLES))
    if pairs < 1 or unknown or not styles:
        raise UsageError(
            f"Expected one pair or more and styles among {', '.join(STYLES)}; got {pairs} pairs, {', '.join(styles)}."
        )
    if not sources:
        return []
    each, more = divmod(pairs, len(sources))
    lucky = {s.id for s in sorted(sources, key=lambda s: _number(s.id, seed))[:more]}
    tasks = []
    for source in sorted(sources, key=lambda source: source.id):
        first = _number(source.id, seed, "style")
        count = each + (source.id in lucky)
        if count:
            tasks.append(Task(source, tuple(styles[(first + k) % len(styles)] for k in range(count)), seed))
    return tasks


def paint_diffuses(
    folder: Path,
    pairs: int = 5350,
    px: int = 1024,
    overwrite: bool = False,
    seed: int = 0,
    workers: int = 2,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Paint what is missing of `pairs` pairs of the materials in `folder`; a report, for JSON.

    px: long side at most. overwrite: the first painting of a material takes the place of its diffuse, which is kept
    under another name (ORIGINAL), and metadata.json says "synthetic" of it. A painting that is there, of the same
    style, seed and size, is not made again. What cannot be painted is named under "failed", and the rest goes on.
    Errors: UsageError as `plan_paintings` and `list_materials`.
    """
    tasks = plan_paintings(list_materials(folder), pairs, seed)
    if not dry_run:
        clear_drafts(folder, recursive=True, older_than_s=STALE_S)
    waiting = [task for task in tasks if _missing(task, px, overwrite)]
    planned = sum(len(task.styles) for task in tasks)
    missing = {task.source.id: len(_missing(task, px, overwrite)) for task in waiting}
    report: dict[str, Any] = {
        "folder": str(folder),
        "materials": len(tasks),
        "pairs": planned,
        "px": px,
        "seed": seed,
        "overwrite": overwrite,
        "styles": dict(sorted(Counter(style for task in tasks for style in task.styles).items())),
        "there_already": planned - sum(missing.values()),
    }
    if dry_run:
        return report | {"to_paint": sum(missing.values()), "painted": 0, "failed": []}
    done, failed = 0, []
    for task, problem in in_processes(partial(_paint, px=px, overwrite=overwrite), waiting, workers):
        if problem:
            failed.append({"material": task.source.id, "reason": problem})
        else:
            done += missing[task.source.id]
        if on_progress:
            on_progress(planned - sum(missing.values()) + done, planned)
    return report | {"painted": done, "failed": sorted(failed, key=itemgetter("material"))}


def _number(name: str, seed: int, salt: str = "") -> int:
    """A number that depends on what is given alone, on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}:{salt}".encode()).digest()[:4], "big")


def _stems(k: int, overwrite: bool) -> tuple[str, str]:
    return ("diffuse", "specular") if overwrite and k == 0 else (f"diffuse_syn_{k}", f"specular_syn_{k}")


def _record(task: Task, k: int, px: int, overwrite: bool) -> dict[str, Any]:
    """A painting's entry in metadata.json."""
    return {"file": f"{_stems(k, overwrite)[0]}.png", "style": task.styles[k], "seed": task.seed, "px": px}


def _missing(task: Task, px: int, overwrite: bool) -> list[int]:
    """The paintings that are not there as they are planned, by their k."""
    try:
        painted = (read_metadata(task.folder) or {}).get("painted")
    except FileError:
        painted = None
    painted = painted if isinstance(painted, dict) else {}
    return [
        k
        for k in range(len(task.styles))
        if painted.get(str(k)) != (record := _record(task, k, px, overwrite))
        or not (task.folder / record["file"]).is_file()
    ]


def _paint(task: Task, px: int, overwrite: bool) -> str:
    """Paints what is missing of one material; "" or the sentence why not. Runs in a worker process."""
    try:
        truth = _truth(task.source, px)
        for k in _missing(task, px, overwrite):
            picture = paint(truth, STYLES[task.styles[k]], _number(task.source.id, task.seed, str(k)))
            diffuse, specular = (task.folder / f"{stem}.png" for stem in _stems(k, overwrite))
            if overwrite and k == 0:
                _rename_original(task.folder)
            with suppress(FileNotFoundError):  # of another style, which had a mask
                specular.unlink()
            if MapKind.SPECULAR in picture:
                write_png(specular, picture[MapKind.SPECULAR])
            write_png(diffuse, picture[MapKind.DIFFUSE])
            about = read_metadata(task.folder) or {}
            painted = {**(about.get("painted") or {}), str(k): _record(task, k, px, overwrite)}
            update_metadata(task.folder, {"painted": dict(sorted(painted.items()))})
    except UnbakeError as error:
        return str(error)
    except OSError as error:
        return f"{task.folder} cannot be changed ({error.strerror}); check its rights."
    return ""


def _truth(source: MaterialSource, px: int) -> Maps:
    """The maps at the size they are painted at, with an AO of the right borders where none was given."""
    truth = read_material(source)
    height, width = truth[MapKind.ALBEDO].shape[:2]
    factor = min(1.0, px / max(height, width))
    truth = at_size(truth, max(LEAST_SIDE, round(height * factor)), max(LEAST_SIDE, round(width * factor)))
    if MapKind.AO not in truth:
        rows, columns = (
            tileable_axes(truth[MapKind.ALBEDO]) if source.tileable is None else (source.tileable,) * 2
        )
        truth[MapKind.GEO_AO] = geometry_channels(truth[MapKind.NORMAL], (bool(rows), bool(columns)))[
            MapKind.GEO_AO
        ]
    return truth


def _rename_original(folder: Path) -> None:
    """Renames the diffuse and mask that came with the material, once; marked before anything is painted.

    Killed at any point, a second run neither loses what was given nor takes a painting for it.
    """
    if (read_metadata(folder) or {}).get("diffuse") == "synthetic":
        return
    for stem, original in (("diffuse", ORIGINAL), ("specular", ORIGINAL.replace("diffuse", "specular"))):
        if not any(folder.glob(f"{original}.*")):
            for path in folder.glob(f"{stem}.*"):
                path.replace(path.with_stem(original))
    update_metadata(folder, {"diffuse": "synthetic"})
