"""Making a LanguageModel: read the tokens, train, score held-out text."""

from pathlib import Path

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.store import Draft, produce
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig


def build_pretrain(config: PretrainConfig, tokens: str | Path, output: str | Path) -> LanguageModel:
    """Trains a language model, or reuses the one that was trained on the same tokens.

    Args:
        config: The stage's configuration.
        tokens: Where the Tokens artifact lies.
        output: Where the LanguageModel artifact shall lie.

    Raises:
        ArtifactError: If the tokens are not what was written.
        ValueError: If a source of the blend is shorter than one sequence.
        TrainingError: If training diverges.
    """
    opened = Tokens.open(tokens)
    return produce(LanguageModel, output, config, {"tokens": opened}, lambda draft: _make(config, opened, draft))


def _make(config: PretrainConfig, tokens: Tokens, draft: Draft) -> None:
    import torch

    from inkling.components.artifacts.language_model import write_language_model
    from inkling.components.artifacts.tokens import TOKENIZER
    from inkling.components.pretrain.train import evaluate, train
    from inkling.models.language import build_language_model

    torch.set_num_threads(config.threads)
    network = build_language_model(config.preset, tokens.blend().vocabulary, config.seed)
    rows = train(config, network, tokens, draft.work)
    perplexity = evaluate(config, network, tokens)
    write_language_model(draft.path, network, tokens.path / TOKENIZER, rows, perplexity)
