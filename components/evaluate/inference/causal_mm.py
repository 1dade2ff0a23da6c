"""Counterfactual attention: what speaks for a choice is how far its likelihood falls where attention is led astray.

After CausalMM (Zhou et al., 2024, arXiv 2410.04780). A question is asked as it stands, l, with another saliency of the
image, l_v, and with another attention of the text to the image, l_l; a token is worth (1 + 2g) l - g l_v - g l_l, where
its probability is at least `cutoff` times the largest, both of the pass as it stands. Ours: an encoder may have no
attention, so that the saliency of an image token is its norm; which layers of the language model attend otherwise, the
first two; that an implausible token keeps l, where decoding removes it, since a choice has to have a likelihood.

`against: [blind]` contrasts with the question asked without its image (visual contrastive decoding, Leng et al., 2023,
arXiv 2311.16922): the control, in two passes. The method `ensemble` averages as many passes. Where no image is shown
there is nothing to contrast: a blind question is asked as `likelihood` asks it. A strength of 0 is `likelihood`.

System: CausalMM
Paper: arXiv 2410.04780
Not reproduced: VLind-Bench and MME; the encoder's own attention; generation, for choices alone are contrasted.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.evaluate.contract import MethodSpec


class CausalMmSpec(MethodSpec):
    """The contrast of a question's likelihoods with those of counterfactual passes."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.causal_mm:CausalMm"
    opens_model: ClassVar[bool] = True

    type: Literal["causal-mm"] = "causal-mm"
    strength: float = Field(0.5, ge=0, description="g, the weight of each contrast; 0 is plain likelihood")
    against: tuple[Literal["vision", "language", "blind"], ...] = Field(
        ("vision", "language"), min_length=1, description="the passes that are contrasted with"
    )
    edit: Literal["shuffled", "reversed", "uniform", "random"] = Field(
        "shuffled", description="what stands in place of saliency and attention"
    )
    layers: int = Field(2, ge=1, description="layers of the language model, from the first, whose attention is edited")
    cutoff: float = Field(0.1, ge=0, le=1, description="part of the largest probability below which none is contrasted")
    seed: int = Field(0, ge=0, description="draws what an edit leaves to chance, for each question by itself")

    @property
    def passes(self) -> int:
        """The one as it stands and one for each contrast."""
        return 1 + len(set(self.against)) if self.strength else 1


from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.components.evaluate.opened import opened, seeds_of
from inkling.models.inference.answering import Answering, Inside
from inkling.models.inference.counterfactual import Counterfactual
from inkling.models.inference.engine import Floats
from inkling.models.inference.likelihood import choose, log_softmax
from inkling.models.multimodal import ImageFeatures


class CausalMm(Method):
    """As many passes for all choices of a question as the spec states."""

    def check(self, model: Answering, asked: Sequence[Asked]) -> None:
        """As the contract says; refuses too a model that cannot be looked into.

        Raises:
            ValueError: If it does not run in torch here, or has no positions of the image to attend to.
        """
        super().check(model, asked)
        network = opened(model, self.spec.type).engine.model
        if self.spec.strength and "language" in self.spec.against and not network.image_positions:
            raise ValueError(
                f"method 'causal-mm' edits attention to the image's positions, of which fusion "
                f"'{network.fusion.spec.type}' takes none: leave 'language' out of `against`"
            )

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """The first of the choices that the contrast prefers; its values are no longer log-probabilities."""
        prompts, choices = [self.prompt(one) for one in asked], [one.choices for one in asked]
        if images is None or not self.spec.strength:
            return [Reply(tuple(values), choice=choose(values)) for values in model.score(prompts, choices, images)]
        network = opened(model, self.spec.type)
        seeds = seeds_of(self.spec.seed, prompts, images)
        plain = network.choice_logits(prompts, choices, images)
        against = []
        for side in dict.fromkeys(self.spec.against):
            shown = None if side == "blind" else images
            against.append(network.choice_logits(prompts, choices, shown, self._inside(side, seeds)))
        replies = []
        for row, group in enumerate(choices):
            values = [
                self._contrast(plain[row][place], [other[row][place] for other in against], network.answer_ids(choice))
                for place, choice in enumerate(group)
            ]
            replies.append(Reply(tuple(values), choice=choose(values)))
        return replies

    def _contrast(self, plain: Floats, against: Sequence[Floats], tokens: Sequence[int]) -> float:
        """What a choice's tokens are worth in all; logits are (tokens, vocabulary)."""
        everything, places = log_softmax(plain), (np.arange(len(tokens)), list(tokens))
        value = everything[places]  # (tokens,)
        with np.errstate(divide="ignore"):
            plausible = value >= everything.max(-1) + np.log(self.spec.cutoff)
        gain = sum((value - log_softmax(other)[places] for other in against), np.zeros_like(value))
        return float((value + self.spec.strength * np.where(plausible, gain, 0.0)).sum())

    def _inside(self, side: str, seeds: Sequence[Sequence[int]]) -> Inside[ImageFeatures]:
        """The counterfactual pass of a side."""
        edit = Counterfactual(self.spec.edit, seeds)

        @contextmanager
        def inside(engine: Any, images: ImageFeatures | None) -> Iterator[ImageFeatures | None]:
            network = engine.model
            attention = edit.attention(network.language, network.image_positions, self.spec.layers)
            with attention if side == "language" else nullcontext():
                yield edit.features(images) if side == "vision" and images is not None else images

        return inside
