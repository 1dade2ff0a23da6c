"""Labelling shared by several tasks: the same bytes whatever their number."""

from pathlib import Path

import pytest

from inkling.components.artifacts import corpus as corpus_module
from inkling.components.artifacts.corpus import Corpus
from inkling.components.label import build as label_stage
from inkling.components.label.build import build_labels, build_labels_part
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import LABELLERS
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.part import Part

LLM = "llm: {url: 'http://127.0.0.1:1/v1', model: judge, hosts: [127.0.0.1]}"


@pytest.fixture
def corpus(tmp_path: Path, make_corpus, code: str, prose: str, monkeypatch: pytest.MonkeyPatch) -> Corpus:  # type: ignore[no-untyped-def]
    """Three sources of one to four partitions of six segments."""
    monkeypatch.setattr(corpus_module, "BATCH", 3)
    monkeypatch.setattr(label_stage, "BATCHES", 2)
    monkeypatch.setattr(label_stage, "PARTITION", 6)
    pieces = [code if number % 3 else prose for number in range(20)]
    made: Corpus = make_corpus(tmp_path / "corpus", {"code": pieces, "law": pieces[:5], "food": pieces[:12]})
    return made


def parts_of(corpus: Corpus, count: int, path: Path) -> list[Part]:
    config = LabelConfig(parts=count)
    return [build_labels_part(config, number, corpus.path, path / str(number) / "part") for number in range(count)]


@pytest.mark.parametrize("count", [2, 3, 9])
def test_any_number_of_tasks_makes_the_same_labels(
    corpus: Corpus, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = build_labels(LabelConfig(), corpus.path, tmp_path / "alone" / "labels")
    assert len(alone.partitions("code")) == 4
    parts = parts_of(corpus, count, tmp_path)
    files = [file for part in parts for file in part.manifest.files]
    assert len(files) == len(set(files)) == 2 * (4 + 1 + 2)
    monkeypatch.setitem(LABELLERS, "lexicon", lambda: lambda texts: pytest.fail("labelled again"))
    paths = [part.path for part in parts]
    together = build_labels(LabelConfig(parts=count), corpus.path, tmp_path / "labels", parts=paths)
    assert together.manifest == alone.manifest


def test_what_no_part_holds_is_labelled_by_the_task_that_gathers(corpus: Corpus, tmp_path: Path) -> None:
    alone = build_labels(LabelConfig(), corpus.path, tmp_path / "alone" / "labels")
    one = parts_of(corpus, 3, tmp_path)[1]
    gathered = build_labels(LabelConfig(), corpus.path, tmp_path / "labels", parts=[one.path])
    assert gathered.manifest == alone.manifest


def test_an_endpoint_is_called_by_one_task() -> None:
    with pytest.raises(ConfigError, match=r"label: the llm labeller works in one task, not in 2.*llm\.concurrency"):
        LabelConfig.parse(f"label: {{labeller: llm, parts: 2, {LLM}}}")
    assert LabelConfig.parse(f"label: {{labeller: llm, parts: 1, {LLM}}}").parts == 1
