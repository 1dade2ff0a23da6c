"""Finite discrete tokens after FDT: images and captions are contrasted by their weights over one shared table of codes.

Chen et al., 2023, arXiv 2303.14865 (yuxiaochen1103/FDT was read). Tokens of an image and of a caption, each behind a
map of its own, are compared with a shared table of codes; for each code the token that is most similar to it counts;
sparsemax makes weights of these, and the weighted mean of the codes is contrasted within the batch. Where the released
code multiplies padding by zero, which wins the maximum over negative products, padding is left out here. Ours: few
codes; image tokens come from the connector, caption tokens are states of the language model, which does not learn.

System: FDT
Paper: arXiv 2303.14865
Not reproduced: zero-shot ImageNet and retrieval; 16,384 codes of 512; encoders trained with it;
its decaying temperature.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class FdtSpec(ObjectiveSpec):
    """A contrastive loss over a shared table of codes."""

    type: Literal["fdt"] = "fdt"
    target: ClassVar[str] = "inkling.components.adapt.objectives.fdt:Fdt"
    needs: ClassVar[frozenset[str]] = frozenset({"caption"})

    codes: int = Field(256, ge=2, description="codes of the table")
    width: int = Field(64, ge=1, description="channels of a code")
    sharpness: float = Field(1.0, gt=0, description="factor of the similarities that sparsemax makes weights of")
    temperature: float = Field(0.07, gt=0, description="divides the similarities of the contrast")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """One that embeds the caption without its image."""
        return (Pass("caption", image=False, learns=False),)


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.contrast import caption_ids, caption_states, contrastive_loss, same_captions
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, head_of, image_contents
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


class CodeTable(nn.Module):
    """The shared codes, and the maps of both kinds of token to them."""

    def __init__(self, spec: FdtSpec, hidden_size: int) -> None:
        """Draws the codes and the maps."""
        super().__init__()
        self.codes = nn.Parameter(torch.randn(spec.codes, spec.width) / spec.width**0.5)
        self.image, self.text = (
            nn.Sequential(
                nn.LayerNorm(hidden_size), nn.Linear(hidden_size, spec.width), nn.GELU(),
                nn.LayerNorm(spec.width), nn.Linear(spec.width, spec.width),
            )
            for _ in range(2)
        )  # fmt: skip
        self._sharpness = spec.sharpness

    def weights(self, queries: Tensor, held: Tensor | None = None) -> Tensor:
        """How much of each code there is, sums to 1 (batch, codes).

        Args:
            queries: Mapped tokens (batch, tokens, width).
            held: Which of them are no padding, bool (batch, tokens); all if not given.
        """
        products = queries @ self.codes.T / self.codes.shape[1] ** 0.5 * self._sharpness  # (batch, tokens, codes)
        if held is not None:
            products = products.masked_fill(~held[..., None], -torch.inf)
        return sparsemax(products.amax(1))

    def forward(self, weights: Tensor) -> Tensor:
        """Weighted means of the codes (batch, width)."""
        return weights @ self.codes


class Fdt(Objective):
    """Each image tells its caption from those of the batch's other images, and each caption its image, by codes."""

    def __init__(self, spec: FdtSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`caption`: token ids of each image's caption, int64 (images, longest), -1 where there is none.

        Raises:
            ValueError: If no image has a caption.
        """
        return Fields(images={"caption": caption_ids(lesson, "fdt")})

    def head(self, model: MultimodalModel, lesson: Lesson) -> CodeTable:
        """The table of codes and the maps to it."""
        return CodeTable(self._spec, model.language.config.hidden_size)

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean over images and captions, in nats; zero for a batch without images or captions."""
        views, captioned = features(batch), (batch["caption"] >= 0).any(1)
        if views is None or not captioned.any():
            return torch.zeros(())
        caption, table = batch["caption"][captioned], head_of(model, "fdt")
        assert isinstance(table, CodeTable)
        images = table(table.weights(table.image(image_contents(model, views)[captioned])))
        texts = table(table.weights(table.text(caption_states(model, caption)), caption >= 0))
        unit = functional.normalize(texts, dim=-1)
        return contrastive_loss(images, unit, same_captions(caption), self._spec.temperature)


def sparsemax(scores: Tensor) -> Tensor:
    """The point of the simplex that is nearest to the scores, over the last axis; most of it is zero.

    Martins and Astudillo, 2016, arXiv 1602.02068, algorithm 1.
    """
    ordered = scores.sort(dim=-1, descending=True).values
    ranks = torch.arange(1, scores.shape[-1] + 1, dtype=scores.dtype, device=scores.device)
    sums = ordered @ (ranks[:, None] <= ranks).to(scores.dtype)  # as cumsum, which a GPU does not do reproducibly
    support = (1 + ranks * ordered > sums).sum(-1, keepdim=True)  # how many are above zero
    threshold = (sums.gather(-1, support - 1) - 1) / support
    return (scores - threshold).clamp_min(0)
