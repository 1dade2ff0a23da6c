"""Tokenizing shared by several tasks: the same bytes whatever their number."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts import corpus as corpus_module
from inkling.components.artifacts import labels as labels_module
from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS, Flags, Labels
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import LABELLERS
from inkling.components.mixture import cells, encoding, shards
from inkling.components.mixture import tokenizer as tokenizer_module
from inkling.components.mixture.build import build_mixture, build_mixture_part, build_prepared
from inkling.components.mixture.config import MixtureConfig
from inkling.components.shared.store.part import Part

OWN = {"code": 0.75, "encyclopedia": 0.25}


@pytest.fixture(autouse=True)
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of 10 segments, partitions of 30, and chunks of 7."""
    monkeypatch.setattr(corpus_module, "BATCH", 10)
    monkeypatch.setattr(labels_module, "BATCH", 10)
    monkeypatch.setattr(shards, "BATCHES", 3)
    monkeypatch.setattr(shards, "PARTITION", 30)
    monkeypatch.setattr(shards, "_UNIT", 7)
    monkeypatch.setattr(cells, "SMALLEST", 100)


class Judge:
    """A labeller that calls every third text math, by its length."""

    def __call__(self, texts: Sequence[str]) -> Flags:
        flags = np.zeros((len(texts), len(LABELS)), np.bool_)
        flags[:, LABELS.index("math")] = [len(text) % 3 == 0 for text in texts]
        return flags


@pytest.fixture
def labels(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Labels:
    monkeypatch.setitem(LABELLERS, "lexicon", Judge)
    return build_labels(LabelConfig(), corpus.path, tmp_path / "labels")


def config(**settings: object) -> MixtureConfig:
    return MixtureConfig.model_validate({"recipe": OWN, "vocabulary": 320, "token_budget": 10_000, **settings})


def shared(settings: MixtureConfig, corpus: Corpus, path: Path, labels: Path | None = None) -> tuple[Part, list[Part]]:
    prepared = build_prepared(settings, corpus.path, path / "prepared", labels)
    return prepared, [
        build_mixture_part(settings, number, corpus.path, path / str(number) / "part", labels, prepared.path)
        for number in range(settings.parts)
    ]


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("recipe", [OWN, "code"])
def test_any_number_of_tasks_makes_the_same_tokens(
    corpus: Corpus, tmp_path: Path, parts: int, recipe: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = build_mixture(config(recipe=recipe), corpus.path, tmp_path / "alone" / "tokens")
    settings = config(recipe=recipe, parts=parts)
    prepared, made = shared(settings, corpus, tmp_path)
    units = [unit for part in made for unit in {file.rpartition("/")[0] for file in part.manifest.files}]
    assert sorted(units) == [f"encoded/{source}.{index:05d}" for source in sorted(OWN) for index in range(4)]
    monkeypatch.setattr(encoding.CachedTokenizer, "encode", lambda *_: pytest.fail("tokenized again"))
    monkeypatch.setattr(tokenizer_module, "train_tokenizer", lambda *_: pytest.fail("trained again"))
    paths = [part.path for part in made]
    together = build_mixture(settings, corpus.path, tmp_path / "tokens", prepared=prepared.path, parts=paths)
    assert together.manifest == alone.manifest


def test_a_recipe_by_labels_retrieves_them_once(
    corpus: Corpus, labels: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {"labels": {"math": 0.5}}
    alone = build_mixture(config(recipe=recipe), corpus.path, tmp_path / "alone" / "tokens", labels.path)
    settings = config(recipe=recipe, parts=2)
    prepared = build_prepared(settings, corpus.path, tmp_path / "prepared", labels.path)
    monkeypatch.setattr("inkling.components.mixture.retrieval._look_up", lambda *_: pytest.fail("looked up again"))
    made = [
        build_mixture_part(settings, number, corpus.path, tmp_path / str(number) / "part", labels.path, prepared.path)
        for number in range(2)
    ]
    paths = [part.path for part in made]
    together = build_mixture(settings, corpus.path, tmp_path / "tokens", labels.path, prepared.path, paths)
    assert together.manifest == alone.manifest
    assert set(together.manifest.provenance.inputs) == {"corpus", "labels"}


def test_what_no_part_holds_is_made_by_the_task_that_gathers(corpus: Corpus, tmp_path: Path) -> None:
    alone = build_mixture(config(), corpus.path, tmp_path / "alone" / "tokens")
    _, made = shared(config(parts=3), corpus, tmp_path)
    gathered = build_mixture(config(parts=3, workers=2), corpus.path, tmp_path / "tokens", parts=[made[1].path])
    assert gathered.manifest == alone.manifest


def test_a_killed_part_keeps_the_partitions_that_it_has_tokenized(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(parts=2)
    prepared, (whole, _) = shared(settings, corpus, tmp_path)
    encode, calls = encoding.CachedTokenizer.encode, []

    def killed(self: encoding.CachedTokenizer, texts: list[str]) -> list[bytes]:
        calls.append(len(texts))
        if len(calls) == 8:
            raise KeyboardInterrupt
        return encode(self, texts)

    monkeypatch.setattr(encoding.CachedTokenizer, "encode", killed)
    path = tmp_path / "killed" / "part"
    with pytest.raises(KeyboardInterrupt):
        build_mixture_part(settings, 0, corpus.path, path, prepared=prepared.path)
    done = sum(calls[:6])
    resumed = build_mixture_part(settings, 0, corpus.path, path, prepared=prepared.path)
    assert resumed.manifest == whole.manifest
    assert sum(calls[8:]) == 120 - done
