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

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.contrast import caption_ids, caption_vectors, contrastive_loss
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
        return Fields(images={"caption": caption_ids(lesson, "image_text_contrast")})

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
