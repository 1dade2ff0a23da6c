"""The page about a model's reading: it stands alone, is written for a reused model too, and tells a control."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from kfp import dsl

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.component import pretrain
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.store.store import STORE_VARIABLE
from inkling.pipelines.local import reproduce

PROFILE = """
pretrain: {preset: tiny, token_budget: 1_500, batch: 4, context: 32, threads: 1, choice_items: 0, exports: [0.5]}
"""


def _run(tokens: Tokens, folder: Path, no_pretraining: bool = False) -> str:
    """Runs the component as KFP's executor does and returns its page."""
    outputs = {name: SimpleNamespace(path=str(folder / name)) for name in ("language_model", "loss")}
    pretrain.python_func(config=PROFILE, tokens=tokens, no_pretraining=no_pretraining, **outputs)
    return (folder / "loss").read_text()


def test_the_page_shows_what_was_trained_on_and_is_written_for_a_reused_model(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    first = _run(tokens, tmp_path / "first")
    assert _run(tokens, tmp_path / "second") == first
    assert "12 steps trained on 1,536 tokens" in first
    assert "<svg" in first and "Learning rate" in first
    for name, share in (("code", "75.00"), ("math", "25.00")):
        assert re.search(rf'scope="row">{name}</th>.*?>{share}</td>', first)
    assert "literature" in first, "held-out text of a source that was not trained on"
    assert "http" not in first and "<script" not in first and not re.search(r'(src|href)="(?!#)', first)
    assert not (tmp_path / "second" / "loss" / "manifest.json").exists()


def test_the_page_of_the_no_pretraining_baseline_says_so(tokens: Tokens, tmp_path: Path) -> None:
    page = _run(tokens, tmp_path, no_pretraining=True)
    assert "This is the no-pretraining baseline" in page
    assert "<svg" not in page and "steps trained on" not in page
    assert "Bits per byte" in page


def test_the_model_is_made_again_though_its_page_is_no_artifact(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage runs here instead of in a process of its own, which would import the frameworks anew."""

    def here(target, args):
        return SimpleNamespace(start=lambda: target(*args), join=lambda: None, exitcode=0)

    model = build_pretrain(PretrainConfig.parse(PROFILE, no_pretraining=True), tokens.path, tmp_path / "language_model")
    monkeypatch.setattr(reproduce.multiprocessing, "get_context", lambda kind: SimpleNamespace(Process=here))
    made = reproduce._remake(model.manifest.provenance, PROFILE, {tokens.digest: tokens.path}, tmp_path / "again")
    assert list(made) == ["language_model"]
    assert LanguageModel.open(made["language_model"]).digest == model.digest


def test_kubeflow_shows_it_as_html() -> None:
    assert pretrain.component_spec.outputs["loss"].type == f"{dsl.HTML.schema_title}@0.0.1"
