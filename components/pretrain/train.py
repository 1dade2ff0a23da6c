"""Training a language model on a blend, and scoring what it learned."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inkling.components.artifacts.language_model import TrainingRow
from inkling.components.artifacts.tokens import EOS_ID, Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.data import BlendBatches
from inkling.components.pretrain.perplexity import score_sources, unigram_log_probabilities
from inkling.components.progress import Progress, note
from inkling.models.training.fit import fit
from inkling.models.training.optimization import Optimization


class TokenProgress(Progress):
    """Progress in tokens, with their number per second, for a loop that counts steps."""

    def __init__(self, label: str, steps: int, done: int, tokens_per_step: int) -> None:
        """Starts the clock after `done` steps."""
        super().__init__(label, steps * tokens_per_step, "tokens", done * tokens_per_step)
        self._tokens_per_step, self._read, self._began = tokens_per_step, 0, time.monotonic()

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts steps."""
        self._read += int(units) * self._tokens_per_step
        speed = self._read / (time.monotonic() - self._began)
        super().advance(units * self._tokens_per_step, **figures, **{"tokens/s": speed})


def next_token_loss(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cost of the next token, in nats."""
    logits = network(input_ids=batch["inputs"], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["targets"].flatten())


def train(config: PretrainConfig, network: torch.nn.Module, tokens: Tokens, work: Path) -> list[TrainingRow]:
    """Trains a network in place on a blend of sources.

    Args:
        config: The stage's configuration.
        network: The language model.
        tokens: What it reads.
        work: Directory that outlives a kill.

    Returns:
        A row per step.
    """
    weights = {name: shard.weight for name, shard in tokens.blend().train.items()}
    sources = {name: tokens.dataset(name, "train").tokens for name in weights}
    batches = BlendBatches(sources, weights, config.batch, config.context, config.steps, config.seed)
    optimization = Optimization(
        steps=config.steps,
        learning_rate=config.learning_rate,
        warmup_steps=int(config.warmup * config.steps),
        weight_decay=config.weight_decay,
    )
    per_step = config.batch * config.context
    rows = fit(
        network,
        next_token_loss,
        batches,
        optimization,
        work,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        progress=lambda done: TokenProgress("reading", config.steps, done, per_step),
    )
    return [TrainingRow(row.step, row.step * per_step, row.loss, row.learning_rate) for row in rows]


def evaluate(config: PretrainConfig, network: torch.nn.Module, tokens: Tokens) -> dict[str, dict[str, Any]]:
    """Perplexity of every source's held-out text, under the network and under a unigram model of the blend."""
    blend = tokens.blend()
    counts = {
        name: np.bincount(tokens.dataset(name, "train").tokens, minlength=blend.vocabulary) for name in blend.train
    }
    unigram = unigram_log_probabilities(
        counts, {name: shard.weight for name, shard in blend.train.items()}, config.token_budget
    )
    shards = {name: tokens.dataset(name, "heldout") for name in blend.heldout}
    network.eval()
    with Progress("scoring held-out text", len(shards), "sources") as progress:
        scores = score_sources(
            network, shards, unigram, config.context, config.heldout_windows, EOS_ID, progress.advance
        )
    for name, entry in scores.items():
        note(
            f"{name}: held-out perplexity {entry['model_perplexity']:,.1f}, "
            f"of a unigram model {entry['unigram_perplexity']:,.1f} ({entry['tokens']:,} tokens)"
        )
    return scores
