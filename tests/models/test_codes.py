"""Codes: planted groups are found, whatever their scale, and an image's codes do not depend on the others."""

import numpy as np
import pytest
import torch

from inkling.models.codes import codes_of, fit_codes


@pytest.fixture
def grouped() -> tuple[np.ndarray, np.ndarray]:
    """Tokens of 60 images about one of four points each (60, 5, 3), a channel a thousand times as large, and which."""
    random = np.random.default_rng(3)
    which = random.integers(4, size=(60, 5))
    points = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    tokens = points[which] + random.normal(0, 0.1, (60, 5, 3))
    return (tokens * [1, 1000, 1]).astype(np.float32), which


def test_planted_groups_are_found(grouped: tuple[np.ndarray, np.ndarray]) -> None:
    view, which = grouped
    codes = codes_of(view, fit_codes(view, 4, 20, seed=5)).numpy()
    pairs = {(int(code), int(group)) for code, group in zip(codes.ravel(), which.ravel(), strict=True)}
    assert len(pairs) == 4
    assert len({code for code, _ in pairs}) == 4


def test_they_are_the_same_each_time_and_for_an_image_alone(grouped: tuple[np.ndarray, np.ndarray]) -> None:
    view, _ = grouped
    book, again = fit_codes(view, 6, 10), fit_codes(view, 6, 10)
    assert torch.equal(book.centres, again.centres)
    assert torch.equal(codes_of(view, book)[7:9], codes_of(view[7:9], book))


def test_the_order_in_which_images_are_stored_does_not_matter(grouped: tuple[np.ndarray, np.ndarray]) -> None:
    view, _ = grouped
    turned = fit_codes(view[::-1], 6, 10, order=range(59, -1, -1))
    assert torch.equal(turned.centres, fit_codes(view, 6, 10).centres)


def test_there_are_no_more_codes_than_different_tokens() -> None:
    view = np.zeros((4, 2, 3), np.float32)
    view[0] = 1
    assert len(fit_codes(view, 9, 3).centres) == 2
