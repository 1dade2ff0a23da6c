"""The multimodal model: image features, a connector, a fusion, and the language model that reads both."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

from inkling.models.connectors.contract import Connector, QuestionTokens, build_connector
from inkling.models.fusion import FUSIONS
from inkling.models.fusion.contract import Fusion, Memory, build_fusion
from inkling.models.language import spec_of
from inkling.models.sequence.packing import PackedBatch
from inkling.models.strict_json import to_json

ImageFeatures = Mapping[str, Tensor]
"""What an encoder made of a batch of images, by view, each (batch, tokens, channels)."""


class MultimodalModel(nn.Module):
    """Predicts text that an image may stand in.

    Attributes:
        language: The language model.
        connector: Maps image features to image tokens.
        fusion: How the image tokens enter the language model.
        encoder: Maps pixels to image features; None where features were computed beforehand.
    """

    language: LlamaForCausalLM
    connector: Connector
    fusion: Fusion
    encoder: nn.Module | None

    def __init__(
        self,
        language: LlamaForCausalLM,
        connector: Connector,
        fusion: Fusion | None = None,
        encoder: nn.Module | None = None,
    ) -> None:
        """Puts the parts together; without a fusion, image tokens are a prefix."""
        super().__init__()
        self.language, self.connector, self.encoder = language, connector, encoder
        self.fusion = fusion or FUSIONS.read("prefix").build(spec_of(language))

    @property
    def image_positions(self) -> int:
        """Positions that an image takes in the sequence: what `collate` leaves room for."""
        return self.fusion.spec.positions(self.connector.image_tokens)

    @classmethod
    def load(cls, directory: str | Path, encoder: nn.Module | None = None) -> Self:
        """Loads a model from the layout of a MultimodalModel artifact.

        Args:
            directory: Holds `language/`, `connector/`, and `fusion/` unless image tokens are a prefix.
            encoder: The vision encoder, giving the connector's views; features computed beforehand do without.
        """
        directory = Path(directory)
        language = LlamaForCausalLM.from_pretrained(directory / "language")
        connector = build_connector(json.loads((directory / "connector" / "config.json").read_text()))
        connector.load_state_dict(load_file(directory / "connector" / "model.safetensors"))
        fusion = None
        if (directory / "fusion").is_dir():
            fusion = build_fusion(json.loads((directory / "fusion" / "config.json").read_text()))
            fusion.load_state_dict(load_file(directory / "fusion" / "model.safetensors"))
        return cls(language, connector, fusion, encoder).eval()

    def save(self, directory: str | Path) -> None:
        """Writes the trained parts in safetensors: `language/`, `connector/`, and `fusion/` unless it is a prefix."""
        directory = Path(directory)
        disable_progress_bar()
        self.language.save_pretrained(directory / "language")
        _save_part(self.connector, directory / "connector")
        if self.fusion.spec.type != "prefix":
            _save_part(self.fusion, directory / "fusion")

    def read(self, ids: Tensor, asked: Tensor) -> QuestionTokens | None:
        """What the connector sees of questions; None where it reads none, so that an image's tokens serve them all.

        Args:
            ids: Text token ids (batch, length).
            asked: Which of them are the question's, bool (batch, length).
        """
        if not self.connector.spec.reads_question:
            return None
        return QuestionTokens(self.language.get_input_embeddings()(ids).detach(), asked)

    def remember(self, features: ImageFeatures, question: QuestionTokens | None = None) -> Memory:
        """What a pass keeps of each image; computed once for all questions about it, unless the connector reads them.

        Args:
            features: The images.
            question: What `read` gives; None too where nothing is asked yet.

        Raises:
            ValueError: If a view that the connector reads is missing, or not of the shape that it was built for.
        """
        views = []
        for name, shape in self.connector.inputs.items():
            if name not in features or tuple(features[name].shape[1:]) != shape:
                found = {view: tuple(tensor.shape[1:]) for view, tensor in features.items()}
                raise ValueError(f"the connector reads the view '{name}' as (tokens, channels) {shape}, got {found}")
            views.append(features[name])
        image_tokens = self.connector(*views) if question is None else self.connector(*views, question=question)
        if image_tokens.shape[1] != self.connector.image_tokens:
            raise ValueError(
                f"connector '{self.connector.spec.type}' states {self.connector.image_tokens} image tokens and "
                f"made {image_tokens.shape[1]}: its `image_tokens` is wrong"
            )
        return self.fusion.remember(image_tokens)

    def embed(self, memory: Memory | None, input_ids: Tensor, places: Tensor | None = None) -> Tensor:
        """Inputs of the language model.

        Args:
            memory: What is kept of the images, or None for none.
            input_ids: Text token ids (batch, length).
            places: What stands where, as in `PackedBatch`; an image behind the first token of each row if None.

        Returns:
            Embeddings (batch, s, hidden_size) with the images in their places; without images those of the text.
        """
        text: Tensor = self.language.get_input_embeddings()(input_ids)
        prefix = None if memory is None else self.fusion.prefix(memory)
        if prefix is None:
            return text
        if places is None:
            return torch.cat([text[:, :1], prefix, text[:, 1:]], dim=1)
        return torch.cat([text.flatten(0, 1), prefix.flatten(0, 1)])[places]

    def forward(self, features: ImageFeatures | None, batch: PackedBatch) -> Tensor:
        """Logits where something is scored, and nowhere else: the vocabulary's product is most of a small model's work.

        Args:
            features: The images in the order of the sequences, or None if the batch was collated without.
            batch: Packed sequences, with room for `image_positions` where there are images.

        Returns:
            Logits (scored tokens, vocabulary).
        """
        memory = None if features is None else self.remember(features, self.read(batch.ids, batch.asked))
        mask = batch.mask if memory is None else self.fusion.mask(batch.mask, self.image_positions)
        with self.fusion.inside(self.language, memory):
            inputs = self.embed(memory, batch.ids, batch.places)
            hidden = self.language.model(
                inputs_embeds=inputs, attention_mask=mask, position_ids=batch.positions, use_cache=False
            ).last_hidden_state
        return self.language.lm_head(hidden.flatten(0, 1)[batch.predictors])

    def log_likelihoods(self, features: ImageFeatures | None, batch: PackedBatch) -> Tensor:
        """Log-probability of each scored token, in nats (scored tokens,)."""
        return -functional.cross_entropy(self(features, batch), batch.targets, reduction="none")


def _save_part(part: Connector | Fusion, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(to_json(part.config, indent=2, sort_keys=True) + "\n")
    save_file(dict(part.state_dict()), directory / "model.safetensors")
