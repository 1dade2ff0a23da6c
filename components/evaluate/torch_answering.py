"""A MultimodalModel in torch, asked through the image features that were computed before."""

from collections.abc import Sequence

import torch

from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.config import EvaluateConfig
from inkling.models.crops import by_crop
from inkling.models.inference.answering import EngineAnswering
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.views import BLANK_IMAGE
from inkling.models.training.devices import accelerator
from inkling.models.vision.blank import blank_image
from inkling.models.vision.preprocess import preprocess


def torch_answering(
    config: EvaluateConfig, model: MultimodalModelArtifact, questions: Questions, features: Features
) -> EngineAnswering[ImageFeatures]:
    """Loads a model.

    Args:
        config: The stage's configuration.
        model: The model.
        questions: The questions whose images it may be shown; the grey one too if a view wants it.
        features: Features of these images.
    """
    torch.set_num_threads(config.threads)
    network = MultimodalModel.load(model.path)
    views = {view: features.view("questions", view) for view in network.connector.inputs}
    rows = {image: row for row, image in enumerate(questions.images())}
    blank = _blank(features, list(views)) if "blank" in config.views else {}

    def features_of(images: Sequence[str]) -> ImageFeatures:
        """The views of images, each (images, tokens, channels)."""
        if images and images[0] == BLANK_IMAGE:  # a batch has one view
            return {view: blank[view].expand(len(images), -1, -1) for view in views}
        places = [rows[image] for image in images]
        return {view: torch.from_numpy(found[places]) for view, found in views.items()}

    return EngineAnswering(TorchEngine(network.to(accelerator())), model.tokenizer(), features_of)


@torch.inference_mode()
def _blank(features: Features, views: Sequence[str]) -> ImageFeatures:
    """The views of the grey image, each (1, tokens, channels), by the encoder that the features come from."""
    found: dict[str, torch.Tensor] = {}
    for group in by_crop(views):
        how = features.encoder.preprocessing_of(group)
        pixels = preprocess(blank_image(how.image_size), how)[None]  # (1, 3, image_size, image_size)
        encoded = features.load_encoder(group)(torch.from_numpy(pixels))
        found.update(zip(group, encoded, strict=True))
    return found
