"""The multimodal model: a vision encoder's grid, a connector, and the language model that reads both."""

import json
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

from inkling.models.connectors.connector import Connector
from inkling.models.connectors.registry import build_connector
from inkling.models.sequence.packing import PackedBatch
from inkling.models.vision.config import EncoderConfig


class MultimodalModel(nn.Module):
    """Reads image tokens before text and predicts text.

    Attributes:
        language: The language model.
        connector: Maps grid tokens to inputs of the language model.
        encoder: Maps pixels to grid tokens; None where features were computed beforehand.
    """

    language: LlamaForCausalLM
    connector: Connector
    encoder: nn.Module | None

    def __init__(self, language: LlamaForCausalLM, connector: Connector, encoder: nn.Module | None = None) -> None:
        """Puts the parts together."""
        super().__init__()
        self.language, self.connector, self.encoder = language, connector, encoder

    @classmethod
    def load(cls, directory: str | Path, encoder: bool = False) -> Self:
        """Loads a model from the layout of a MultimodalModel artifact.

        Args:
            directory: Holds `language/`, `connector/` and `encoder/`.
            encoder: Whether to load the vision encoder too; features computed beforehand do without.
        """
        directory = Path(directory)
        language = LlamaForCausalLM.from_pretrained(directory / "language")
        connector = build_connector(json.loads((directory / "connector" / "config.json").read_text()))
        connector.load_state_dict(load_file(directory / "connector" / "model.safetensors"))
        model = cls(language, connector)
        if encoder:
            from inkling.models.vision.registry import load_encoder

            described = EncoderConfig.from_dict(json.loads((directory / "encoder" / "config.json").read_text()))
            model.encoder = load_encoder(described, directory / "encoder" / "model.safetensors")
        return model.eval()

    def save(self, directory: str | Path) -> None:
        """Writes the trained parts, `language/` and `connector/`, in safetensors; the encoder is kept as it came."""
        directory = Path(directory)
        disable_progress_bar()
        self.language.save_pretrained(directory / "language")
        connector = directory / "connector"
        connector.mkdir(parents=True, exist_ok=True)
        (connector / "config.json").write_text(json.dumps(self.connector.config, indent=2, sort_keys=True) + "\n")
        save_file(dict(self.connector.state_dict()), connector / "model.safetensors")

    def embed(self, grid: Tensor | None, input_ids: Tensor) -> Tensor:
        """Inputs of the language model.

        Args:
            grid: Grid tokens (batch, tokens, channels), or None for no image.
            input_ids: Text token ids (batch, length).

        Returns:
            Embeddings (batch, tokens + length, width).
        """
        text = self.language.get_input_embeddings()(input_ids)
        return text if grid is None else torch.cat([self.connector(grid), text], dim=1)

    def forward(self, grid: Tensor | None, batch: PackedBatch) -> Tensor:
        """Logits where something is scored, and nowhere else: the vocabulary's product is most of a small model's work.

        Args:
            grid: Grid tokens (batch, tokens, channels), or None if the batch was collated without an image.
            batch: Packed sequences.

        Returns:
            Logits (scored tokens, vocabulary).
        """
        hidden = self.language.model(
            inputs_embeds=self.embed(grid, batch.ids), attention_mask=batch.mask, position_ids=batch.positions,
            use_cache=False,
        ).last_hidden_state  # fmt: skip
        return self.language.lm_head(hidden.flatten(0, 1)[batch.predictors])

    def log_likelihoods(self, grid: Tensor | None, batch: PackedBatch) -> Tensor:
        """Log-probability of each scored token, in nats (scored tokens,)."""
        return -functional.cross_entropy(self(grid, batch), batch.targets, reduction="none")
