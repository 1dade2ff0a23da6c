"""States of the language model within a pass over images: what objectives read that look into it."""

from torch import Tensor

from inkling.components.shared.config import ConfigError
from inkling.models.fusion.hooks import after_layers
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.packing import PackedBatch


def layer_states(model: MultimodalModel, views: ImageFeatures, turns: PackedBatch, layer: int) -> Tensor:
    """States after a layer at all positions of sequences with an image (batch, s, hidden_size).

    Args:
        model: The model.
        views: The images.
        turns: The sequences.
        layer: Which layer, from 1.
    """
    found: list[Tensor] = []

    def kept(hidden: Tensor) -> Tensor:
        found.append(hidden)
        return hidden

    with after_layers(model.language, {layer - 1: kept}):
        model(views, turns)
    return found[0]


def image_states(states: Tensor, model: MultimodalModel) -> Tensor:
    """Of states (batch, s, hidden_size) those at the image's positions (batch, image_positions, hidden_size)."""
    return states[:, 1 : 1 + model.image_positions]


def read_layer(model: MultimodalModel, layer: int | None, reader: str) -> int:
    """The layer that an objective reads: the one stated, or the middle one.

    Args:
        model: The model.
        layer: The one stated, from 1.
        reader: The objective, for messages.

    Raises:
        ConfigError: If there is no such layer, or the image has not a position of the sequence for each image token.
    """
    layers = int(model.language.config.num_hidden_layers)
    if model.image_positions != model.connector.image_tokens:
        raise ConfigError(
            f"{reader} reads the language model's states at the image's positions, but fusion "
            f"'{model.fusion.spec.type}' gives the {model.connector.image_tokens} image tokens "
            f"{model.image_positions} of them: use prefix"
        )
    if layer is not None and layer > layers:
        raise ConfigError(f"{reader} is to read layer {layer}, but the language model has {layers}")
    return layer or (layers + 1) // 2
