"""The comparison of two mixtures: a fair sample, honest intervals, a report that needs nothing from outside."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import LABELS
from inkling.components.artifacts.tokens import Tokens
from inkling.components.label.mixtures import draw_tokens
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.pipelines.cli import app
from inkling.pipelines.commands.mixture import find_tokens

CODE = "def area(self, width):\n    if width == 0:\n        return None\n    return self.height * width\n"
PROSE = "whereas the parties have agreed to the terms that follow and to no others\n"


@pytest.fixture(scope="module")
def mixtures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokens, Tokens]:
    """A quarter and three quarters of code."""
    path = tmp_path_factory.mktemp("mixtures")
    corpus = path / "corpus"
    corpus.mkdir()
    for source, text in (("code", CODE), ("law", PROSE)):
        segments = [
            Segment(source, f"{i}", 0, text * (1 + i % 3), 20 * (1 + i % 3), "MIT", "train" if i % 5 else "heldout")
            for i in range(60)
        ]
        write_segments(corpus, source, segments)
    summary = SourceSummary("real", "text", 2_400, 60, 12, 60, ["MIT"], {})
    write_sources(corpus, {"code": summary, "law": summary})
    Manifest.describe(corpus, Corpus.type, Corpus.schema, Provenance("corpus", "", "", {}, {}, {})).write(corpus)

    def build(share: float) -> Tokens:
        settings: dict[str, Any] = {
            "recipe": {"code": share, "law": 1 - share},
            "vocabulary": 320,
            "token_budget": 1_000,
        }
        return build_mixture(MixtureConfig.model_validate(settings), corpus, path / f"tokens-{share}")

    return build(0.25), build(0.75)


def test_a_sample_holds_the_shares_of_the_mixture_and_is_always_the_same(mixtures: tuple[Tokens, Tokens]) -> None:
    for tokens, share in zip(mixtures, (0.25, 0.75), strict=True):
        sample = draw_tokens(tokens, 401)
        assert len(sample.sources) == len(sample.tokens) == len(sample.flags) == 401
        assert sample.sources.count("code") == pytest.approx(401 * share, abs=1)
        assert sample.flags[:, LABELS.index("code")].mean() == pytest.approx(share, abs=0.01)
        again = draw_tokens(tokens, 401)
        assert (again.tokens == sample.tokens).all() and (again.flags == sample.flags).all()


def test_long_segments_are_drawn_as_often_as_they_have_tokens(mixtures: tuple[Tokens, Tokens]) -> None:
    """Segments of 1, 2 and 3 texts, as many of each: half of the tokens lie in the longest."""
    sample = draw_tokens(mixtures[0], 2_000)
    prose = sample.characters[np.array(sample.sources) == "law"]
    assert (prose > 2.5 * len(PROSE)).mean() == pytest.approx(0.5, abs=0.06)


def test_the_command_prints_shares_and_writes_a_report_without_any_network(
    mixtures: tuple[Tokens, Tokens], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    (tmp_path / "run").mkdir()
    stored = {"outputs": {"mixture": {"tokens": str(mixtures[1].path)}}, "seconds": {}}
    (tmp_path / "run" / "run.json").write_text(json.dumps(stored))
    report = tmp_path / "out" / "report.html"
    result = CliRunner().invoke(
        app, ["mixture", "compare", str(mixtures[0].path), str(tmp_path / "run"), "--output", str(report)]
    )
    assert result.exit_code == 0, result.output
    lines = [re.findall(r"[\w.+-]+", line) for line in result.output.splitlines()]
    rows = {tuple(words[:2]): words[2:] for words in lines}
    assert rows["source", "code"] == ["25.0", "75.0", "+50.0"]
    assert rows["source", "law"] == ["75.0", "25.0", "-50.0"]
    first, second, difference, low, high = map(float, rows["label", "reasoning"])
    assert (first, second) == pytest.approx((25, 75), abs=1)
    assert low < difference < high
    html = report.read_text()
    assert "characters per token" in html
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*\s(?:src|href)\s*=\s*[\"']?(?:https?:)?//", html)
    assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", html)


def test_what_is_no_mixture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a Tokens artifact nor a finished run"):
        find_tokens(tmp_path)
