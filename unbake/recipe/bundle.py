"""Stages of `unbake bundle` as data, read from `bundle.toml`, and their overrides; before `train.budget`."""

import json
from importlib import resources
from typing import Literal

import msgspec

from unbake.decoding import decode_toml
from unbake.recipe.tables import Count, NotNegative, Positive, Share, Strict

Kind = Literal["cpu", "cuda"]


class Probe(Strict, frozen=True, kw_only=True):
    """Steps that are timed before a stage, after `warm` that are not."""

    warm: Count
    steps: Count


class Scales(Strict, frozen=True, kw_only=True):
    """`data.scales`: `small` where no material's side is longer than `up_to` texels, else `large`."""

    up_to: Count
    small: tuple[Positive, ...]
    large: tuple[Positive, ...]


class Measuring(Strict, frozen=True, kw_only=True):
    """The release: its share of the time, and materials of each split measured a minute of the whole budget."""

    share: Share
    a_minute: NotNegative
    least: Count


class Stage(Strict, frozen=True, kw_only=True):
    """A shipped phase with overrides (`--set`), its share of the time and the fewest steps it is worth.

    batch: samples a step, by the device. warm, cold: overrides where there is a backbone to begin with, and where
    there is none.
    """

    phase: str
    share: Share
    least: Count
    batch: dict[Kind, Count]
    set: tuple[str, ...]
    warm: tuple[str, ...] = ()
    cold: tuple[str, ...] = ()


class Bundle(Strict, frozen=True, kw_only=True):
    """The whole file. release: the checkpoint that becomes the model. set: overrides of every stage. probe: by the
    device."""

    release: str
    set: tuple[str, ...]
    measuring: Measuring
    scales: Scales
    probe: dict[Kind, Probe]
    stages: tuple[Stage, ...]


def read_bundle() -> Bundle:
    """The stages that ship with the package.

    >>> bundle = read_bundle()
    >>> round(sum(stage.share for stage in bundle.stages) + bundle.measuring.share, 6)
    1.0
    """
    text = resources.files("unbake.recipe").joinpath("bundle.toml").read_text(encoding="utf-8")
    return msgspec.convert(decode_toml(text), Bundle)


def settings_of(
    bundle: Bundle,
    kind: Kind,
    *,
    side: int,
    model: str,
    backbone: str = "",
    held_out: tuple[str, ...] = (),
    bfloat16: bool = False,
    own: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Every override of every stage, "PHASE:key.path=value", as `unbake ladder --set` takes them.

    side: the longest of all materials, texels. model: size of the networks. backbone: the folder that the classifier
    begins with. bfloat16: whether the CPU is fast with it; a GPU always is. own: a person's overrides, of one phase or
    of all, which count last.
    """
    scales = bundle.scales.small if side <= bundle.scales.up_to else bundle.scales.large
    shared = [*bundle.set, f"data.scales={list(scales)}"]
    if held_out:
        shared.append(f"data.held_out={json.dumps(held_out)}")
    if bfloat16:
        shared.append("precision=bfloat16")
    settings = []
    for number, stage in enumerate(bundle.stages):
        overrides = [*shared, *stage.set, *(stage.warm if backbone else stage.cold)]
        overrides.append(f"data.batch={stage.batch[kind]}")
        if number == 0:  # the later ones start from it
            overrides += [f"model={model}", *([f"warm_start={backbone}"] if backbone else [])]
        settings += [f"{stage.phase}:{override}" for override in overrides]
    for override in own:
        named = ":" in override.partition("=")[0]
        settings += [override] if named else [f"{stage.phase}:{override}" for stage in bundle.stages]
    return tuple(settings)
