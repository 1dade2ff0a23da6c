"""Training a language model on a blend, and scoring what it learned."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inkling.components.artifacts.indexed import IndexedDataset
from inkling.components.artifacts.language_model import PretrainingRow, ShardUse
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.data import Anneal, BlendBatches
from inkling.components.pretrain.perplexity import heldout_windows, score_sources, unigram_log_probabilities
from inkling.components.shared.config import ConfigError, unknown
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.models.language.presets import load_preset
from inkling.models.sequence.heldout import Heldout
from inkling.models.training.devices import accelerator, matrix_rate
from inkling.models.training.fit import fit
from inkling.models.training.job import CheckpointMirror, Execution, Optimization
from inkling.models.training.ranks import Ranks


@dataclass(frozen=True)
class Trained:
    """A state of a training run.

    Attributes:
        rows: A row per step.
        shards: What it was trained on, by shard.
        exports: States at smaller token budgets, by budget, with where their weights lie.
    """

    rows: list[PretrainingRow]
    shards: dict[str, ShardUse]
    exports: "dict[int, tuple[Trained, Path]]"


class TokenProgress(Progress):
    """Progress in tokens, with their number per second and the share of the machine's speed, for a loop of steps."""

    def __init__(self, label: str, steps: int, done: int, tokens_per_step: int, ceiling: float) -> None:
        """Starts the clock after `done` steps; `ceiling` is how many tokens a second matrix products alone allow."""
        super().__init__(label, steps * tokens_per_step, "tokens", done * tokens_per_step)
        self._tokens_per_step, self._trained, self._ceiling = tokens_per_step, 0, ceiling
        self._began = time.monotonic()

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts steps."""
        self._trained += int(units) * self._tokens_per_step
        speed = self._trained / (time.monotonic() - self._began)
        rates = {"tokens/s": speed, "of matmul peak": speed / self._ceiling}
        super().advance(units * self._tokens_per_step, **figures, **rates)


def next_token_loss(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy of the next token, in nats."""
    logits = network(input_ids=batch["inputs"], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch["targets"].flatten())


def train(
    config: PretrainConfig, network: torch.nn.Module, tokens: Tokens, work: Path, mirror: CheckpointMirror | None = None
) -> Trained:
    """Trains a network in place on a blend of sources, alone or as one rank of several.

    Args:
        config: The stage's configuration.
        network: The language model.
        tokens: What it is trained on.
        work: Directory that outlives a kill.
        mirror: Its copy in object storage, where it does not.

    Raises:
        ConfigError: If the annealing names a shard that the tokens lack, or there are other than `ranks` ranks.
        ValueError: If a source is shorter than one sequence.
        TrainingError: If training diverges.
    """
    weights = {name: shard.weight for name, shard in tokens.blend().train.items()}
    shards = {name: tokens.dataset(name, "train") for name in weights}
    batches = BlendBatches(
        {name: shard.tokens for name, shard in shards.items()},
        weights, config.batch, config.context, config.steps, config.seed, _anneal(config, weights), config.shuffled,
    )  # fmt: skip
    fitted = fit(
        network,
        next_token_loss,
        batches,
        Optimization(
            steps=config.steps,
            learning_rate=config.learning_rate,
            warmup_steps=config.effective_warmup_steps if config.steps else 0,
            final_ratio=config.final_ratio,
            weight_decay=config.weight_decay,
            betas=config.betas,
        ),
        work,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        progress=lambda done: _progress(config, network, done),
        execution=_execution(config),
        save_steps=tuple(config.export_steps.values()),
        loss_spike=config.loss_spike,
        describe=None if config.shuffled else lambda step: describe_batch(batches, shards, step),
        mirror=mirror,
    )
    per_step = config.batch * config.context
    rows = [PretrainingRow(row.step, row.step * per_step, row.loss, row.learning_rate) for row in fitted.rows]
    exports = {
        budget: (Trained(rows[:step], _shard_use(batches, shards, weights, config, step), {}), fitted.saved[step])
        for budget, step in config.export_steps.items()
    }
    return Trained(rows, _shard_use(batches, shards, weights, config, config.steps), exports)


