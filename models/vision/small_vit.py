"""A small vision transformer that is trained here, on the scenes' training pictures, before they are encoded.

One network, several objectives: contrastive with captions as CLIP and MetaCLIP, self-distillation as DINO, masked
auto-encoding as MAE; or left random, with no steps. So encoders can be held against each other that have seen the same
pictures and differ in nothing but what they were trained for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from inkling.models.spec import EncoderSpec
from inkling.models.vision.objectives import VISION_OBJECTIVES, VisionObjectiveSpec
from inkling.models.vision.preprocess import Preprocessing
from inkling.models.vision.transformer import TransformerShape

if TYPE_CHECKING:
    from inkling.models.learnt import Learnt
    from inkling.models.training.job import MeterFactory


class SmallVitSpec(EncoderSpec):
    """A ViT of half a million weights by default, which sees 64 patches of a picture of 64 x 64 pixels."""

    target: ClassVar[str] = "inkling.models.vision.small_vit:SmallVit"

    type: Literal["small-vit"] = "small-vit"
    objective: Annotated[VisionObjectiveSpec, VISION_OBJECTIVES] = Field(
        default_factory=lambda: VISION_OBJECTIVES.read("contrastive"),
        description="what it is trained for, by name or with its settings",
    )
    image_size: int = Field(64, ge=8, description="height and width of the pixels")
    patch_size: int = Field(8, ge=1, description="height and width of a patch, in pixels")
    hidden_size: int = Field(96, ge=8, description="channels of a token")
    num_layers: int = Field(4, ge=1, description="blocks")
    heads: int = Field(3, ge=1, description="heads of the attention")
    grid: int = Field(4, ge=1, description="tokens along a side of the view `grid`")
    seed: int = Field(0, ge=0, description="determines the first weights and everything left to chance in training")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.image_size % self.patch_size or self.hidden_size % self.heads:
            raise ValueError(
                f"{self.image_size} pixels must be whole patches of {self.patch_size}, and {self.hidden_size} channels "
                f"whole heads of {self.heads}"
            )
        return self

    @property
    def preprocessing(self) -> Preprocessing:
        """About from -1 to 1."""
        return Preprocessing(image_size=self.image_size, mean=127.0, scale=128.0)

    @property
    def shape(self) -> TransformerShape:
        """Its sizes."""
        width, size = self.hidden_size, self.image_size
        return TransformerShape(width, self.num_layers, 4 * width, self.patch_size, size, size)

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`grid`, the patches resampled; `patches`; `cls`, the class token; `layers.-2`, of earlier blocks."""
        return self.shape.views(self.grid)

    @property
    def learning_steps(self) -> int:
        """Those of its objective."""
        return self.objective.steps

    def learn(
        self, network: Any, pictures: Sequence[bytes], captions: Sequence[str], work: Path, progress: "MeterFactory"
    ) -> "Learnt":
        """Trains it for its objective."""
        return self.objective.train(network, self.preprocessing, pictures, captions, work, self.seed, progress)

    def num_params(self) -> int:
        """Weights of the network."""
        return self.shape.num_params()

    def multiply_adds(self) -> int:
        """Those of an image."""
        return self.shape.multiply_adds()


import torch
from torch import Tensor

from inkling.models.vision.contract import Encoder
from inkling.models.vision.grid import GridPooling
from inkling.models.vision.transformer import views_of
from inkling.models.vision.vit import VisionTransformer


class SmallVit(Encoder):
    """Pixels (batch, 3, size, size), normalised, to views (batch, tokens, channels)."""

    def __init__(self, spec: SmallVitSpec, views: tuple[str, ...]) -> None:
        """Builds the network with random weights, which are the same on every machine."""
        super().__init__()
        self._views = views
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(spec.seed)
            self.network = VisionTransformer(
                spec.image_size, spec.patch_size, spec.hidden_size, spec.num_layers, spec.heads
            )
        self.pool = GridPooling(spec.image_size // spec.patch_size, spec.grid)

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes a batch of images."""
        *layers, hidden = self.network.run(self.network.embed(pixels))  # each (batch, 1 + patches, channels)
        return views_of(hidden, self._views, self.pool, class_token=True, layers=layers)
