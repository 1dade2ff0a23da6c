"""Which questions need no image, by hand."""

import numpy as np
import pytest

from inkling.components.shared.statistics.indispensable import indispensable


def test_questions_that_blind_models_answer() -> None:
    blind = [[True, True, False, False], [True, False, False, False]]
    found = indispensable(blind, [0.5, 0.5, 0.25, 0.25], ["a", "b", "c", "c"])
    assert (found.models, found.needed.value, found.needed.images) == (2, 0.5, 3)
    assert found.needed_by_chance == pytest.approx((0.25 + 0.25 + 0.5625 + 0.5625) / 4)
    assert found.by_models == (0.5, 0.25, 0.25)
    assert found.always == (0,)
    with pytest.raises(ValueError, match="do not fit 3 questions"):
        indispensable(blind, [0.5] * 3, ["a"] * 3)


def test_guessing_models_come_out_at_chance() -> None:
    random = np.random.default_rng(0)
    found = indispensable(random.random((3, 4000)) < 0.25, [0.25] * 4000, range(4000))
    assert found.needed.low < found.needed_by_chance == 0.75**3 < found.needed.high
