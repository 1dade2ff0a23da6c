"""The description of a profile's text on the real packages."""

from pathlib import Path

import pytest
from rich.console import Console

from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.pipelines.commands.describe import describe_corpus

PROFILE = """
seed: 0
token_budget: 100_000
corpus: {words_per_source: 30_000, segments_per_document: 1, heldout: 0.2}
"""


@pytest.mark.data
@pytest.mark.parametrize("recipe", ["mix6", "{labels: {reasoning: 0.6, visual: 0.15}}"])
def test_the_corpus_its_recipe_and_the_grid(monkeypatch: pytest.MonkeyPatch, recipe: str, home: Path) -> None:
    monkeypatch.setenv("INKLING_STORE", "")
    console = Console(width=220, record=True)
    describe_corpus(PROFILE + f"mixture: {{recipe: {recipe}}}", home, console)
    text = console.export_text()
    assert all(name in text for name in ("web-crawl", "encyclopedia", "academia", "literature", "math", "code"))
    assert ("web-crawl.visual" in text) == recipe.startswith("{")
    assert "visual 15 %" in text
    assert "infeasible" not in text
    assert "left out of the corpus" in text


@pytest.mark.data
def test_tokens_are_counted_by_the_tokenizer_of_a_run(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("INKLING_STORE", "")
    profile = PROFILE + "mixture: {recipe: mix6, vocabulary: 400, tokenizer_words: 20_000}"
    console = Console(width=220, record=True)
    describe_corpus(profile, home, console)
    assert "tokens are counted once a run has made" in console.export_text()
    build_mixture(MixtureConfig.parse(profile), home / "described" / "corpus", home / "tokens")
    describe_corpus(profile, home, console)
    assert "tokens are counted once a run has made" not in console.export_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all recipes: the corpus is built once."""
    return tmp_path_factory.mktemp("home")
