"""The MultimodalModel artifact: a language model that was adapted to vision, and how it was trained."""

import dataclasses
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from inkling.components.shared.store.artifact import Artifact

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from inkling.models.multimodal import MultimodalModel

CONFIG, RECIPE, TRAINING, TOKENIZER = "config.json", "recipe.json", "training.jsonl", "tokenizer.json"
ENCODER = "encoder"


@dataclass(frozen=True)
class TrainingRow:
    """One optimiser step of the adaptation.

    Attributes:
        stage: Stage of the recipe.
        step: Step within that stage, from 1.
        loss: The stage's objective on the step's batch.
        learning_rate: Learning rate of the step.
    """

    stage: str
    step: int
    loss: float
    learning_rate: float


class MultimodalModelArtifact(Artifact):
    """`language/` (Hugging Face Llama), `connector/` and `encoder/` in safetensors, a tokenizer, the training log."""

    type: ClassVar[str] = "MultimodalModel"

    def model(self, encoder: bool = False) -> "MultimodalModel":
        """Loads the network in evaluation mode; the vision encoder only where asked for."""
        from inkling.models.multimodal import MultimodalModel

        return MultimodalModel.load(self.path, encoder)

    def tokenizer(self) -> "Tokenizer":
        """Loads the tokenizer."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.path / TOKENIZER))

    def config(self) -> dict[str, Any]:
        """What the model is: `parts`, `image_tokens`, `image_positions`, `inputs`, `hidden_size`, `vocab_size`."""
        return _read_json(self.path / CONFIG)

    def recipe(self) -> dict[str, Any]:
        """How it was adapted: `name`, `departures` from the paper, settings and trained parameters of each stage."""
        return _read_json(self.path / RECIPE)

    def training(self) -> list[TrainingRow]:
        """The training log, stage by stage."""
        return [TrainingRow(**json.loads(line)) for line in (self.path / TRAINING).read_text().splitlines()]


def write_multimodal_model(
    directory: Path,
    model: "MultimodalModel",
    language_model: Path,
    features: Path,
    recipe: dict[str, Any],
    training: Iterable[TrainingRow],
) -> None:
    """Writes the files of a MultimodalModel.

    Args:
        directory: Where they go.
        model: The adapted network.
        language_model: The LanguageModel artifact that it started from; its tokenizer is kept.
        features: The Features artifact that it was trained on; its encoder is kept.
        recipe: How it was adapted.
        training: The training log.
    """
    model.save(directory)
    shutil.copytree(features / ENCODER, directory / ENCODER, copy_function=shutil.copyfile)
    shutil.copyfile(language_model / TOKENIZER, directory / TOKENIZER)
    connector, language = model.connector, model.language.config
    config = {
        "architecture": "MultimodalModel",
        "parts": {
            "language": language.model_type,
            "connector": connector.spec.type,
            "fusion": model.fusion.spec.type,
            "encoder": "see encoder/config.json",
        },
        "image_tokens": connector.image_tokens,
        "image_positions": model.image_positions,
        "inputs": {view: list(shape) for view, shape in connector.inputs.items()},
        "hidden_size": language.hidden_size,
        "vocab_size": language.vocab_size,
    }
    _write_json(directory / CONFIG, config)
    _write_json(directory / RECIPE, recipe)
    lines = (json.dumps(dataclasses.asdict(row)) + "\n" for row in training)
    (directory / TRAINING).write_text("".join(lines))


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")
