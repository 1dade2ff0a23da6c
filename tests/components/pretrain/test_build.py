import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.config import PretrainConfig

_PROGRAM = Path(__file__).with_name("reading.py")


def _read(tokens: Tokens, output: Path, *arguments: str) -> int:
    program = [sys.executable, str(_PROGRAM), str(tokens.path), str(output), *arguments]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode


def _config(**changes: object) -> PretrainConfig:
    settings = {"preset": "tiny", "token_budget": 1_500, "batch": 4, "context": 32, "learning_rate": 1e-2, "threads": 1}
    return PretrainConfig(**{**settings, "seed": 5, "checkpoint_every": 4, **changes})


def test_a_killed_stage_ends_at_the_same_bytes(tokens: Tokens, tmp_path: Path):
    killed = tmp_path / "killed/language_model"
    assert _read(tokens, killed, "10") == -9
    assert not killed.exists()
    assert _read(tokens, killed) == 0
    again = build_pretrain(_config(), tokens.path, tmp_path / "again/language_model")
    assert LanguageModel.open(killed).manifest.files == again.manifest.files
    rows = again.training()
    assert [row["step"] for row in rows] == list(range(1, 13))
    assert [row["tokens"] for row in rows] == [128 * step for step in range(1, 13)]
    assert list(rows[0]) == ["step", "tokens", "loss", "learning_rate"]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert {path.name for path in killed.parent.iterdir()} == {"language_model", ".language_model.lock"}


def test_language_is_learned_in_the_sources_that_were_read(tokens: Tokens, tmp_path: Path):
    model = build_pretrain(_config(token_budget=20_000), tokens.path, tmp_path / "language_model")
    scores = model.perplexity()
    assert list(scores) == ["code", "math", "literature"]
    for source in ("code", "math"):
        assert scores[source]["interval"][1] < 0.6 * scores[source]["unigram_perplexity"]
    blend = tokens.blend()
    assert {name: score["tokens"] for name, score in scores.items()} == {
        name: shard.tokens for name, shard in blend.heldout.items()
    }
    network = model.network()
    ids = torch.arange(3, 20)[None]
    assert network(ids).logits.shape == (1, 17, blend.vocabulary)
    assert model.tokenizer().get_vocab_size() == blend.vocabulary
    assert json.loads((model.path / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]


def test_the_model_that_read_nothing_has_the_first_weights(tokens: Tokens, tmp_path: Path):
    from inkling.models.language import build_language_model

    model = build_pretrain(_config(untrained=True), tokens.path, tmp_path / "language_model")
    fresh = build_language_model("tiny", tokens.blend().vocabulary, 5)
    assert all(torch.equal(a, b) for a, b in zip(model.network().parameters(), fresh.parameters(), strict=True))
    assert model.training() == []
    assert model.perplexity()["code"]["model_perplexity"] == pytest.approx(tokens.blend().vocabulary, rel=0.5)


def test_changed_tokens_are_refused_before_any_work(tokens: Tokens, tmp_path: Path):
    data = tokens.path / "train/code.bin"
    data.write_bytes(b"\7" + data.read_bytes()[1:])
    with pytest.raises(ArtifactError, match=r"train/code\.bin"):
        build_pretrain(_config(), tokens.path, tmp_path / "language_model")
    assert not (tmp_path / "language_model").exists()


def test_a_source_that_is_too_short_is_named(tokens: Tokens, tmp_path: Path):
    with pytest.raises(ValueError, match="source 'math' has"):
        build_pretrain(_config(preset="laptop", context=256), _shortened(tokens, tmp_path), tmp_path / "language_model")


def _shortened(tokens: Tokens, folder: Path) -> Path:
    import dataclasses
    import shutil

    from inkling.components.artifacts.indexed import IndexedWriter
    from inkling.components.artifacts.manifest import Manifest
    from inkling.components.artifacts.tokens import BLEND, shard

    path = folder / "short"
    shutil.copytree(tokens.path, path)
    with IndexedWriter(shard(path, "math", "train"), tokens.blend().vocabulary) as writer:
        writer.add([[3] * 100])
    blend = tokens.blend()
    train = {**blend.train, "math": dataclasses.replace(blend.train["math"], tokens=100, documents=1)}
    dataclasses.replace(blend, train=train).write(path / BLEND)
    Manifest.describe(path, "Tokens", 1, tokens.manifest.provenance).write(path)
    return path