def describe_batch(batches: BlendBatches, shards: Mapping[str, IndexedDataset], step: int) -> list[str]:
    """Where each sequence of a batch comes from: its shard, its first document and its first token there."""
    ends = {
        name: np.concatenate([[0], np.cumsum(shard.lengths, dtype=np.int64)])[shard.documents]
        for name, shard in shards.items()
    }
    lines = []
    for window in batches.windows(step):
        document = int(np.searchsorted(ends[window.source], window.token, side="right")) - 1
        lines.append(f"{window.source} document {document} token {window.token - int(ends[window.source][document])}")
    return lines


def _anneal(config: PretrainConfig, shards: Mapping[str, float]) -> Anneal | None:
    if config.anneal is None or not config.steps:
        return None
    for name in config.anneal.weights:
        if name not in shards:
            raise unknown("shard in pretrain.anneal.weights", name, shards)
    return Anneal(config.steps - round(config.anneal.fraction * config.steps), config.anneal.weights)


def _shard_use(
    batches: BlendBatches,
    shards: Mapping[str, IndexedDataset],
    weights: Mapping[str, float],
    config: PretrainConfig,
    steps: int,
) -> dict[str, ShardUse]:
    """What the first steps train on, by shard."""
    used = {name: count * config.context for name, count in sorted(batches.sequences(steps).items())}
    whole = steps * config.batch * config.context
    return {
        name: ShardUse(count, count / whole, weights[name], count / len(shards[name].tokens))
        for name, count in used.items()
        if whole
    }


def _execution(config: PretrainConfig) -> Execution:
    size = Ranks.of(config.strategy).size
    if size != config.ranks:
        raise ConfigError(f"pretrain needs {config.ranks} ranks ('processes' x 'nodes'), the launcher started {size}")
    return Execution(config.strategy, config.accumulate, config.precision, config.compile, config.loader_workers)


def _progress(config: PretrainConfig, network: torch.nn.Module, done: int) -> TokenProgress:
    """Measures the speed of matrix products at the run's shapes, and starts the clock."""
    cuda = torch.cuda.is_available()
    rows = config.batch // (config.ranks * config.accumulate) * config.context
    shape = network.config
    bf16 = _execution(config).bf16(cuda)
    rate = matrix_rate(rows, shape.hidden_size, shape.intermediate_size, "cuda" if cuda else "cpu", bf16)
    operations = load_preset(config.preset).operations(shape.vocab_size, config.context)
    ceiling = config.ranks * rate / operations
    return TokenProgress("pre-training", config.steps, done, config.batch * config.context, ceiling)


def evaluate(
    config: PretrainConfig, network: torch.nn.Module, tokens: Tokens
) -> tuple[dict[str, dict[str, Any]], DocumentLosses, dict[str, Heldout]]:
    """Scores every source's held-out text under the network and under a unigram model of the blend.

    Returns:
        The fields of `Perplexity` by source, what each document costs the network, and the text by source.
    """
    blend = tokens.blend()
    counts = {
        name: np.bincount(tokens.dataset(name, "train").tokens, minlength=blend.vocabulary) for name in blend.train
    }
    unigram = unigram_log_probabilities(
        counts, {name: shard.weight for name, shard in blend.train.items()}, config.token_budget
    )
    windows = {
        name: heldout_windows(tokens.dataset(name, "heldout"), config.context, config.heldout_windows)
        for name in blend.heldout
    }
    # Bytes of a scored token: `<|bos|>`, one a document, is not scored.
    density = {name: entry.bytes / (entry.tokens - entry.documents) for name, entry in blend.heldout.items()}
    network.eval().to(accelerator())
    with Progress("scoring held-out text", len(windows), "sources") as progress:
        scores, documents = score_sources(network, windows, density, unigram, progress.advance)
    for name, entry in scores.items():
        note(
            f"{name}: held-out perplexity {entry['model_perplexity']:,.1f}, "
            f"of a unigram model {entry['unigram_perplexity']:,.1f} ({entry['tokens']:,} tokens)"
        )
    return scores, documents, windows
