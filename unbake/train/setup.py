"""From a recipe and a project root to a run that is ready to train; the pieces are `parents` and `datasets`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import get_args

import torch
from msgspec import structs

from unbake.data.cache import build_cache
from unbake.data.sources import list_materials
from unbake.data.split import Split, split
from unbake.domain.maps import OUTPUTS
from unbake.domain.materials import Domain
from unbake.errors import TrainingError, UsageError
from unbake.files import check_space, check_writable
from unbake.locks import held
from unbake.models.network import Networks
from unbake.models.parameters import freeze, parameter_info, select
from unbake.models.weights import (
    architecture,
    save_head,
    save_weights,
    sha256_of,
)
from unbake.project import Project, domains, long_side
from unbake.recipe import MAP, Cosine, Recipe, as_dict
from unbake.recipe.gate import Judgement
from unbake.synth.painter import TRAINING_STYLES
from unbake.train.datasets import RunData, open_data
from unbake.train.lineage import Base, Lineage, write_lineage, write_verdict
from unbake.train.parallel import Processes
from unbake.train.parents import starting_networks
from unbake.train.perceptual import perceptual
from unbake.train.session import Run
from unbake.version import __version__


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
            f"got {', '.join(unknown)}; correct the list."
        )
    coming = {recipe.writes for recipe in recipes}
    for recipe in recipes:
        for names in recipe.starts_from.values():
            if not coming & set((names,) if isinstance(names, str) else names):
                project.checkpoint(names)
    for choice in sorted({recipe.losses.perceptual for recipe in recipes}):
        perceptual(choice, backbone, torch.device("cpu"))


@contextmanager
def reserved(project: Project, recipe: Recipe, processes: Processes) -> Iterator[None]:
    """Hold what a run of this recipe writes to, so that no other trains the same phase; in the main process.

    Raises UnbakeError, which names the other process, and FileError where a folder of the run cannot be written in.
    """
    if not processes.is_main:
        yield
        return
    with held(project.lock(recipe), f"trains {recipe.tag} {recipe.map}".strip()):
        check_writable(project.logs(recipe))
        for domain in domains(recipe):
            check_writable(project.cache(domain, long_side(recipe)))
        yield


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
            bc7=recipe.data.bc7,
            seed=recipe.seed,
            traced=project.traced,
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
    perceptual network, for a recipe that has one. Raises TrainingError for a missing parent, an empty pool, nothing
    to train, or fewer samples a batch than processes, UsageError for a recipe of one head that was not told which.
    """
    _expect_head(recipe)
    if recipe.data.batch < processes.world:
        raise TrainingError(
            f"Expected a sample of each batch for each of {processes.world} processes, got data.batch = "
            f"{recipe.data.batch}; raise it (--set data.batch={processes.world}), or start fewer processes."
        )
    project.checkpoints.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    parents = {part: project.checkpoint(names) for part, names in recipe.starts_from.items()}
    networks, lineage, base = starting_networks(recipe, parents)
    trainable = select(parameter_info(networks), recipe.trains)
    if not trainable:
        raise TrainingError(
            f"Expected trains to select parameters of these networks, got none by {list(recipe.trains)}; name others "
            "(all, heads, vit), or give adapters (--set lora.rank=8 --set lora.alpha=8)."
        )
    freeze(networks, recipe.trains)
    _check_space(project, recipe, networks)
    data = open_data(recipe, {domain: project.cache(domain, long_side(recipe)) for domain in domains(recipe)})
    _expect_split(project, recipe, data)
    distance = perceptual(recipe.losses.perceptual, backbone, processes.device)
    lineage = _lineage(lineage, recipe, overrides, networks, data)
    if distance:
        names = {"name": distance[0], "backbone": backbone.name if backbone else "alex"}
        lineage = structs.replace(lineage, perceptual=names)
    return Run(
        recipe=recipe,
        networks=networks,
        trainable=trainable,
        train_data=data.train,
        sampler=data.sampler,
        val_data=data.val,
        validation={domain: data.val.validation_items(domain) for domain in domains(recipe)},
        steps=data.steps,
        log_folder=project.logs(recipe),
        state_path=project.state(recipe),
        save_best=partial(_save_best, project.best(recipe), lineage, recipe.map, base),
        lineage=lineage,
        processes=processes,
        perceptual=distance,
        workers=workers if processes.device.type == "cuda" else 0,
        wandb=wandb,
    )


