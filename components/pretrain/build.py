"""Making a LanguageModel: open the tokens, train, score held-out text."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.store.manifest import Manifest, digest_of
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

    from inkling.components.pretrain.train import Trained


def build_pretrain(config: PretrainConfig, tokens: str | Path, output: str | Path) -> LanguageModel:
    """Trains a language model, or reuses the one that was trained on the same tokens.

    Raises:
        ArtifactError: If the tokens are not what was written.
        ConfigError: If the annealing names a shard that the tokens lack.
        ConfigError: If memory, disk or the hours allowed do not suffice; the message names the nearest run that fits.
        ValueError: If a source of the blend is shorter than one sequence.
        TrainingError: If training diverges.
        RankError: If one of several ranks fails; the message ends with its own traceback.
        StorageError: If the object storage between stage and ranks cannot be used.
    """
    opened = Tokens.open(tokens)
    return produce(LanguageModel, output, config, {"tokens": opened}, lambda draft: _make(config, opened, draft))


def _make(config: PretrainConfig, tokens: Tokens, draft: Draft) -> None:
    from inkling.components.pretrain.preflight import check

    if config.steps:
        check(config, tokens.blend().vocabulary, draft.scratch)
    own = config
    if config.strategy != "single" and config.steps:
        from inkling.components.pretrain.launch import pretrain_on_ranks

        pretrain_on_ranks(config, tokens, draft.scratch)
        own = config.alone()
    import torch

    from inkling.components.artifacts.language_model import CHECKPOINTS
    from inkling.components.pretrain.train import train
    from inkling.models.language.presets import load_preset
    from inkling.models.training.checkpoint import restore_weights

    torch.set_num_threads(config.threads)
    network = load_preset(config.preset).build(tokens.blend().vocabulary, config.seed)
    trained = train(own, network, tokens, draft.scratch)
    _write(config, network, tokens, trained, draft.path)
    origin = provenance(config, {"tokens": tokens})
    for budget, (state, weights) in trained.exports.items():
        restore_weights(network, weights)
        folder = draft.path / CHECKPOINTS / str(budget)
        _write(config, network, tokens, state, folder)
        made = dataclasses.replace(origin, key="", config={**origin.config, "checkpoint": budget})
        made = dataclasses.replace(made, key=digest_of(dataclasses.asdict(made)))
        Manifest.describe(folder, LanguageModel.type, LanguageModel.schema, made).write(folder)


def _write(
    config: PretrainConfig, network: "LlamaForCausalLM", tokens: Tokens, trained: "Trained", directory: Path
) -> None:
    """Scores a state of the network and writes the files of a LanguageModel."""
    from inkling.components.artifacts.language_model import write_language_model
    from inkling.components.artifacts.tokens import TOKENIZER
    from inkling.components.pretrain.choices import score_choices
    from inkling.components.pretrain.context_use import context_use
    from inkling.components.pretrain.train import evaluate

    perplexity, documents, heldout = evaluate(config, network, tokens)
    choices = score_choices(config, network, tokens)
    shards = {name: tokens.dataset(name, "heldout") for name in tokens.blend().heldout}
    used = context_use(network, shards, config.context)
    write_language_model(
        directory, network, tokens.path / TOKENIZER, trained.rows, perplexity, trained.shards, choices, documents,
        used, heldout,
    )  # fmt: skip
