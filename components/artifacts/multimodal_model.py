"""The MultimodalModel artifact: a language model that was adapted to vision, and how it was trained."""

import dataclasses
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from inkling.components.artifacts.features import Features
from inkling.components.artifacts.losses import DOCUMENTS, read_documents, write_documents
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.components.shared.store.manifest import ArtifactError
from inkling.models.strict_json import to_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from inkling.models.multimodal import MultimodalModel
    from inkling.models.vision.contract import Encoder

CONFIG, RECIPE, TRAINING, TOKENIZER = "config.json", "recipe.json", "training.jsonl", "tokenizer.json"
ENCODER = "encoder.json"


@dataclass(frozen=True)
class TrainingRow:
    """One optimiser step of the adaptation.

    Attributes:
        phase: Phase of the recipe.
        step: Step within that phase, from 1.
        loss: The phase's objectives on the step's batch.
        learning_rate: Learning rate of the step.
    """

    phase: str
    step: int
    loss: float
    learning_rate: float


class MultimodalModelArtifact(Artifact):
    """`language/` (Hugging Face Llama), `connector/` and `fusion/` in safetensors, a tokenizer, the training log.

    `MultimodalModel.load` reads it. The vision encoder lies in the Features that the model was trained on;
    `encoder.json` holds its spec and digest.
    """

    type: ClassVar[str] = "MultimodalModel"

    def encoder(self, features: Features) -> "Encoder":
        """The vision encoder that the model was trained with, giving the views that its connector reads.

        Args:
            features: Features of that encoder, from which it is loaded.

        Raises:
            ArtifactError: If the features are of another encoder.
        """
        if features.encoder_digest != self.read_json(ENCODER)["digest"]:
            raise ArtifactError(f"{features.path} is of another encoder than {self.path} was trained with")
        return features.load_encoder([str(view) for view in self.config()["inputs"]])

    def tokenizer(self) -> "Tokenizer":
        """Loads the tokenizer."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.path / TOKENIZER))

    def config(self) -> dict[str, Any]:
        """What the model is: `parts`, `image_tokens`, `image_positions`, `inputs`, `hidden_size`, `vocab_size`."""
        return self.read_json(CONFIG)

    def recipe(self) -> dict[str, Any]:
        """How it was adapted: `name`, `departures` from the paper, parts, and each phase with what it trained.

        `text` says what its language model had read before, by shard; it is empty for the no-pretraining baseline.
        """
        return self.read_json(RECIPE)

    def training(self) -> list[TrainingRow]:
        """The training log, phase by phase."""
        return [TrainingRow(**json.loads(line)) for line in (self.path / TRAINING).read_text().splitlines()]

    def documents(self) -> DocumentLosses | None:
        """What each document of held-out text costs its language model, read without an image; None if not measured.

        The text is that which the LanguageModel it was made of was scored on.
        """
        return read_documents(self.path) if (self.path / DOCUMENTS).exists() else None


def write_multimodal_model(
    directory: Path,
    model: "MultimodalModel",
    language_model: Path,
    features: Features,
    recipe: dict[str, Any],
    training: Iterable[TrainingRow],
    documents: DocumentLosses | None = None,
) -> None:
    """Writes the files of a MultimodalModel.

    Args:
        directory: Where they go.
        model: The adapted network.
        language_model: The LanguageModel artifact that it started from; its tokenizer is kept.
        features: The Features artifact that it was trained on; it holds the encoder, the model its digest.
        recipe: How it was adapted.
        training: The training log.
        documents: What each held-out document costs its language model after adaptation.
    """
    model.save(directory)
    shutil.copyfile(language_model / TOKENIZER, directory / TOKENIZER)
    connector, language = model.connector, model.language.config
    config = {
        "architecture": "MultimodalModel",
        "parts": {
            "language": language.model_type,
            "connector": connector.spec.type,
            "fusion": model.fusion.spec.type,
            "encoder": features.encoder.type,
        },
        "image_tokens": connector.image_tokens,
        "image_positions": model.image_positions,
        "inputs": {view: list(shape) for view, shape in connector.inputs.items()},
        "hidden_size": language.hidden_size,
        "vocab_size": language.vocab_size,
    }
    write_json(directory / CONFIG, config)
    encoder = {"digest": features.encoder_digest, "spec": features.encoder.model_dump(mode="json")}
    write_json(directory / ENCODER, encoder)
    write_json(directory / RECIPE, recipe)
    lines = (to_json(dataclasses.asdict(row)) + "\n" for row in training)
    (directory / TRAINING).write_text("".join(lines))
    if documents is not None:
        write_documents(directory, documents)
