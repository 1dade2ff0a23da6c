"""Any vision transformer that is published in Hugging Face's layout: CLIP, MetaCLIP, SigLIP, DINOv2 or ViT-MAE.

A local folder, or a repository of the hub, holds `config.json`, `model.safetensors` or its shards and, where its pixels
are not normalised as CLIP's are, `preprocessor_config.json`. No code of it is run.
"""

import hashlib
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from inkling.models.settings import unknown
from inkling.models.spec import EncoderSpec
from inkling.models.vision.hub import CONFIG, PREPROCESSOR, folder_of, read_mapping, weight_files
from inkling.models.vision.preprocess import Preprocessing
from inkling.models.vision.transformer import TransformerShape


class _Architecture(NamedTuple):
    """What an architecture's config leaves out, and what of a transformer it has."""

    network: str
    config: str
    class_token: bool
    patch_bias: bool
    extra_vectors: int
    layer_scale: bool = False


_CLIP = _Architecture("CLIPVisionModel", "CLIPVisionConfig", True, False, 4)
_SIGLIP = _Architecture("SiglipVisionModel", "SiglipVisionConfig", False, True, 2)
_ARCHITECTURES = {
    "clip": _CLIP,
    "clip_vision_model": _CLIP,
    "siglip": _SIGLIP,
    "siglip_vision_model": _SIGLIP,
    "dinov2": _Architecture("Dinov2Model", "Dinov2Config", True, True, 3, layer_scale=True),
    "vit_mae": _Architecture("ViTMAEModel", "ViTMAEConfig", True, True, 2),
}
_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_DEFAULTS = {"hidden_size": 768, "num_hidden_layers": 12, "patch_size": 16, "image_size": 224}


