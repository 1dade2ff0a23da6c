"""The grey image is grey at every size that an encoder takes."""

import numpy as np
import pytest

from inkling.models.vision.blank import GREY, blank_image
from inkling.models.vision.preprocess import Preprocessing, decode, preprocess


@pytest.mark.parametrize("side", [1, 224, 384])
def test_it_shows_nothing(side: int) -> None:
    image = decode(blank_image(side))
    assert image.size == (side, side) and image.getcolors() == [(side * side, GREY)]


def test_its_size_makes_no_difference() -> None:
    how = Preprocessing(image_size=96, mean=127.0, scale=128.0)
    assert np.array_equal(preprocess(blank_image(96), how), preprocess(blank_image(224), how))
