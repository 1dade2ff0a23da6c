from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from inkling.components.artifacts.indexed import IndexedDataset, IndexedWriter
from inkling.components.pretrain.choices import answers, questions, summarise
from inkling.components.pretrain.questions import (
    CONTINUATION,
    FOLLOWING,
    PASSAGE,
    HeldoutItem,
    cloze_items,
    continuation_items,
)

END, SPACE = 1, "\u0120"
WORDS = 40


def _piece(token: int) -> str:
    """Tokens 0 to 2 are special, 3 to 42 words, 43 to 49 endings of words."""
    return f"{SPACE}word{'abcdefghij'[token % 10]}" if 3 <= token < 3 + WORDS else "ing"


@pytest.fixture
def dataset(tmp_path: Path) -> IndexedDataset:
    """Documents that count upwards by a step of their own: a passage tells what comes next."""
    with IndexedWriter(tmp_path / "shard", 50) as writer:
        for document in range(12):
            words = 3 + (document + np.arange(90) * (1 + document % 3)) % WORDS
            writer.add([[*words.tolist(), END]])
        writer.add([[3, 4, END]])
    return IndexedDataset(tmp_path / "shard")


class Counting(torch.nn.Module):
    """Expects the step from the last token but one to the last to be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(5.0))

    def forward(self, input_ids: torch.Tensor, use_cache: bool, logits_to_keep: int) -> SimpleNamespace:
        before = torch.roll(input_ids, 1, 1)
        expected = 3 + (2 * input_ids - before - 3) % WORDS
        logits = self.scale * torch.nn.functional.one_hot(expected, 50).float()
        return SimpleNamespace(logits=logits[:, -logits_to_keep:])


def test_a_continuation_continues_its_passage(dataset: IndexedDataset) -> None:
    items = continuation_items("math", dataset, 6)
    assert len(items) == 6 and len({item.document for item in items}) == 6
    for item in items:
        assert item.passage.shape == (PASSAGE,) and item.choices.shape == (4, CONTINUATION)
        text = dataset.document(item.document).tolist()
        whole = [*item.passage.tolist(), *item.choices[item.answer].tolist()]
        assert any(text[first : first + len(whole)] == whole for first in range(len(text)))
        assert END not in whole and END not in item.choices


def test_a_missing_word_stands_among_words_of_like_frequency(dataset: IndexedDataset) -> None:
    items = cloze_items("math", dataset, 6, _piece)
    assert items
    counts = np.bincount(dataset.tokens)
    ranked = sorted(range(3, 3 + WORDS), key=lambda token: (counts[token], token))
    for item in items:
        assert item.choices.shape == (4, 1 + FOLLOWING)
        assert (item.choices[:, 1:] == item.choices[0, 1:]).all()
        places = sorted(ranked.index(word) for word in item.choices[:, 0].tolist())
        assert len(set(places)) == 4 and places[-1] - places[0] == 3
        text = dataset.document(item.document).tolist()
        whole = [*item.passage.tolist(), *item.choices[item.answer].tolist()]
        assert any(text[first : first + len(whole)] == whole for first in range(len(text)))


def test_the_same_text_gives_the_same_questions_and_the_answers_are_spread(dataset: IndexedDataset) -> None:
    first, second = (questions({"math": dataset}, 12, _piece) for _ in range(2))
    assert all((a.choices == b.choices).all() and a.answer == b.answer for a, b in zip(first, second, strict=True))
    assert len({item.answer for item in first}) > 1


def test_too_little_text_gives_no_questions(tmp_path: Path) -> None:
    with IndexedWriter(tmp_path / "short", 50) as writer:
        writer.add([[3, 4, 5, END]])
    assert questions({"math": IndexedDataset(tmp_path / "short")}, 5, _piece) == []
    assert summarise([], np.zeros(0, np.int64), np.zeros(0, np.int64)) == {}


def test_whoever_reads_the_passage_answers_and_whoever_does_not_guesses(dataset: IndexedDataset) -> None:
    items = continuation_items("math", dataset, 12)
    seen = []
    sighted = answers(Counting(), items, END, blind=False, advance=seen.append)
    assert sighted.tolist() == [item.answer for item in items] and sum(seen) == 12
    blind = answers(Counting(), items, END, blind=True, advance=seen.append)
    table = summarise(items, sighted, blind)["continuation"]
    assert table["right"]["value"] == 1.0 and table["right"]["low"] < 1.0
    assert table["blind"]["value"] < 1.0
    assert table["difference"]["value"] == pytest.approx(1.0 - table["blind"]["value"])
    assert table["sources"] == {"math": {"items": 12, "right": 12}}
    assert (table["items"], table["documents"], table["chance"]) == (12, 12, 0.25)


def test_intervals_are_clustered_by_document() -> None:
    def item(document: int) -> HeldoutItem:
        return HeldoutItem("cloze", "math", document, np.zeros(3, np.int64), np.zeros((4, 2), np.int64), 0)

    picked = np.array([0, 1] * 20)
    alone = summarise([item(number) for number in range(40)], picked, picked)["cloze"]["right"]
    shared = summarise([item(number % 2) for number in range(40)], picked, picked)["cloze"]["right"]
    assert shared["high"] - shared["low"] > 1.5 * (alone["high"] - alone["low"])
