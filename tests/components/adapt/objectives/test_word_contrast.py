"""Word contrast: which caption words are labels, and that showing them is rewarded."""

import dataclasses

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from inkling.components.adapt.batches import Fields
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.word_contrast import sub_words, vocabulary_space, word_embeddings

IDS = torch.tensor([[40, -1], [50, 51], [60, -1]])


def objective(**settings):
    return OBJECTIVES.read({"type": "word_contrast", **settings}).build()


def fields_of(captions: list[str], tokenizer: Tokenizer, **settings: float) -> Fields:
    """The fields of images with these captions."""
    lesson = Lesson([], {}, {}, tokenizer)
    named = type("Captioned", (), {"captions": lambda self: captions, "tokenizer": lesson.tokenizer})()
    return objective(**settings).fields(named)


def words_of(fields: Fields, tokenizer: Tokenizer) -> list[str]:
    """The words that became labels."""
    return [tokenizer.decode([int(id) for id in row if id >= 0]).strip() for row in fields.shared["words"]]


def test_words_that_tell_images_apart_are_kept(tokenizer: Tokenizer) -> None:
    captions = ["a red square", "a green square", "a Blue square", "a red circle"] * 50 + ["a unique square"]
    found = fields_of(captions, tokenizer)
    assert words_of(found, tokenizer) == ["blue", "circle", "green", "red", "unique"], "'a' and 'square' are everywhere"
    assert found.images["present"][0].tolist() == [False, False, False, True, False]
    assert found.images["present"][2].tolist() == [True, False, False, False, False]


def test_rare_words_are_left_out_unless_the_settings_want_them(tokenizer: Tokenizer) -> None:
    captions = ["red", "green"] * 250 + ["once"]
    assert words_of(fields_of(captions, tokenizer), tokenizer) == ["green", "red"]
    assert words_of(fields_of(captions, tokenizer, rarest=0.001), tokenizer) == ["green", "once", "red"]


def test_sub_words_are_those_of_the_word_after_a_space(tokenizer: Tokenizer) -> None:
    ids = sub_words(["cat", "green", "red"], tokenizer)
    assert [tokenizer.decode([int(one) for one in row if one >= 0]) for row in ids] == [" cat", " green", " red"]
    assert (ids >= 0).sum(1).max() > 1, "'cat' was not in the tokenizer's text"


def test_captions_without_such_words_are_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match=r"no word stands in 0\.4% to 50% of the 2 captions"):
        fields_of(["same here", "same here"], tokenizer)


def test_a_word_is_the_mean_of_its_sub_words() -> None:
    table = torch.arange(200.0).reshape(100, 2)
    assert word_embeddings(table, IDS).tolist() == [[80.0, 81.0], [101.0, 102.0], [120.0, 121.0]]


@pytest.fixture
def showing(batch_of, embeddings, noise):
    """Makes a batch of an image that shows the embedding of one of the words beside noise; the caption has word 1."""

    def make(shown: int, present: tuple[bool, ...] = (False, True, False)):
        grid = torch.stack([word_embeddings(embeddings, IDS)[shown], noise(16) * 1e-3])[None]
        return batch_of(grid, words=IDS, present=torch.tensor([present]))

    return make


def test_showing_the_word_of_the_caption_is_rewarded(model, showing) -> None:
    right, wrong = (float(objective().loss(model, showing(shown))) for shown in (1, 0))
    assert right < 0.5 < 2.0 < wrong


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_words_of_one_caption_do_not_compete(model, showing, embeddings, temperature: float) -> None:
    batch = showing(1, (True, True, False))
    tokens, words = batch["features.grid"], word_embeddings(embeddings, IDS)
    similarity = functional.normalize(tokens, dim=-1) @ functional.normalize(words, dim=-1).T
    pooled = (similarity / temperature).logsumexp(1)[0]
    expected = np.mean([float(torch.logsumexp(pooled[[word, 2]], 0) - pooled[word]) for word in (0, 1)])
    assert float(objective(temperature=temperature).loss(model, batch)) == pytest.approx(expected, rel=1e-4)


def test_the_fields_are_of_the_lessons_images(lesson: Lesson) -> None:
    found = objective().fields(dataclasses.replace(lesson, images=lesson.images[::-1]))
    assert words_of(found, lesson.tokenizer) == ["blue", "green", "red"]
    assert found.images["present"][0].tolist() == [True, False, False], "the last image is blue"


@pytest.fixture
def narrow(embeddings: torch.Tensor, noise) -> torch.Tensor:
    """The embeddings as training leaves them: about one common vector, wide in few directions."""
    with torch.no_grad():
        scales = torch.logspace(0, -2, embeddings.shape[1])
        embeddings.copy_(noise(*embeddings.shape) * scales + 3.0)
    return embeddings


def test_whitened_a_vocabulary_has_no_mean_and_unit_covariance(narrow: torch.Tensor) -> None:
    mean, whitening = vocabulary_space(narrow, whitened=True)
    white = (narrow - mean) @ whitening
    assert white.mean(0).abs().max() < 1e-4
    covariance = white.T @ white / len(white)
    assert (covariance.diag()[:8] - 1).abs().max() < 0.05, "wide directions; the ridge holds the narrowest ones down"
    assert (covariance - torch.diag(covariance.diag())).abs().max() < 0.05
    assert torch.equal(vocabulary_space(narrow, whitened=False)[0], mean)


def test_words_are_alike_raw_and_told_apart_whitened(model, narrow: torch.Tensor) -> None:
    def similarity(targets: str) -> float:
        vectors = functional.normalize(objective(targets=targets)._targets(model, IDS), dim=-1)
        return float((vectors @ vectors.T).fill_diagonal_(0).max())

    assert similarity("raw") > 0.9
    assert similarity("whitened") < similarity("centred") < similarity("raw")


def test_targets_follow_embeddings_that_train_and_are_computed_once_where_they_are_frozen(model, narrow) -> None:
    for trains in (False, True):
        model.requires_grad_(trains)
        whitened = objective(targets="whitened")
        before = whitened._targets(model, IDS)
        with torch.no_grad():
            narrow.mul_(2)
        assert torch.equal(whitened._frozen[0] if whitened._frozen else narrow.mean(0), narrow.mean(0)) is trains
        assert torch.allclose(whitened._targets(model, IDS), before, atol=1e-3) is trains, "whitening has no scale"


def test_raw_targets_are_no_setting(tokenizer: Tokenizer) -> None:
    assert "targets" not in OBJECTIVES.read({"type": "word_contrast", "targets": "raw"}).model_dump()
    assert OBJECTIVES.read({"type": "word_contrast", "targets": "whitened"}).model_dump()["targets"] == "whitened"
