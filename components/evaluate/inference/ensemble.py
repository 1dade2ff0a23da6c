"""The mean over several passes that each see another part of the image: what more passes give without a contrast.

Each pass but the first leaves out a part of the image's tokens, as dropout does at test time (Gal and Ghahramani, 2016,
arXiv 1506.02142): their features are set to the mean of the image's, so that they show what the whole does. The control
of procedures that take several passes, at the same number of them. A question without its image is asked once.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.evaluate.contract import MethodSpec


class EnsembleSpec(MethodSpec):
    """The mean log-likelihood of each choice; with `drop` 0 it is `likelihood`."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.ensemble:Ensemble"
    opens_model: ClassVar[bool] = True

    type: Literal["ensemble"] = "ensemble"
    members: int = Field(3, ge=1, description="passes, the plain one among them")
    drop: float = Field(0.2, ge=0, lt=1, description="part of the image's tokens that a pass leaves out")
    seed: int = Field(0, ge=0, description="draws them, for each question by itself")

    @property
    def passes(self) -> int:
        """As many as it has members that differ."""
        return self.members if self.drop else 1


from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.components.evaluate.opened import opened, seeds_of
from inkling.models.inference.answering import Answering, Inside
from inkling.models.inference.likelihood import choose, log_likelihood
from inkling.models.multimodal import ImageFeatures


class Ensemble(Method):
    """As many passes for all choices of a question as the spec states."""

    def check(self, model: Answering, asked: Sequence[Asked]) -> None:
        """As the contract says; refuses too a model that does not run in torch here."""
        super().check(model, asked)
        opened(model, self.spec.type)

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """The first of the choices that are most likely in the mean."""
        prompts, choices = [self.prompt(one) for one in asked], [one.choices for one in asked]
        members = [model.score(prompts, choices, images)]
        if images is not None:
            network = opened(model, self.spec.type)
            for member in range(1, self.spec.passes):
                seeds = [[*seed, member] for seed in seeds_of(self.spec.seed, prompts, images)]
                logits = network.choice_logits(prompts, choices, images, self._inside(seeds))
                tokens = [[network.answer_ids(choice) for choice in group] for group in choices]
                members.append([list(map(log_likelihood, *pair)) for pair in zip(logits, tokens, strict=True)])
        means = [
            [sum(values) / len(members) for values in zip(*rows, strict=True)] for rows in zip(*members, strict=True)
        ]
        return [Reply(tuple(values), choice=choose(values)) for values in means]

    def _inside(self, seeds: Sequence[Sequence[int]]) -> Inside[ImageFeatures]:
        """A pass in which each image lacks some of its tokens."""

        @contextmanager
        def inside(engine: Any, images: ImageFeatures | None) -> Iterator[ImageFeatures | None]:
            assert images is not None
            yield {view: dropped(tokens, self.spec.drop, seeds) for view, tokens in images.items()}

        return inside


def dropped(features: torch.Tensor, share: float, seeds: Sequence[Sequence[int]]) -> torch.Tensor:
    """Features (images, tokens, channels) with a part of each image's tokens set to the image's mean."""
    drawn = np.stack([np.random.default_rng(seed).random(features.shape[1]) for seed in seeds])
    gone = torch.from_numpy(drawn < share).to(features.device)[:, :, None]
    return torch.where(gone, features.mean(1, keepdim=True), features)