def _expect_split(project: Project, recipe: Recipe, data: RunData) -> None:
    """TrainingError where a cache is split otherwise than the recipe says: another run has built it since."""
    splits: dict[str, Split] = {}
    for domain in domains(recipe):
        materials = list_materials(project.materials(domain), domain)
        splits |= split(materials, recipe.data.held_out, recipe.data.fold)
    shown = [(pair.name, "train") for pair in data.train.pairs] + [
        (pair.name, "val") for pair in data.val.pairs
    ]
    if wrong := sorted({name for name, part in shown if splits.get(name) != part}):
        raise TrainingError(
            f"Expected a cache with the split that data.held_out and data.fold ask for, got one of another run "
            f"({len(wrong)} materials, the first {wrong[0]}); start again once that run has begun its first epoch, "
            "or give runs of different splits a root each."
        )


def _check_space(project: Project, recipe: Recipe, networks: Networks) -> None:
    """FileError where the disk is too small for two states, the one that is written, and the best checkpoint twice."""
    weights = sum(tensor.nbytes for tensor in networks.state_dict().values())
    moments = 2 * sum(parameter.nbytes for parameter in networks.parameters() if parameter.requires_grad)
    state = weights * (1 + (recipe.ema > 0)) + moments
    check_space(project.checkpoints, 3 * state + 2 * weights, "the states and the checkpoint of a run")


def _lineage(
    parents: Lineage, recipe: Recipe, overrides: tuple[str, ...], networks: Networks, data: RunData
) -> Lineage:
    """The lineage of what a run will leave, figures aside."""
    return structs.replace(
        parents,
        name=recipe.writes,
        tag=recipe.checkpoint_tag,
        phase=recipe.tag,
        recipe=as_dict(recipe),
        overrides=list(overrides),
        pools={str(pool): len(items) for pool, items in data.train.pools.items()},
        sources=sorted({pair.entries[0].source for pair in data.train.pairs}),
        unbake=__version__,
        ema=recipe.ema > 0,
        **architecture(networks),
    )


def _save_best(
    path: Path, lineage: Lineage, head: str, base: Path | None, networks: Networks, figures: dict[str, float]
) -> None:
    """Write the best networks so far, or the head that was trained and its base's name, and the JSON beside them."""
    lineage = structs.replace(lineage, figures=figures)
    if head:
        if base:
            lineage = structs.replace(lineage, head=head, base=Base(name=base.stem, sha256=sha256_of(base)))
        save_head(path, networks, head, lineage.as_metadata())
    else:
        save_weights(path, networks, lineage.as_metadata())
    write_lineage(path, lineage)


def notices(run: Run) -> list[str]:
    """Sentences that a person should read before a run begins."""
    recipe, pools = run.recipe, run.train_data.pools
    data, schedule = recipe.data, recipe.schedule
    sentences = []
    if data.mix.matsynth > 0 and data.pairs.real > 0 and not pools["real"]:
        sentences.append(
            "MatSynth has no pairs with a diffuse of their own here: this phase trains on painted ones "
            f"({len(pools['synthetic'])} materials)"
        )
    if isinstance(schedule, Cosine) and schedule.t_max < recipe.epochs.max:
        sentences.append(
            f"the cosine reaches its lowest rate after epoch {schedule.t_max} of {recipe.epochs.max} and rises again: "
            f"--set schedule.t_max={recipe.epochs.max} keeps it falling"
        )
    return sentences


def conclude(project: Project, recipe: Recipe, judgement: Judgement, forced: bool = False) -> None:
    """Record beside a phase's checkpoint how it was judged; `forced`: training goes on though it failed."""
    write_verdict(project.best(recipe), judgement, forced)
