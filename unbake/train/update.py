"""One step of the optimizer after another: loss, gradients, weights, running average; for `session`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch.optim.swa_utils import AveragedModel

from unbake.data.batch import Batch
from unbake.losses.rendering import Light
from unbake.losses.total import LossWeights
from unbake.models.network import Networks
from unbake.recipe import Recipe
from unbake.train.draws import process_seed, step_lights
from unbake.train.optim import clip_gradients, update_average
from unbake.train.parallel import Processes
from unbake.train.perceptual import Perceptual
from unbake.train.step import Wrapped, forward_networks, total


@dataclass(frozen=True)
class Update:
    """What a step moves, and how. networks: the plain ones. called: the same as they are called in training, wrapped
    where several processes train. trained: names of those with a trained parameter. average: of the plain ones, or
    None. tell: gets a sentence for people, each once.
    """

    recipe: Recipe
    processes: Processes
    networks: Networks
    called: Networks | Wrapped
    trained: frozenset[str]
    optimizer: torch.optim.Optimizer
    average: AveragedModel | None
    weights: LossWeights
    perceptual: Perceptual | None
    tell: Callable[[str], None]
    told: set[str] = field(default_factory=set)

    def step(self, batch: Batch, seed: int) -> tuple[dict[str, float], bool]:
        """One step; the loss terms, and whether they and their gradients were finite.

        Where they are not, networks and optimizer stay as they were; what bfloat16 cannot do is done once more in
        float32 before. seed: of dropout, stochastic depth and the rendering loss's lights.
        """
        terms, finite = self._gradients(batch, seed, self._reduced)
        if not finite and self._reduced:
            self._tell("a step in bfloat16 had no finite gradients; such steps are made again in float32")
            terms, finite = self._gradients(batch, seed, False)
        if finite:
            self.optimizer.step()
            if self.average:
                update_average(self.average, self.networks)
        return terms, finite

    @property
    def _reduced(self) -> bool:
        """Whether steps are made in bfloat16."""
        precision = self.recipe.precision
        return precision == "bfloat16" or (precision == "auto" and self.processes.device.type == "cuda")

    def _gradients(self, batch: Batch, seed: int, reduced: bool) -> tuple[dict[str, float], bool]:
        """The loss terms of a batch, whose gradients are then there, clipped, and whether all of it is finite.

        Where it is not, the running statistics, which a forward pass moves, are what they were.
        """
        statistics = [buffer.clone() for buffer in self.networks.buffers()]
        torch.manual_seed(process_seed(seed, self.processes.rank))
        self.optimizer.zero_grad(set_to_none=True)
        terms = self._backward(batch, step_lights(seed) if self.weights.rendering else [], reduced)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = clip_gradients(parameters, self.recipe.clip)
        finite = math.isfinite(norm) and all(map(math.isfinite, terms.values()))
        if not finite:
            with torch.no_grad():
                for buffer, before in zip(self.networks.buffers(), statistics, strict=True):
                    buffer.copy_(before)
        return terms, finite

    def _backward(self, batch: Batch, lights: Sequence[Light], reduced: bool) -> dict[str, float]:
        """Forward and backward of one network after the other; returns the loss terms of the trained ones."""
        terms: dict[str, float] = {}
        with torch.autocast(self.processes.device.type, dtype=torch.bfloat16, enabled=reduced):
            outputs = forward_networks(
                self.called,
                batch,
                self.weights,
                self.trained.__contains__,
                wanted=self.trained,
                distance=self.perceptual[1] if self.perceptual else None,
                lights=lights,
                mean=self.processes.mean,
            )
            for output in outputs:
                if output.network in self.trained and output.terms:
                    terms |= {name: float(value.detach()) for name, value in output.terms.items()}
                    total(output.terms).backward()
        return terms

    def _tell(self, sentence: str) -> None:
        if sentence not in self.told:
            self.told.add(sentence)
            self.tell(sentence)
