import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inkling.components.artifacts.language_model import LanguageModel, write_language_model
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.pipelines.cli import app

SHARE = {"value": 0.5, "low": 0.25, "high": 0.75}
CHOICES = {"cloze": {"items": 8, "documents": 8, "chance": 0.25, "right": SHARE, "blind": SHARE, "difference": SHARE}}
PERPLEXITY = {
    "code": {"tokens": 9000, "model_perplexity": 91.25, "interval": [88.5, 97.75], "unigram_perplexity": 450.5}
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    from inkling.models.language.presets import load_preset

    path = tmp_path / "language_model"
    path.mkdir()
    (tmp_path / "tokenizer.json").write_text("{}")
    network = load_preset("tiny").build(32, 0)
    write_language_model(path, network, tmp_path / "tokenizer.json", [], PERPLEXITY, None, CHOICES)
    Manifest.describe(path, "LanguageModel", LanguageModel.schema, Provenance("pretrain", "", "", {}, {}, {})).write(
        path
    )
    return path


def test_a_model_directory_in_one_table_out(model: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.json"
    result = CliRunner().invoke(app, ["language", "score", str(model), "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert "88.5 to 97.8" in result.output and "accuracy without the passage" in result.output
    told = json.loads(output.read_text())
    assert told["model"] == LanguageModel.open(model).digest
    assert [(row["task"], row["metric"], row["value"]) for row in told["scores"]] == [
        ("code", "perplexity", 91.25),
        ("cloze", "accuracy", 0.5),
        ("cloze", "accuracy without the passage", 0.5),
        ("cloze", "difference", 0.5),
    ]


def test_a_task_that_is_not_the_paper_s_is_refused(model: Path) -> None:
    result = CliRunner().invoke(app, ["language", "score", str(model), "--tasks", "piqa,mmlu"])
    assert result.exit_code == 1 and "unknown language task 'mmlu'" in str(result.exception)
