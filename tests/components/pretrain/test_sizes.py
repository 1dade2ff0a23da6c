"""Larger models learn more of the same text, and each more of more text."""

from itertools import pairwise
from pathlib import Path

import pytest


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.data
def test_at_fixed_tokens_the_heldout_loss_falls_with_size(tmp_path: Path) -> None:
    """Three presets for a CPU, on the mixture of `tiny` with a budget that tells them apart."""
    from inkling.components.analyze.scaling import states
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig
    from inkling.components.mixture.build import build_mixture
    from inkling.components.mixture.config import MixtureConfig
    from inkling.components.pretrain.build import build_pretrain
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.pipelines import profiles

    settings = ("batch=4", "choice_items=0", "exports=[0.25, 0.5]")
    profile = profiles.load("tiny", ["token_budget=400_000", "threads=1", *(f"pretrain.{one}" for one in settings)])
    build_corpus(CorpusConfig.parse(profile), tmp_path / "corpus")
    tokens = build_mixture(MixtureConfig.parse(profile), tmp_path / "corpus", tmp_path / "tokens").path
    models = [
        build_pretrain(PretrainConfig.parse(profile, preset=size), tokens, tmp_path / size)
        for size in ("micro", "mini", "tiny")
    ]
    assert [model.parameters() for model in models] == sorted(model.parameters() for model in models)
    for model in models:
        law = states(model)["law"]
        print(f"{model.parameters():,} parameters: {law}")
        assert law["exponent"]["low"] > 0
    losses = [model.documents().nats_per_token() for model in models]
    for smaller, larger in pairwise(losses):
        gain = (larger - smaller).interval()
        print(f"{larger.value:.3f} after {smaller.value:.3f}: {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")
        assert gain.high < 0
