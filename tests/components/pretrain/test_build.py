import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.data import BlendBatches
from inkling.components.shared.store.manifest import ArtifactError

_PROGRAM = Path(__file__).with_name("pretraining.py")


def _read(tokens: Tokens, output: Path, *arguments: str) -> int:
    program = [sys.executable, str(_PROGRAM), str(tokens.path), str(output), *arguments]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode


def _config(**changes: object) -> PretrainConfig:
    settings = {"preset": "tiny", "token_budget": 1_500, "batch": 4, "context": 32, "learning_rate": 1e-2, "threads": 1}
    return PretrainConfig(**{**settings, "seed": 5, "checkpoint_every": 4, **changes})


@pytest.mark.soak
@pytest.mark.slow
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
        name: shard.tokens - shard.documents
        for name, shard in blend.heldout.items()  # what begins one is not scored
    }
    network = model.network()
    ids = torch.arange(3, 20)[None]
    assert network(ids).logits.shape == (1, 17, blend.vocabulary)
    assert model.tokenizer().get_vocab_size() == blend.vocabulary
    assert json.loads((model.path / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]


def test_the_no_pretraining_baseline_has_the_initial_weights(tokens: Tokens, tmp_path: Path):
    from inkling.models.language.presets import load_preset

    model = build_pretrain(_config(no_pretraining=True), tokens.path, tmp_path / "language_model")
    fresh = load_preset("tiny").build(tokens.blend().vocabulary, 5)
    assert all(torch.equal(a, b) for a, b in zip(model.network().parameters(), fresh.parameters(), strict=True))
    assert model.training() == []
    assert model.perplexity()["code"]["model_perplexity"] == pytest.approx(tokens.blend().vocabulary, rel=0.5)


def test_one_run_leaves_a_model_for_each_budget_in_exports(tokens: Tokens, tmp_path: Path):
    from inkling.models.language.presets import load_preset

    config = _config(exports=(0, 500))
    model = build_pretrain(config, tokens.path, tmp_path / "language_model")
    plain = build_pretrain(_config(), tokens.path, tmp_path / "plain")
    names = ("model.safetensors", "training.jsonl", "perplexity.json", "shards.json")
    assert all(model.manifest.files[name] == plain.manifest.files[name] for name in names)
    assert plain.checkpoints() == {}
    states = {budget: LanguageModel.open(path) for budget, path in model.checkpoints().items()}
    assert list(states) == [0, 500]
    fresh = load_preset("tiny").build(tokens.blend().vocabulary, 5)
    assert all(torch.equal(a, b) for a, b in zip(states[0].network().parameters(), fresh.parameters(), strict=True))
    assert [row["step"] for row in states[500].training()] == [1, 2, 3, 4]
    assert states[500].training() == model.training()[:4]
    nll = [state.perplexity()["code"]["model_nll"] for state in (*states.values(), model)]
    assert nll[0] > nll[1] > nll[2]
    assert sum(entry.tokens for entry in states[500].shards().values()) == 4 * 128
    assert len({state.manifest.provenance.key for state in (*states.values(), model)}) == 3
    assert states[500].tokenizer().get_vocab_size() == tokens.blend().vocabulary


def test_what_was_trained_on_is_reported_by_shard(tokens: Tokens, tmp_path: Path):
    anneal = {"fraction": 0.25, "weights": {"math": 1.0}}
    model = build_pretrain(_config(anneal=anneal), tokens.path, tmp_path / "language_model")
    shards = model.shards()
    assert list(shards) == ["code", "math"]
    assert sum(entry.tokens for entry in shards.values()) == 12 * 128
    assert shards["code"].weight == 0.75
    assert shards["code"].share == pytest.approx(0.75 * 0.75, abs=0.05)
    assert shards["math"].epochs == pytest.approx(shards["math"].tokens / tokens.blend().train["math"].tokens)


def test_a_shard_that_is_not_there_cannot_be_annealed_on(tokens: Tokens, tmp_path: Path):
    from inkling.components.shared.config import ConfigError

    config = _config(anneal={"fraction": 0.25, "weights": {"maths": 1.0}})
    with pytest.raises(ConfigError, match=r"unknown shard in pretrain.anneal.weights 'maths'. Did you mean 'math'\?"):
        build_pretrain(config, tokens.path, tmp_path / "language_model")


@pytest.mark.parametrize("workers", [1, 2])
def test_who_reads_ahead_changes_no_bit(tokens: Tokens, tmp_path: Path, workers: int):
    plain = build_pretrain(_config(), tokens.path, tmp_path / "plain")
    model = build_pretrain(_config(loader_workers=workers), tokens.path, tmp_path / "language_model")
    assert model.manifest.files == plain.manifest.files


def test_a_loss_that_jumps_names_the_documents(tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from inkling.components.pretrain import train
    from inkling.models.training.job import TrainingError

    honest, calls = train.next_token_loss, 0

    def jumping(network, batch):
        nonlocal calls
        calls += 1
        return honest(network, batch) + (4.0 if calls == 60 else 0.0)

    monkeypatch.setattr(train, "next_token_loss", jumping)
    with pytest.raises(TrainingError, match=r"jumps from \d\.\d+ to \d\.\d+ at step 60") as caught:
        build_pretrain(_config(token_budget=20_000, checkpoint_every=25), tokens.path, tmp_path / "language_model")
    assert "the last good checkpoint is" in str(caught.value) and "step-00000050" in str(caught.value)
    (record,) = tmp_path.glob(".language_model.scratch/*/failure.json")
    failure = json.loads(record.read_text())
    assert (failure["step"], failure["checkpoint"], len(failure["sequences"])) == (60, 50, 4)
    name, _, document, _, first = failure["sequences"][0].split()
    shard = tokens.dataset(name, "train")
    place = int(np.cumsum([0, *shard.lengths])[shard.documents[int(document)]]) + int(first)
    assert 0 <= int(first) < len(shard.document(int(document)))
    weights = {name: entry.weight for name, entry in tokens.blend().train.items()}
    texts = {name: tokens.dataset(name, "train").tokens for name in weights}
    batch = BlendBatches(texts, weights, 4, 32, 157, 5).batch(59)
    assert batch["inputs"][0].tolist() == shard.tokens[place : place + 32].tolist()


@pytest.mark.soak
@pytest.mark.slow
def test_twenty_kills_at_random_steps_end_at_the_same_bytes(tokens: Tokens, tmp_path: Path):
    """Each child is a fork of one that has imported the frameworks, trains on, and is killed inside some later step."""
    killed = tmp_path / "killed/language_model"
    program = [sys.executable, str(_PROGRAM), str(tokens.path), str(killed), "often", "20"]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "killed 20 times"
    config = _config(token_budget=12_000, checkpoint_every=3)
    again = build_pretrain(config, tokens.path, tmp_path / "again/language_model")
    assert LanguageModel.open(killed).manifest.files == again.manifest.files


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
    from inkling.components.artifacts.tokens import BLEND, shard
    from inkling.components.shared.store.manifest import Manifest

    path = folder / "short"
    shutil.copytree(tokens.path, path)
    with IndexedWriter(shard(path, "math", "train"), tokens.blend().vocabulary) as writer:
        writer.add([[3] * 100])
    blend = tokens.blend()
    train = {**blend.train, "math": dataclasses.replace(blend.train["math"], tokens=100, documents=1)}
    dataclasses.replace(blend, train=train).write(path / BLEND)
    Manifest.describe(path, "Tokens", 1, tokens.manifest.provenance).write(path)
    return path
