"""Lexical representations after LexVLA: an image and its caption as few words of the vocabulary, and no word for all.

Li et al., 2024, arXiv 2407.17827 (its repository holds no code). Both become weights over words: an image by the
products of its tokens with a visual codebook that starts as the language model's word embeddings, a caption by the
products of its states with those embeddings, which do not learn; of each word the largest product counts. The weights
are contrasted within the batch, and words that are used for everything are penalised. A reconstruction of ours: log(1 +
x) of the positive products makes them sparse, and the penalty is the squared mean weight of each word over the batch
(that of FLOPS regularisation, Paria et al., 2020, arXiv 2004.05665), a mean that may be kept over steps; the words are
those of the captions.

System: LexVLA
Paper: arXiv 2407.17827
Not reproduced: retrieval after CC-12M; its own overuse penalty; DINOv2 and LLaMA 2 with LoRA as its encoders.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class LexvlaSpec(ObjectiveSpec):
    """A contrastive loss of sparse weights over words, and a penalty of words that are used for everything."""

    type: Literal["lexvla"] = "lexvla"
    target: ClassVar[str] = "inkling.components.adapt.objectives.lexvla:Lexvla"
    needs: ClassVar[frozenset[str]] = frozenset({"caption"})

    temperature: float = Field(0.07, gt=0, description="divides the similarities of the contrast")
    overuse: float = Field(0.1, ge=0, description="weight of the penalty")
    memory: float = Field(0.0, ge=0, lt=1, description="part of a word's mean weight that is that of earlier steps")

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


class Codebooks(nn.Module):
    """The words of both sides, and how much each was used of late.

    Attributes:
        words: Token ids of the words, int64 (words,).
        visual: The visual codebook (words, hidden_size).
        textual: The word embeddings as they were (words, hidden_size).
        used: Mean weight of each word in images, over the last steps (words,).
    """

    words: Tensor
    textual: Tensor
    used: Tensor

    def __init__(self, words: Tensor, embeddings: Tensor) -> None:
        """Starts the visual codebook as the words' embeddings."""
        super().__init__()
        self.visual = nn.Parameter(embeddings[words].clone())
        self.register_buffer("words", words)
        self.register_buffer("textual", embeddings[words].clone())
        self.register_buffer("used", torch.zeros(len(words)))

    def recall(self, weights: Tensor, memory: float) -> Tensor:
        """Mean weight of each word, of a batch (batch, words) and of the steps before it, which it is kept among."""
        used = memory * self.used + (1 - memory) * weights.mean(0)
        with torch.no_grad():
            self.used.copy_(used)
        return used


class Lexvla(Objective):
    """Each image tells its caption from those of the batch's other images, and each caption its image, by words."""

    def __init__(self, spec: LexvlaSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`caption`: token ids of each image's caption, int64 (images, longest), -1 where there is none.

        Raises:
            ValueError: If no image has a caption.
        """
        return Fields(images={"caption": caption_ids(lesson, "lexvla")})

    def head(self, model: MultimodalModel, lesson: Lesson) -> Codebooks:
        """The codebooks of the tokens that captions have."""
        ids = caption_ids(lesson, "lexvla").unique()
        embeddings = model.language.get_input_embeddings().get_parameter("weight").detach()
        return Codebooks(ids[ids >= 0], embeddings)

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The contrast in nats and the penalty; zero for a batch without images or captions."""
        views, captioned = features(batch), (batch["caption"] >= 0).any(1)
        if views is None or not captioned.any():
            return torch.zeros(())
        books = head_of(model, "lexvla")
        assert isinstance(books, Codebooks)
        caption = batch["caption"][captioned]
        images = lexical(image_contents(model, views)[captioned], books.visual)
        texts = lexical(caption_states(model, caption), books.textual, caption >= 0)
        same = same_captions(caption)
        contrast = contrastive_loss(images, functional.normalize(texts, dim=-1), same, self._spec.temperature)
        return contrast + self._spec.overuse * books.recall(images, self._spec.memory).square().sum()


def lexical(tokens: Tensor, words: Tensor, held: Tensor | None = None) -> Tensor:
    """How much of each word there is, log(1 + x) of the largest positive product (batch, words).

    Args:
        tokens: (batch, tokens, hidden_size).
        words: A codebook (words, hidden_size).
        held: Which tokens are no padding, bool (batch, tokens); all if not given.
    """
    products = functional.relu(tokens @ words.T)  # (batch, tokens, words)
    return products.amax(1).log1p() if held is None else (products * held[..., None]).amax(1).log1p()
