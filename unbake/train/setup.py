"""From a recipe and a project root to a run that is ready to train: data, networks, parents, selections."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from unbake.data.augment import Augmentation
from unbake.data.cache import LONG_SIDE, build_cache
from unbake.data.dataset import PatchDataset
from unbake.data.photometric import SkyrimPhotometric
from unbake.data.sampler import MixSampler, shares
from unbake.data.sources import PROCEDURAL, Domain, list_materials
from unbake.data.split import split
from unbake.domain.maps import OUTPUTS
from unbake.errors import TrainingError, UsageError
from unbake.files import write_atomic
from unbake.models.config import CONFIGS
from unbake.models.lora import add_lora, has_lora
from unbake.models.network import Networks
from unbake.models.parameters import freeze, leaves, select
from unbake.models.weights import (
    architecture,
    build_networks,
    save_head,
    save_weights,
    sha256_of,
    warm_vit,
)
from unbake.recipe import MAP, Augment, Recipe, as_dict
from unbake.recipe.gate import Judgement
from unbake.synth.painter import TRAINING_STYLES
from unbake.train.checkpoint import load_networks
from unbake.train.loop import Run
from unbake.train.parallel import Processes
from unbake.train.perceptual import perceptual
from unbake.version import __version__


@dataclass(frozen=True)
class Project:
    """The plan's folders under a root (PLAN.md, "Directory Layout")."""

    root: Path

    def materials(self, domain: Domain) -> Path:
        """Where a domain's materials lie, in MatSynth's layout."""
        return self.root / "data" / {"matsynth": "MatSynth", "skyrim": "Skyrim"}[domain]

    def cache(self, domain: Domain, long_side: int) -> Path:
        """The memory-mapped cache of a domain at a size."""
        return self.root / "data" / "cache" / f"{domain}_{long_side}"

    @property
    def checkpoints(self) -> Path:
        """Weights and their stories."""
        return self.root / "checkpoints"

    def logs(self, recipe: Recipe) -> Path:
        """Where a phase writes its metrics and event files: by its tag, and by its map where it has one."""
        return self.root / "train_logs" / recipe.tag / recipe.map

    def state(self, recipe: Recipe) -> Path:
        """Where a run stands: what --resume goes on from."""
        return self.checkpoints / f"{recipe.writes.removesuffix('_best')}_last.safetensors"

    def best(self, recipe: Recipe) -> Path:
        """What a phase leaves: its best weights, with their story beside them (.json)."""
        return self.checkpoints / f"{recipe.writes}.safetensors"

    def checkpoint(self, names: str | tuple[str, ...]) -> Path:
        """The weights file of a checkpoint, or of the first of several that is there.

        The plan's `A0_best.pth` and a bare `A0_best` name the same one; `A0_last` is where a run stands. Raises
        TrainingError when none is there.
        """
        wanted = (names,) if isinstance(names, str) else names
        paths = [self.checkpoints / f"{_stem(name)}.safetensors" for name in wanted]
        for path in paths:
            if path.is_file():
                return path
        raise TrainingError(
            f"Expected the checkpoint {' or '.join(path.stem for path in paths)}, but {paths[-1]} is not there; train "
            "the phase that writes it first."
        )


def _stem(name: str) -> str:
    return name.removesuffix(".pth").removesuffix(".safetensors")


def domains(recipe: Recipe) -> tuple[Domain, ...]:
    """The domains a recipe draws from and is validated on."""
    mix = recipe.data.mix
    shares: dict[Domain, float] = {"matsynth": mix.matsynth, "skyrim": mix.skyrim}
    return tuple(domain for domain, share in shares.items() if share > 0)


def long_side(recipe: Recipe) -> int:
    """Side that cached textures are reduced to at most, texels: no phase needs more than its own px."""
    return max(LONG_SIDE, recipe.data.px)


def check(project: Project, recipes: Sequence[Recipe], backbone: Path | None = None) -> None:
    """Raise now what would stop these runs only once the data is made ready, or many epochs later.

    That is a head that is not named, a domain without materials, a held-out source that none has, a parent that
    is not there and that none of `recipes` writes, or a perceptual distance without its backbone.
    """
    for recipe in recipes:
        _expect_head(recipe)
    needed = {domain for recipe in recipes for domain in domains(recipe)}
    known: set[str] = set()
    for domain in get_args(Domain):
        with nullcontext() if domain in needed else suppress(UsageError):
            known |= {material.source for material in list_materials(project.materials(domain), domain)}
    if unknown := sorted({name for recipe in recipes for name in recipe.data.held_out} - known):
        raise UsageError(
            f"Expected data.held_out to name sources of the materials ({', '.join(sorted(known))}), "
            f"got {', '.join(unknown)}; mend the list."
        )
    coming = {recipe.writes for recipe in recipes}
    for recipe in recipes:
        for names in recipe.starts_from.values():
            if not coming & set((names,) if isinstance(names, str) else names):
                project.checkpoint(names)
    for choice in sorted({recipe.losses.perceptual for recipe in recipes}):
        perceptual(choice, backbone, torch.device("cpu"))


