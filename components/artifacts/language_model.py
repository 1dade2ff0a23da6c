"""The LanguageModel artifact: a Hugging Face Llama directory with its training log and its held-out perplexity."""

import dataclasses
import json
import math
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.losses import read_documents, write_documents
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.models.sequence.heldout import Heldout
from inkling.models.strict_json import to_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    from inkling.models.spec import LanguageSpec

TRAINING, PERPLEXITY, TOKENIZER = "training.jsonl", "perplexity.json", "tokenizer.json"
CHOICES, CONTEXT_USE, HELDOUT = "choices.json", "context_use.json", "heldout.parquet"
SHARDS, CHECKPOINTS = "shards.json", "checkpoints"
_TEXT = pa.schema([("source", pa.string()), ("ids", pa.list_(pa.int32())), ("documents", pa.list_(pa.int32()))])


@dataclass(frozen=True)
class PretrainingRow:
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


@dataclass(frozen=True)
class ShardUse:
    """What a model was trained on of one shard.

    Attributes:
        tokens: Tokens trained on.
        share: Its share of all tokens trained on.
        weight: Its share in the blend.
        epochs: Tokens trained on over tokens that there are.
    """

    tokens: int
    share: float
    weight: float
    epochs: float


class LanguageModel(Artifact):
    """A language model that `transformers` loads as it is.

    States of the same run at smaller token budgets lie below it; each is a LanguageModel of its own.
    """

    type: ClassVar[str] = "LanguageModel"
    schema: ClassVar[int] = 4

    def network(self) -> "LlamaForCausalLM":
        """Loads the network, in evaluation mode."""
        from transformers import LlamaForCausalLM

        network: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(self.path)
        return network.eval()

    def spec(self) -> "LanguageSpec":
        """Its architecture and sizes, read without its weights."""
        from transformers import AutoConfig

        from inkling.models.language import LANGUAGE_MODELS

        config = AutoConfig.from_pretrained(self.path)
        return LANGUAGE_MODELS.find(config.model_type).of(config)

    def tokenizer(self) -> "Tokenizer":
        """Loads the tokenizer."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.path / TOKENIZER))

    def training(self) -> list[dict[str, Any]]:
        """The training log: the fields of `PretrainingRow`, one entry a step; none for the no-pretraining baseline."""
        return [json.loads(line) for line in (self.path / TRAINING).read_text().splitlines()]

    def perplexity(self) -> dict[str, dict[str, Any]]:
        """Scores of held-out text by source: tokens and documents scored, the model's and a unigram model's cost.

        Keys of each: `tokens`, `documents`, `model_nll`, `bits_per_byte`, `model_perplexity`, `interval`,
        `unigram_nll`, `unigram_perplexity`.
        """
        return self.read_json(PERPLEXITY)

    def documents(self) -> DocumentLosses:
        """What each document of the scored text costs, in the order of the sources."""
        return read_documents(self.path)

    def heldout(self) -> dict[str, Heldout]:
        """The held-out text that it was scored on, by source; empty where it was not kept."""
        path = self.path / HELDOUT
        return _read_text(path) if path.exists() else {}

    def choices(self) -> dict[str, dict[str, Any]]:
        """Zero-shot multiple choice on held-out text, by suite; empty where none was asked.

        Keys of each: `items`, `documents`, `chance`, `right`, `blind` (without the passage), `difference`, `sources`.
        """
        return self.read_json(CHOICES)

    def context_use(self) -> dict[str, Any]:
        """What it saves on text that it has just read, and how far back its heads look; empty where not measured.

        Keys: `copy_gain` and `attention`, as `components/pretrain/context_use.py` returns them.
        """
        return self.read_json(CONTEXT_USE)

    def shards(self) -> dict[str, ShardUse]:
        """What it was trained on, by shard; empty for the no-pretraining baseline."""
        return {name: ShardUse(**entry) for name, entry in self.read_json(SHARDS).items()}

    def parameters(self) -> int:
        """Weights of the network, those that two layers share counted once."""
        from safetensors import safe_open

        count = 0
        for path in self.path.glob("*.safetensors"):
            with safe_open(path, "np") as tensors:
                count += sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
        return count

    def checkpoints(self) -> dict[int, Path]:
        """Where the states at smaller token budgets lie, by budget; each opens as a LanguageModel."""
        folders = {int(path.name): path for path in (self.path / CHECKPOINTS).glob("*")}
        return dict(sorted(folders.items()))


def write_language_model(
    directory: Path,
    network: "LlamaForCausalLM",
    tokenizer: Path,
    training: Iterable[PretrainingRow],
    perplexity: Mapping[str, Mapping[str, Any]],
    shards: Mapping[str, ShardUse] | None = None,
    choices: Mapping[str, Mapping[str, Any]] | None = None,
    documents: DocumentLosses | None = None,
    context_use: Mapping[str, Any] | None = None,
    heldout: Mapping[str, Heldout] | None = None,
) -> None:
    """Writes the files of a LanguageModel.

    Args:
        directory: Where they go.
        network: The network.
        tokenizer: Its `tokenizer.json`.
        training: The training log.
        perplexity: Scores of held-out text by source.
        shards: What it was trained on, by shard.
        choices: Scores of multiple choice on held-out text, by suite.
        documents: What each document of the held-out text costs.
        context_use: How it uses its context.
        heldout: The held-out text, by source, so that what is made of the model can be scored on it too.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    network.save_pretrained(directory)
    shutil.copyfile(tokenizer, directory / TOKENIZER)
    lines = (to_json(dataclasses.asdict(row)) + "\n" for row in training)
    (directory / TRAINING).write_text("".join(lines))
    write_json(directory / PERPLEXITY, perplexity)
    write_documents(directory, documents)
    write_json(directory / CHOICES, choices or {})
    write_json(directory / CONTEXT_USE, context_use or {})
    if heldout:
        _write_text(directory / HELDOUT, heldout)
    used = {name: dataclasses.asdict(entry) for name, entry in (shards or {}).items()}
    write_json(directory / SHARDS, used)


def _write_text(path: Path, heldout: Mapping[str, Heldout]) -> None:
    """Writes windows of text, a row each: the inputs and behind them the last target, and the targets' documents."""
    rows = [
        {"source": source, "ids": [*inputs.tolist(), int(targets[-1])], "documents": documents.tolist()}
        for source, text in heldout.items()
        for inputs, targets, documents in zip(text.inputs, text.targets, text.documents, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=_TEXT), path, compression="zstd")


def _read_text(path: Path) -> dict[str, Heldout]:
    table = pq.read_table(path)
    sources = table.column("source").to_pylist()
    ids, documents = (np.array(table.column(name).to_pylist(), np.int64) for name in ("ids", "documents"))
    found = {}
    for source in dict.fromkeys(sources):
        own = [row for row, name in enumerate(sources) if name == source]
        found[source] = Heldout(ids[own, :-1], ids[own, 1:], documents[own])
    return found
