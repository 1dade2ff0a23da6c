import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from inkling.components.artifacts.language_model import LanguageModel, write_language_model
from inkling.components.pretrain.harness import PAPER_TASKS, score_tasks
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance

TASK = """\
task: opposites
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_target: answer
doc_to_choice: choices
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
metadata: {{version: 3.0}}
"""


@pytest.fixture
def model(tmp_path: Path) -> LanguageModel:
    """A language model without pre-training, with a byte-level tokenizer."""
    from inkling.models.language.presets import load_preset

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = {piece: index for index, piece in enumerate(["<|bos|>", "<|eos|>", "<|pad|>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(tokens, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    path = tmp_path / "language_model"
    path.mkdir()
    write_language_model(path, load_preset("tiny").build(len(tokens), 0), tmp_path / "tokenizer.json", [], {})
    Manifest.describe(path, "LanguageModel", LanguageModel.schema, Provenance("pretrain", "", "", {}, {}, {})).write(
        path
    )
    return LanguageModel.open(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task of six questions in the harness's YAML, with its data beside it."""
    pytest.importorskip("lm_eval", reason="needs the extra 'language'")
    folder = tmp_path / "tasks"
    folder.mkdir()
    rows = [{"question": f"{n} or", "choices": [" up", " down"], "answer": n % 2} for n in range(6)]
    (folder / "opposites.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "opposites.yaml").write_text(TASK.format(data=folder / "opposites.jsonl"))
    return folder


def test_a_task_of_one_s_own_is_scored_without_network(
    model: LanguageModel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (score,) = score_tasks(model, ["opposites"], folder)
    assert (score.task, score.version, score.metric, score.items) == ("opposites", "3.0", "acc", 6)
    assert score.value * 6 == pytest.approx(round(score.value * 6))
    assert score.low is not None and score.high is not None and score.low < score.value < score.high
    (part,) = score_tasks(model, ["opposites"], folder, limit=2)
    assert part.items == 2
    with pytest.raises(ConfigError, match="unknown language task 'oposites'. Did you mean 'opposites'"):
        score_tasks(model, ["oposites"], folder)


def test_the_paper_s_tasks_are_those_of_the_harness() -> None:
    tasks = Path(pytest.importorskip("lm_eval", reason="needs the extra 'language'").__file__).parent / "tasks"
    folders = ("wikitext", "lambada", "piqa", "hellaswag", "winogrande", "arc", "super_glue", "sciq", "openbookqa")
    text = "\n".join(path.read_text() for name in folders for path in sorted((tasks / name).rglob("*.yaml")))
    assert [name for name in PAPER_TASKS if f"task: {name}\n" not in text] == []


def test_a_task_that_nobody_defines_is_refused_at_once(model: LanguageModel) -> None:
    with pytest.raises(ConfigError, match="unknown language task 'piqua'. Did you mean 'piqa'"):
        score_tasks(model, ["piqua"])
