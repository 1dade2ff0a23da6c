"""The LanguageModel artifact: a Hugging Face Llama directory with its training log and its held-out perplexity."""

import dataclasses
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from inkling.components.artifacts.artifact import Artifact

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

TRAINING, PERPLEXITY, TOKENIZER = "training.jsonl", "perplexity.json", "tokenizer.json"


@dataclass(frozen=True)
class TrainingRow:
    """One optimiser step of pre-training.

    Attributes:
        step: Number of the step, from 1.
        tokens: Tokens read up to and with it.
        loss: Mean cost of the batch's tokens before the update, in nats.
        learning_rate: Learning rate of the update.
    """

    step: int
    tokens: int
    loss: float
    learning_rate: float


class LanguageModel(Artifact):
    """A language model that `transformers` loads as it is."""

    type: ClassVar[str] = "LanguageModel"

    def network(self) -> "LlamaForCausalLM":
        """Loads the network, in evaluation mode."""
        from transformers import LlamaForCausalLM

        network: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(self.path)
        return network.eval()

    def tokenizer(self) -> "Tokenizer":
        """Loads the tokenizer."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.path / TOKENIZER))

    def training(self) -> list[dict[str, Any]]:
        """The training log: the fields of `TrainingRow`, one entry a step; none of a model that read nothing."""
        return [json.loads(line) for line in (self.path / TRAINING).read_text().splitlines()]

    def perplexity(self) -> dict[str, dict[str, Any]]:
        """Scores of held-out text by source: tokens and documents scored, the model's and a unigram model's cost.

        Keys of each: `tokens`, `documents`, `model_nll`, `model_perplexity`, `interval`, `unigram_nll`,
        `unigram_perplexity`.
        """
        scores: dict[str, dict[str, Any]] = json.loads((self.path / PERPLEXITY).read_text())
        return scores


def write_language_model(
    directory: Path,
    network: "LlamaForCausalLM",
    tokenizer: Path,
    training: Iterable[TrainingRow],
    perplexity: Mapping[str, Mapping[str, Any]],
) -> None:
    """Writes the files of a LanguageModel.

    Args:
        directory: Where they go.
        network: The network.
        tokenizer: Its `tokenizer.json`.
        training: The training log.
        perplexity: Scores of held-out text by source.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    network.save_pretrained(directory)
    shutil.copyfile(tokenizer, directory / TOKENIZER)
    lines = (json.dumps(dataclasses.asdict(row)) + "\n" for row in training)
    (directory / TRAINING).write_text("".join(lines))
    (directory / PERPLEXITY).write_text(json.dumps(perplexity, indent=2) + "\n")
