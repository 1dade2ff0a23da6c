"""Word contrast: a contrastive loss between image tokens and the words that captions tell images apart by."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import ObjectiveSpec

_WORD = re.compile(r"[a-z]+")
_RIDGE = 1e-3


class WordContrastSpec(ObjectiveSpec):
    """Contrastive loss of a caption's words against all other words."""

    type: Literal["word_contrast"] = "word_contrast"
    target: ClassVar[str] = "inkling.components.adapt.objectives.word_contrast:WordContrast"
    divisible: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"words", "present"})

    temperature: float = Field(0.07, gt=0, description="divides the similarities")
    targets: Literal["raw", "centred", "whitened"] = Field(
        "raw",
        exclude_if=lambda targets: targets == "raw",
        description="the words' embeddings: as they are, less the vocabulary's mean, or made of unit covariance too",
    )
    rarest: float = Field(
        0.004, ge=0, le=1, description="words in a smaller part of the captions have too few examples"
    )
    commonest: float = Field(0.5, ge=0, le=1, description="words in a larger part of the captions tell nothing")


import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from inkling.components.adapt.batches import Fields, features, image_mean
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, image_contents
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


class WordContrast(Objective):
    """How present a word is in an image is how similar its input embedding is to some image token.

    That is their cosine over the temperature, log-sum-exp over the image tokens. A word of the caption competes with
    the words that are not in the caption. No gradient reaches the embeddings.

    Pre-trained embeddings share one vector and differ in few directions, so that most words are alike. With the targets
    `whitened` the start of the laptop recipe ends at 0.27 nats instead of 0.63 (mix6, 1.1 M tokens). Image tokens are
    compared with them as they are: sent through the same map they reach 0.28 and gain nothing. Their size, that of the
    embeddings, is no matter of a cosine.
    """

    def __init__(self, spec: WordContrastSpec) -> None:
        """Takes the settings."""
        self._spec = spec
        self._frozen: tuple[Tensor, Tensor | None] | None = None

    def fields(self, lesson: Lesson) -> Fields:
        """`words`: sub-word token ids of each word; `present`: which caption has which word, bool (images, words).

        Raises:
            ValueError: If no word is neither too rare nor too common.
        """
        captions = [set(_WORD.findall(caption.lower())) for caption in lesson.captions()]
        words = self._telling(captions)
        present = torch.tensor([[word in caption for word in words] for caption in captions])
        shared = {"words": sub_words(words, lesson.tokenizer)}
        return Fields(images={"present": present}, shared=shared, counts={"words": present.sum(1)})

    def _telling(self, captions: Sequence[set[str]]) -> list[str]:
        """The words that are neither too rare nor too common to tell images apart, in alphabetical order."""
        rarest, commonest = self._spec.rarest, self._spec.commonest
        counts = Counter(word for caption in captions for word in caption)
        low, high = rarest * len(captions), commonest * len(captions)
        words = sorted(word for word, count in counts.items() if low <= count <= high)
        if not words:
            raise ValueError(f"no word stands in {rarest:.1%} to {commonest:.0%} of the {len(captions)} captions")
        return words

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean over the words of the captions, in nats; zero for a batch without images."""
        views = features(batch)
        if views is None:
            return torch.zeros(())
        embeddings = functional.normalize(self._targets(model, batch["words"]), dim=-1)  # (words, hidden_size)
        tokens = functional.normalize(image_contents(model, views), dim=-1)  # (batch, image tokens, hidden_size)
        scores = (tokens @ embeddings.T / self._spec.temperature).logsumexp(1)  # (batch, words)
        present = batch["present"]
        others = scores.masked_fill(present, -torch.inf).logsumexp(1, keepdim=True)  # (batch, 1)
        return image_mean(functional.softplus(others - scores)[present], batch, "words")

    def _targets(self, model: MultimodalModel, words: Tensor) -> Tensor:
        """What image tokens are to be similar to (words, hidden_size)."""
        weight = model.language.get_input_embeddings().get_parameter("weight")
        table = weight.detach()
        found = word_embeddings(table, words)
        if self._spec.targets == "raw":
            return found
        space = self._frozen or vocabulary_space(table, self._spec.targets == "whitened")
        if not weight.requires_grad:
            self._frozen = space
        mean, whitening = space
        return found - mean if whitening is None else (found - mean) @ whitening


def vocabulary_space(embeddings: Tensor, whitened: bool) -> tuple[Tensor, Tensor | None]:
    """The mean of a vocabulary's embeddings, and the map that gives them unit covariance.

    The map is that of zero-phase component analysis (ZCA; Kessy, Lewin and Strimmer, arXiv 1512.00809): of all that
    whiten, the one that leaves vectors nearest to what they were. A ridge of a thousandth of the mean variance keeps
    directions without variance from being blown up.

    Args:
        embeddings: A row for each entry of the vocabulary (entries, hidden_size).
        whitened: Whether the map is wanted; None stands for it otherwise.

    Returns:
        The mean (hidden_size,) and the map (hidden_size, hidden_size), symmetric.
    """
    mean = embeddings.mean(0)
    if not whitened:
        return mean, None
    centred = (embeddings - mean).double()
    variances, axes = torch.linalg.eigh(centred.T @ centred / len(centred))
    scales = (variances + _RIDGE * variances.mean()).rsqrt()
    return mean, ((axes * scales) @ axes.T).to(embeddings.dtype)


def sub_words(words: Sequence[str], tokenizer: Tokenizer) -> Tensor:
    """Token ids of each word as it stands after a space, int64 (words, most sub-words), -1 where there is none."""
    encoded = [torch.tensor(tokenizer.encode(f" {word}", add_special_tokens=False).ids) for word in words]
    return torch.nn.utils.rnn.pad_sequence(encoded, batch_first=True, padding_value=-1)


def word_embeddings(embeddings: Tensor, words: Tensor) -> Tensor:
    """Mean embedding of the sub-words of each word (words, hidden_size); `words` holds ids, -1 where there is none."""
    held = (words >= 0).unsqueeze(-1)
    return (embeddings[words.clamp_min(0)] * held).sum(1) / held.sum(1)
