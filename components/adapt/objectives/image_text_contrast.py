"""Image-text contrast after CG-VLM: a contrastive loss between the images and the captions of a batch.

Liu et al., "Contrastive Vision-Language Alignment Makes Efficient Instruction Learner" (arXiv:2311.17945). From its
abstract: with no grounding of patches in tokens to learn from, maximise the averaged similarity between the pooled
image patches and the token embeddings, beside the generative loss. A reconstruction of ours, no code being public: the
temperature, the mean of both directions, the weight beside `next_token`, and that equal captions are no negatives of
each other (rendered scenes repeat captions). As in the paper, the language model's embeddings do not train on it.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import ObjectiveSpec


class ImageTextContrastSpec(ObjectiveSpec):
    """Contrastive loss between pooled image tokens and captions."""

    type: Literal["image_text_contrast"] = "image_text_contrast"
    target: ClassVar[str] = "inkling.components.adapt.objectives.image_text_contrast:ImageTextContrast"
    needs: ClassVar[frozenset[str]] = frozenset({"caption"})

    temperature: float = Field(0.07, gt=0, description="divides the similarities")


import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, image_contents
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


class ImageTextContrast(Objective):
    """Each image tells its caption from those of the batch's other images, and each caption its image.

    Similarity of an image and a caption: the mean over the caption's tokens of the cosine between the token's input
    embedding and the mean of the image tokens.
    """

    def __init__(self, spec: ImageTextContrastSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`caption`: token ids of each image's caption, int64 (images, longest), -1 where there is none.

        Raises:
            ValueError: If no image has a caption.
        """
        captions = lesson.captions()
        if not any(captions):
            raise ValueError("image_text_contrast needs captions, but no image has one")
        encoded = [
            lesson.tokenizer.encode(f" {caption}" if caption else "", add_special_tokens=False).ids
            for caption in captions
        ]
        ids = [torch.tensor(one, dtype=torch.int64) for one in encoded]
        return Fields(images={"caption": pad_sequence(ids, batch_first=True, padding_value=-1)})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean over images and captions, in nats; zero for a batch without images or captions."""
        views, captioned = features(batch), (batch["caption"] >= 0).any(1)
        if views is None or not captioned.any():
            return torch.zeros(())
        caption = batch["caption"][captioned]  # (pairs, longest)
        table = model.language.get_input_embeddings().get_parameter("weight").detach()
        images = image_contents(model, views)[captioned].mean(1)  # (pairs, hidden_size)
        same = (caption[:, None] == caption[None]).all(-1)  # (pairs, pairs)
        return contrastive_loss(images, caption_vectors(table, caption), same, self._spec.temperature)


def caption_vectors(embeddings: Tensor, captions: Tensor) -> Tensor:
    """Mean unit embedding of each caption's tokens (captions, hidden_size), from their ids, -1 where there is none.

    The product with a unit vector is the mean over the tokens of their cosine with it.
    """
    held = (captions >= 0).unsqueeze(-1)
    return (functional.normalize(embeddings[captions.clamp_min(0)], dim=-1) * held).sum(1) / held.sum(1)


def contrastive_loss(images: Tensor, texts: Tensor, same: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the right pair among all pairs of an image, and among all pairs of a text; the mean of both.

    Args:
        images: A vector for each image (pairs, hidden_size), of any length.
        texts: A vector for the text of each image (pairs, hidden_size).
        same: Whether two texts are the same one, bool (pairs, pairs): then neither is a negative of the other's image.
        temperature: Divides the similarities.
    """
    others = same & ~torch.eye(len(images), dtype=torch.bool, device=same.device)
    logits = (functional.normalize(images, dim=-1) @ texts.T / temperature).masked_fill(others, -torch.inf)
    right = torch.arange(len(images), device=logits.device)
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2
