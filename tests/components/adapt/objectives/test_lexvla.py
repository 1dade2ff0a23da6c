"""LexVLA: weights of words by hand, a word used for everything, what is remembered, and words that can be read."""

import pytest
import torch

from inkling.components.adapt.objectives.lexvla import Codebooks, lexical


def test_of_each_word_the_largest_positive_product_counts_and_padding_does_not() -> None:
    words = torch.eye(2, dtype=torch.float64)
    tokens = torch.tensor([[[1.0, -2.0], [3.0, -1.0], [9.0, 9.0]]], dtype=torch.float64)
    held = torch.tensor([[True, True, False]])
    assert lexical(tokens, words, held)[0].tolist() == pytest.approx([torch.tensor(4.0).log().item(), 0.0])
    assert lexical(tokens[:, :2], words).tolist() == lexical(tokens, words, held).tolist()
    assert torch.autograd.gradcheck(lambda one: lexical(one, words, held), tokens.clone().requires_grad_(True))


def test_a_mean_weight_is_that_of_the_batch_and_of_the_steps_before() -> None:
    books = Codebooks(torch.tensor([0, 1]), torch.eye(2))
    weights = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    assert books.recall(weights, 0.0).tolist() == [2.0, 0.0]
    assert books.recall(torch.zeros(2, 2), 0.75).tolist() == [1.5, 0.0]
    assert books.used.tolist() == [1.5, 0.0]


def always_on(ready, overuse: float) -> float:
    """How much a word that every image used at the start is used after some steps."""
    lexvla = ready("lexvla", batch=24, overuse=overuse)
    with torch.no_grad():
        lexvla.head.visual[0] = lexvla.model.connector.contents(lexvla.grid).mean((0, 1))  # like everything
    lexvla.learn(20, 5e-3)
    return float(lexical(lexvla.model.connector.contents(lexvla.grid), lexvla.head.visual)[:, 0].mean().detach())


def test_a_word_that_is_used_for_everything_is_pushed_to_zero(ready) -> None:
    kept, pushed = always_on(ready, 0.0), always_on(ready, 3.0)
    assert pushed < 0.1 * kept


def test_the_words_of_an_image_can_be_read(ready, lesson) -> None:
    lexvla = ready("lexvla", batch=24, overuse=0.01)
    losses = lexvla.learn(40, 5e-3)
    assert losses[-1] < 0.7 * losses[0]
    weights = lexical(lexvla.model.connector.contents(lexvla.grid), lexvla.head.visual)
    colours = [lesson.tokenizer.encode(f" {word}").ids[0] for word in ("red", "green", "blue")]
    places = [lexvla.head.words.tolist().index(token) for token in colours]
    assert weights[:, places].argmax(1).tolist() == [row % 3 for row in range(24)]


def test_the_visual_codebook_starts_as_the_words_embeddings(ready) -> None:
    head = ready("lexvla").head
    assert torch.equal(head.visual, head.textual)
    assert not head.textual.requires_grad
