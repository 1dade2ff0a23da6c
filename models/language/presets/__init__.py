"""Sizes of language models, a YAML file each."""

from dataclasses import dataclass
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """The shape of a Llama-style language model.

    Attributes:
        width: Channels of the residual stream.
        layers: Transformer blocks.
        heads: Query heads; `width` is a multiple of it.
        key_value_heads: Key and value heads, shared by groups of query heads.
        hidden: Width inside the SwiGLU feed-forward part.
        context: Longest sequence, in tokens, that it is made for.
        rope_theta: Base of the rotary position encoding.
        tied: Whether the output layer shares the weights of the input embedding.
        initial_std: Standard deviation of the initial weights.
    """

    width: int
    layers: int
    heads: int
    key_value_heads: int
    hidden: int
    context: int
    rope_theta: float
    tied: bool
    initial_std: float


def preset_names() -> list[str]:
    """Names of the presets that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_preset(name: str) -> Preset:
    """Reads a preset.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in preset_names():
        raise ValueError(f"unknown preset '{name}'. Valid: {', '.join(preset_names())}")
    return Preset(**yaml.safe_load((_FOLDER / f"{name}.yaml").read_text()))