class HuggingFaceSpec(EncoderSpec):
    """A published vision transformer. What its folder says is read once and then stands in the spec itself."""

    target: ClassVar[str] = "inkling.models.vision.hugging_face:HuggingFace"

    type: Literal["hugging-face"] = "hugging-face"
    path: str | None = Field(None, description="the folder, or a repository of the hub, `owner/name`")
    revision: str | None = Field(
        None, exclude_if=lambda revision: revision is None, description="the repository's commit"
    )
    image_size: int | None = Field(
        None, ge=1, exclude_if=lambda size: size is None,
        description="height and width of the pixels, to which positions are interpolated; else those of its training",
    )  # fmt: skip
    layer: int = Field(-1, lt=0, description="last block that is run, counted from the end (LLaVA takes -2)")
    grid: int = Field(4, ge=1, description="tokens along a side of the view `grid`")
    config: dict[str, Any] | None = Field(None, description="the vision network's config; read from the folder")
    pixels: Preprocessing | None = Field(None, description="its preprocessing; read from the folder")
    digest: str | None = Field(None, description="SHA-256 of the weights; taken from the folder")

    @model_validator(mode="before")
    @classmethod
    def _described(cls, stated: Any) -> Any:
        """Reads what the folder says, where the spec does not hold it yet."""
        if not isinstance(stated, dict) or stated.get("config") is not None:
            return stated
        if not stated.get("path"):
            raise ValueError("name the folder of the encoder: {type: hugging-face, path: FOLDER}")
        path = str(stated["path"])
        folder = folder_of(path, stated.get("revision"), weights=False)
        whole = read_mapping(folder / CONFIG)
        kind = str(whole.get("model_type"))
        if kind not in _ARCHITECTURES:
            raise unknown(f"architecture of {path}", kind, _ARCHITECTURES)
        inner = whole.get("vision_config", whole)
        vision = {**_DEFAULTS, **(inner if isinstance(inner, dict) else {}), "model_type": kind}
        config = {name: value for name, value in vision.items() if isinstance(value, str | int | float | bool)}
        return {**stated, "config": config, "pixels": _pixels(folder, int(config["image_size"]))}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        size, patch = self.preprocessing.image_size, self._config["patch_size"]
        if size < patch or self.layers < 1:
            raise ValueError(f"{size} pixels, patches of {patch} and {self.layers} blocks do not fit together")
        return self

    @property
    def _config(self) -> dict[str, Any]:
        assert self.config is not None
        return self.config

    def places(self) -> list[str]:
        """The folder, unless it is the hub's."""
        return [self.path] if self.path and not self.revision else []

    @property
    def architecture(self) -> _Architecture:
        """What is particular to it."""
        return _ARCHITECTURES[self._config["model_type"]]

    @property
    def layers(self) -> int:
        """Blocks that are run."""
        return int(self._config["num_hidden_layers"]) + 1 + self.layer

    @property
    def preprocessing(self) -> Preprocessing:
        """As the folder says, in the size that is stated."""
        assert self.pixels is not None
        return self.pixels.model_copy(update={"image_size": self.image_size}) if self.image_size else self.pixels

    @property
    def shape(self) -> TransformerShape:
        """Its sizes."""
        config, kind = self._config, self.architecture
        width = config["hidden_size"]
        inner = config["mlp_ratio"] * width if "mlp_ratio" in config else config.get("intermediate_size", 4 * width)
        gated = bool(config.get("use_swiglu_ffn"))
        return TransformerShape(
            hidden_size=width,
            num_layers=self.layers,
            intermediate_size=(int(inner * 2 / 3) + 7) // 8 * 8 if gated else inner,
            patch_size=config["patch_size"],
            image_size=self.preprocessing.image_size,
            trained_size=config["image_size"],
            class_token=kind.class_token,
            patch_bias=kind.patch_bias,
            extra_vectors=kind.extra_vectors,
            layer_scale=kind.layer_scale,
            gated=gated,
        )

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`grid`, the patches resampled; `patches`; `cls`, the class token if any; `layers.-2`, of earlier blocks."""
        return self.shape.views(self.grid)

    def num_params(self) -> int:
        """Weights of the vision network without a pooling head."""
        return self.shape.num_params()

    def multiply_adds(self) -> int:
        """Those of an image."""
        return self.shape.multiply_adds()

    def resolve(self) -> Self:
        """With the digest of the weights, and without the place where they lie."""
        if self.path is None:
            return self
        files = weight_files(folder_of(self.path, self.revision, weights=True), self.path)
        digests = []
        for path in files:
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
        return self.model_copy(update={"digest": whole, "path": None, "revision": None})


def _pixels(folder: Path, size: int) -> dict[str, Any]:
    """The preprocessing that a folder states; values of pixels there run from 0 to 1."""
    stated: dict[str, Any] = read_mapping(folder / PREPROCESSOR) if (folder / PREPROCESSOR).is_file() else {}
    mean, deviation = stated.get("image_mean", _CLIP_MEAN), stated.get("image_std", _CLIP_STD)
    return {
        "image_size": size,
        "mean": tuple(255 * value for value in mean),
        "scale": tuple(255 * value for value in deviation),
        "crop": bool(stated.get("do_center_crop", False)),
    }


import torch
import transformers
from torch import Tensor

from inkling.models.vision.contract import Encoder
from inkling.models.vision.grid import GridPooling
from inkling.models.vision.transformer import reads_layers, views_of


class HuggingFace(Encoder):
    """Pixels (batch, 3, size, size), normalised, to views (batch, tokens, channels)."""

    def __init__(self, spec: HuggingFaceSpec, views: tuple[str, ...]) -> None:
        """Builds the network with untrained weights, and no further than the last block that is run."""
        super().__init__()
        self._views, self._spec, self._kind = views, spec, spec.architecture
        self._interpolated = spec.preprocessing.image_size != spec.shape.trained_size
        self._masked, self._patches = spec.architecture.network == "ViTMAEModel", spec.shape.patches
        assert spec.config is not None
        config = {**spec.config, "num_hidden_layers": spec.layers, "mask_ratio": 0.0, "vision_use_head": False}
        self._config = getattr(transformers, self._kind.config)(**config)
        self.network = getattr(transformers, self._kind.network)(self._config)
        self.pool = GridPooling(spec.shape.image_size // spec.shape.patch_size, spec.grid)
        self.class_token = self._kind.class_token

    @property
    def tower(self) -> Any:
        """The network; None for a masked auto-encoder, which draws its patches unless given noise."""
        return None if self._masked else self.network

    def load_published(self, weights: bytes | None) -> None:
        """Takes the weights of the folder; those of the text network and of later blocks are left out."""
        path = self._spec.path
        assert path is not None
        transformers.logging.set_verbosity_error()
        kind: Any = type(self.network)
        folder = folder_of(path, self._spec.revision, weights=True)
        loaded, report = kind.from_pretrained(
            folder, config=self._config, local_files_only=True, use_safetensors=True, trust_remote_code=False,
            output_loading_info=True,
        )  # fmt: skip
        if report["missing_keys"]:
            raise ValueError(f"{path} lacks tensors of {kind.__name__}: {', '.join(sorted(report['missing_keys']))}")
        self.network.load_state_dict(loaded.state_dict())

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes a batch of images."""
        # Masked auto-encoders draw the order of the patches; with this noise it is their own.
        more: dict[str, Any] = (
            {"noise": torch.arange(self._patches).expand(pixels.shape[0], -1)} if self._masked else {}
        )
        if self._interpolated and self._kind.network != "Dinov2Model":  # which interpolates unasked
            more["interpolate_pos_encoding"] = True
        layers = reads_layers(self._views)
        found = self.network(pixel_values=pixels, output_hidden_states=layers, **more)
        hidden = found.last_hidden_state  # (batch, class token and patches, channels)
        return views_of(hidden, self._views, self.pool, self._kind.class_token, found.hidden_states)
