"""Megatron-core reads every shard of a Tokens artifact and its blend, with its own reader and no help of ours."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.tokens import Tokens
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig

SHARES = {"code": 0.75, "encyclopedia": 0.25}


@pytest.fixture
def tokens(corpus: Corpus, tmp_path: Path) -> Tokens:
    config = MixtureConfig.model_validate({"recipe": SHARES, "vocabulary": 320, "token_budget": 10_000})
    return build_mixture(config, corpus.path, tmp_path / "tokens")


def test_the_blend_file_alternates_weights_and_prefixes(tokens: Tokens) -> None:
    """The format of Megatron's `--data-path` and `--data-args-path` and of NeMo's `data_prefix`."""
    words = (tokens.path / "blend.txt").read_text().split()
    assert {prefix: float(weight) for weight, prefix in zip(words[::2], words[1::2], strict=True)} == {
        f"train/{name}": share for name, share in SHARES.items()
    }
    listed = tokens.data_prefix()
    assert listed[::2] == words[::2]
    assert listed[1::2] == [str(tokens.path / word) for word in words[1::2]]
    assert all(Path(f"{prefix}{suffix}").exists() for prefix in listed[1::2] for suffix in (".bin", ".idx"))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("megatron") is None, reason="megatron-core is not installed")
def test_megatron_reads_the_same_tokens_and_draws_the_recipe(tokens: Tokens, tmp_path: Path) -> None:
    program = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("megatron_reads.py"))]
    before = sorted(tokens.path.rglob("*"))
    ended = subprocess.run(
        [*program, str(tokens.path), str(tmp_path / "cache")],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    read = json.loads(ended.stdout.splitlines()[-1])
    blend = tokens.blend()
    ours = {}
    for split, names in (("train", blend.train), ("heldout", blend.heldout)):
        for name in names:
            dataset = tokens.dataset(name, split)  # type: ignore[arg-type]
            ours[f"{split}/{name}"] = {
                "tokens": hashlib.sha256(np.asarray(dataset.tokens, np.int64).tobytes()).hexdigest(),
                "lengths": dataset.lengths.tolist(),
                "documents": dataset.documents.tolist(),
            }
    assert read["shards"] == ours
    assert len(ours) == 4
    assert read["shares"] == pytest.approx(SHARES, abs=0.001)
    assert sorted(tokens.path.rglob("*")) == before
