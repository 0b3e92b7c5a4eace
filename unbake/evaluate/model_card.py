"""Writes MODEL_CARD.md of a release, from its card and its lineage alone: contents, origin, measured figures."""

import shlex
from collections.abc import Iterable
from typing import Any

from unbake.evaluate.figures import Evaluation, rows_from
from unbake.evaluate.tables import table
from unbake.train.lineage import Lineage, ancestry, warm_starts

_READS = (
    "a painted diffuse (sRGB), a tangent normal map, and the specular mask where there is one",
    "albedo, roughness, metallic with its mask, AO, height, and a probability for each material class",
)


def model_card(card: dict[str, Any], evaluation: Evaluation, command: str) -> str:
    """The page, in Markdown.

    card: as written to card.json, "provenance" included. evaluation: the figures to show. command: what was typed.
    """
    lineage = Lineage.from_metadata(card["provenance"])
    networks = [kind for kind, source in card["use"].items() if source == "network"]
    rules = [kind for kind in card["use"] if kind not in networks]
    sections = [
        f"# {lineage.name}{', with a head for each map' if lineage.heads else ''}",
        f"Size `{card['size']}`, {card['parameters']:,} parameters; ViT, SegFormer, UNet-Albedo and UNet-Maps as ONNX "
        "(float16 weights, computed in float32) and together in `model.safetensors` (float32, LoRA merged).",
        f"Reads {_READS[0]}. Gives {_READS[1]} ({', '.join(card['classes'])}).",
        "## Figures",
        *_crossed(card),
        _measured(card, evaluation),
        _table(table(evaluation.rows)),
        *(f"Left out: {sentence}" for sentence in evaluation.left_out),
        f"In conversion the networks give {_listed(networks)}; rules give {_listed(rules)} (`use` in card.json: "
        "what the networks do better than the rule on validation, or in the folds).",
        "## Made from",
        _table([["source", "licence", "materials"], *(_credit(line) for line in card["data"])]),
        *_warm(lineage),
        "The weights are for use under the licences above; their credits belong to every copy.",
        "## Lineage",
        _table([["checkpoint", "tag", "starts from", "gate", "sha256"], *map(_ancestor, ancestry(lineage))]),
        "## Commands",
        "\n".join(["```", *(_training(checkpoint) for checkpoint in ancestry(lineage)), command, "```"]),
    ]
    return "\n\n".join(sections) + "\n"


def _measured(card: dict[str, Any], evaluation: Evaluation) -> str:
    held, count = card["held_out"], evaluation.materials
    named = [f"sources: {', '.join(held['sources'])}"] if held["sources"] else []
    named += [f"fold {held['fold'][0]} of {held['fold'][1]}"] if held["fold"] else []
    of = f"{count} of the {len(held['materials'])}" if len(held["materials"]) > count else f"{count}"
    whose = (
        f"held out from training and from what the release fits and decides ({'; '.join(named)})"
        if held["materials"]
        else "of validation: no source was held out, so choices were made on them"
    )
    return (
        f"Measured on {of} {card['measured_on']} {whose}, at {held['px']} px, each painted in {held['styles']} "
        f"styles as a game would have shipped them (painter {held['painter']}), converted as users do, but for the "
        "level of each painting's mod, which conversion is told (users' is estimated) and the baselines are not. A "
        "baseline is what a rule reaches on the same materials; ratio = ours / baseline, with 95 % intervals over "
        "materials."
    )


def _crossed(card: dict[str, Any]) -> list[str]:
    """The figures of the folds, where there are any."""
    if not (rows := card["figures"].get("folds")):
        return []
    return [
        "Cross-validated: models trained by the same commands but for a fold, each measured on the materials of the "
        "fold it never saw. This one was trained on all but its validation materials, so it cannot be measured on "
        "them itself.",
        _table(table(rows_from(rows))),
    ]


def _credit(line: dict[str, Any]) -> list[str]:
    return [line["source"] or "not stated", line["licence"] or "not stated", str(line["materials"])]


def _warm(lineage: Lineage) -> list[str]:
    lines = [[start.network, start.parent, start.licence] for start in warm_starts(lineage)]
    return [_table([["network", "started from", "licence"], *lines])] if lines else []


def _ancestor(checkpoint: Lineage) -> list[str]:
    names = [f"{part} = {parent.name}" for part, parent in checkpoint.parents.items()]
    names += [f"{part} = {start.parent}" for part, start in checkpoint.warm_starts.items()]
    if checkpoint.base:
        names = [f"all = {checkpoint.base.name}"]
    verdict = checkpoint.verdict
    gate = verdict.verdict + (", forced" if verdict.forced else "") if verdict else "–"
    return [
        checkpoint.name,
        checkpoint.recipe["tag"],
        ", ".join(names) or "scratch",
        gate,
        checkpoint.sha256[:12] or "–",
    ]


def _training(checkpoint: Lineage) -> str:
    recipe = checkpoint.recipe
    head = ["--map", recipe["map"]] if recipe.get("map") else []
    sets = [word for override in checkpoint.overrides for word in ("--set", override)]
    return shlex.join(["unbake", "train", recipe["tag"], "--root", "ROOT", *head, *sets])


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _table(lines: list[list[str]]) -> str:
    head, *rows = lines
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in ruled)
