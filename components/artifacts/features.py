"""Features: the frozen encoder and what it makes of every picture, so that training never encodes a picture twice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError
from inkling.models.vision.config import EncoderConfig

ENCODER_CONFIG, ENCODER_WEIGHTS = "encoder/config.json", "encoder/model.safetensors"
Pictures = Literal["conversations", "questions"]
_TENSOR = "grid"


@dataclass(frozen=True)
class Features(Artifact):
    """Grid tokens of all pictures of the conversations and of the questions."""

    type: ClassVar[str] = "Features"

    def encoder_config(self) -> EncoderConfig:
        """The description of the encoder.

        Raises:
            ArtifactError: If it cannot be read.
        """
        path = self.path / ENCODER_CONFIG
        try:
            return EncoderConfig.from_dict(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}") from None

    def encoder_weights(self) -> Path:
        """The encoder's weights, a safetensors file for `inkling.models.vision.registry.load_encoder`."""
        return self.path / ENCODER_WEIGHTS

    def grid(self, pictures: Pictures) -> NDArray[np.float32]:
        """Grid tokens, (images, tokens, channels), in the order of that artifact's `images.parquet`.

        Raises:
            ArtifactError: If the file holds no such tensor.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.path / f"{pictures}.safetensors"
        try:
            grid: NDArray[np.float32] = load_file(path)[_TENSOR]
        except (OSError, KeyError, SafetensorError) as error:
            raise ArtifactError(f"{path} cannot be read: {error!r}") from None
        config = self.encoder_config()
        if grid.dtype != np.float32 or grid.shape[1:] != (config.tokens, config.channels):
            raise ArtifactError(f"{path} holds {grid.dtype} {grid.shape}, not what its encoder makes")
        return grid


def write_features(
    directory: Path,
    config: EncoderConfig,
    weights: Mapping[str, Any],
    grids: Mapping[Pictures, NDArray[np.float32]],
) -> None:
    """Writes the files of the artifact.

    Args:
        directory: Where they go.
        config: Description of the encoder.
        weights: The encoder's state, torch tensors by name.
        grids: Grid tokens by the artifact that the pictures come from, each (images, tokens, channels).
    """
    from safetensors.numpy import save_file as save_arrays
    from safetensors.torch import save_file

    (directory / "encoder").mkdir()
    (directory / ENCODER_CONFIG).write_text(json.dumps(config.to_dict(), indent=2, sort_keys=True) + "\n")
    save_file(dict(weights), directory / ENCODER_WEIGHTS)
    for pictures, grid in grids.items():
        save_arrays({_TENSOR: np.ascontiguousarray(grid, np.float32)}, directory / f"{pictures}.safetensors")