def _expect_head(recipe: Recipe) -> None:
    if MAP in recipe.writes:
        raise UsageError(
            f"Expected --map with one of {', '.join(OUTPUTS)}: this phase trains one head at a time."
        )


def prepare_data(
    project: Project, recipe: Recipe, workers: int, on_progress: Callable[[int, int], None] | None = None
) -> list[str]:
    """Build (or complete) the caches of the project's materials; returns a sentence for each one left out."""
    sources = {domain: list_materials(project.materials(domain), domain) for domain in domains(recipe)}
    problems: list[str] = []
    for domain, materials in sources.items():
        problems += build_cache(
            materials,
            split(materials, recipe.data.held_out, recipe.data.fold),
            project.cache(domain, long_side(recipe)),
            domain=domain,
            long_side=long_side(recipe),
            scales=recipe.data.scales,
            styles=TRAINING_STYLES,
            variants=recipe.data.variants,
            seed=recipe.seed,
            workers=workers,
            on_progress=on_progress,
        )
    return problems


def prepare(
    project: Project,
    recipe: Recipe,
    overrides: tuple[str, ...],
    workers: int,
    processes: Processes,
    backbone: Path | None = None,
    wandb: bool = False,
) -> Run:
    """Networks from the recipe's parents, its selections frozen, its data opened: a Run for `train`.

    processes: those that train together, each of which prepares a run of its own. backbone: weights of the
    perceptual network, for a recipe that has one. Raises TrainingError for a missing parent, an empty pool, or
    fewer samples a batch than processes, UsageError for a recipe of one head that was not told which.
    """
    _expect_head(recipe)
    if recipe.data.batch < processes.world:
        raise TrainingError(
            f"Expected a sample of each batch for each of {processes.world} processes, got data.batch = "
            f"{recipe.data.batch}; raise it (--set data.batch={processes.world}), or start fewer processes."
        )
    project.checkpoints.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    networks, parents, base = _networks(project, recipe)
    freeze(networks, recipe.trains)
    caches = {domain: project.cache(domain, long_side(recipe)) for domain in domains(recipe)}
    data = recipe.data
    train_data = PatchDataset(
        caches,
        "train",
        data.px,
        seed=recipe.seed,
        augment=_augmentation(recipe.augment),
        scales=data.scales,
        resize_to=data.px if data.crop and data.crop.feed == "resized" else None,
    )
    val_data = PatchDataset(caches, "val", data.px, seed=recipe.seed, val_crops=data.val_crops)
    sizes = {pool: len(items) for pool, items in train_data.pools.items()}
    chances = shares(data.mix.matsynth, data.mix.skyrim, data.pairs.real, data.pairs.synthetic, sizes)
    patches = data.patches or sum(sizes[pool] for pool, share in chances.items() if share > 0)
    if patches < data.batch:
        raise TrainingError(
            f"Expected at least one batch of {data.batch} patches an epoch, got {patches}; "
            "add materials, or lower data.batch (--set data.batch=1)."
        )
    distance = perceptual(recipe.losses.perceptual, backbone, processes.device)
    lineage: dict[str, object] = {
        "name": recipe.writes,
        "tag": recipe.checkpoint_tag,
        "phase": recipe.tag,
        **architecture(networks),
        "recipe": as_dict(recipe),
        "overrides": list(overrides),
        "parents": parents,
        "pools": sizes,
        "sources": sorted({pair.entries[0].source for pair in train_data.pairs}),
        "perceptual": {"name": distance[0], "backbone": backbone.name if backbone else "alex"}
        if distance
        else None,
        "unbake": __version__,
        "ema": recipe.ema > 0,
    }

    def save_best(networks: Networks, figures: dict[str, float]) -> None:
        story = lineage | {"figures": figures}
        path = project.best(recipe)
        if recipe.map:
            story |= (
                {"head": recipe.map, "base": {"name": base.stem, "sha256": sha256_of(base)}} if base else {}
            )
            save_head(path, networks, recipe.map, story)
        else:
            save_weights(path, networks, story)
        write_atomic(path.with_suffix(".json"), json.dumps(story, indent=1).encode())

    return Run(
        recipe=recipe,
        networks=networks,
        trainable=select(leaves(networks), recipe.trains),
        train_data=train_data,
        sampler=MixSampler(train_data.pools, chances, recipe.seed),
        val_data=val_data,
        validation={domain: val_data.validation_items(domain) for domain in caches},
        steps=patches // data.batch,
        log_folder=project.logs(recipe),
        state_path=project.state(recipe),
        save_best=save_best,
        metadata=lineage,
        processes=processes,
        perceptual=distance,
        workers=workers if processes.device.type == "cuda" else 0,
        wandb=wandb,
    )


