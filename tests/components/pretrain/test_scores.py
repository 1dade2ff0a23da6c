"""The table of what a language model knows: rows of every group, alike in their columns."""

from pathlib import Path

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.scores import score_rows


def test_held_out_text_and_choices_are_rows_with_their_intervals(tokens: Tokens, tmp_path: Path) -> None:
    config = PretrainConfig(preset="tiny", no_pretraining=True, context=32, threads=1, choice_items=2)
    rows = score_rows(build_pretrain(config, tokens.path, tmp_path / "language_model"))
    assert {row["group"] for row in rows} <= {"held-out text", "held-out choice"}
    perplexities = {row["task"]: row for row in rows if row["metric"] == "perplexity"}
    assert set(perplexities) == {"code", "math", "literature"}
    for row in rows:
        assert set(row) == {"group", "task", "metric", "value", "low", "high", "items"}
        assert row["low"] <= row["value"] <= row["high"]