def notices(run: Run) -> list[str]:
    """What a person should know of a run before it begins, in sentences."""
    data, pools = run.recipe.data, run.train_data.pools
    if data.mix.matsynth > 0 and data.pairs.real > 0 and not pools["real"]:
        return [
            "MatSynth has no pairs with a diffuse of their own here: this phase trains on painted ones "
            f"({len(pools['synthetic'])} materials)"
        ]
    return []


def _augmentation(choice: Augment) -> Augmentation | None:
    """The recipe's augmentation table as the data package takes it; None where nothing is done."""
    if choice == Augment(spatial=False, colour_jitter=0.0, composite2=0.0, composite4=0.0):
        return None
    light = choice.photometric
    return Augmentation(
        spatial=choice.spatial,
        brightness=choice.colour_jitter,
        contrast=choice.colour_jitter,
        saturation=choice.colour_jitter,
        hue=40.0 * choice.colour_jitter,
        recolour=choice.recolour,
        two_crop=choice.composite2,
        four_crop=choice.composite4,
        blend=choice.blend,
        photometric=SkyrimPhotometric(light.p, light.strength) if light else None,
    )


def _networks(project: Project, recipe: Recipe) -> tuple[Networks, dict[str, object], Path | None]:
    """The networks a phase begins with, the stories of its parents, and the file it is based on."""
    if not recipe.starts_from:
        networks = Networks(CONFIGS[recipe.model or "small"])
        warm = warm_vit(networks, Path(recipe.warm_start)) if recipe.warm_start else None
        return networks, {"vit": warm} if warm else {}, None
    paths = {part: project.checkpoint(names) for part, names in recipe.starts_from.items()}
    opened = {part: load_networks(path) for part, path in paths.items()}
    stories: dict[str, object] = {
        part: _story(paths[part], story, recipe) for part, (_, story) in opened.items()
    }
    base = "all" if "all" in paths else next(iter(paths))
    networks = opened[base][0] if base == "all" else build_networks(opened[base][1])
    for part in opened.keys() - {"all"}:
        networks.get_submodule(part).load_state_dict(opened[part][0].get_submodule(part).state_dict())
    if recipe.lora is not None and not has_lora(networks):
        add_lora(networks, recipe.lora.rank, recipe.lora.alpha)
    return networks, stories, paths[base]


def _story(path: Path, story: dict[str, Any], recipe: Recipe) -> dict[str, object]:
    """What the lineage keeps of a parent: its own story, and how its phase was judged."""
    data = story["recipe"]["data"]
    seen = (set(recipe.data.held_out) - set(data["held_out"])) & set(
        story.get("sources", recipe.data.held_out)
    )
    if seen:
        raise TrainingError(
            f"Expected {', '.join(sorted(seen))} to be held out from the start, but {story['name']} was trained "
            "on it; hold out the same sources in every phase (--set data.held_out=[...])."
        )
    fold = recipe.data.fold
    if fold and saw_real(story) and list(fold) != data.get("fold"):
        raise TrainingError(
            f"Expected fold {fold[0]} of {fold[1]} to be held out from the start, but {story['name']} was trained "
            f"on it; hold out the same fold in every phase (--set 'data.fold=[{fold[0]}, {fold[1]}]')."
        )
    kept = ("name", "recipe", "overrides", "parents", "sources", "heads")
    return {key: story[key] for key in kept if key in story} | {
        "sha256": sha256_of(path),
        "verdict": read_verdict(path),
    }


def saw_real(story: Mapping[str, Any]) -> bool:
    """Whether a checkpoint may have been trained on other than procedural materials, which are in no fold.

    >>> saw_real({"sources": [PROCEDURAL]})
    False
    """
    return set(story.get("sources", [""])) != {PROCEDURAL}


def read_verdict(checkpoint: Path) -> dict[str, object] | None:
    """How the phase that wrote a checkpoint was judged ("verdict", "reason", "forced"), None while it runs."""
    try:
        verdict: dict[str, object] | None = json.loads(checkpoint.with_suffix(".json").read_bytes()).get(
            "verdict"
        )
    except (OSError, ValueError):
        return None
    return verdict


def conclude(project: Project, recipe: Recipe, judgement: Judgement, forced: bool = False) -> None:
    """Keep beside a phase's checkpoint how it was judged; `forced`: it failed and was gone on from by order."""
    path = project.best(recipe).with_suffix(".json")
    if path.is_file():  # where no epoch had finite figures there is none
        story = json.loads(path.read_bytes())
        story["verdict"] = {
            "verdict": judgement.verdict.name.lower(),
            "reason": judgement.reason,
            "forced": forced,
        }
        write_atomic(path, json.dumps(story, indent=1).encode())
