"""Tokens are drawn as their probabilities say, from the nucleus alone, and the same with the same seed."""

import numpy as np
import pytest

from inkling.models.inference.sampling import Sampling, TokenSampler

LOGITS = np.log(np.array([0.1, 0.5, 0.05, 0.35], np.float32))
DRAWS = 4000


def shares(sampling: Sampling) -> np.ndarray:
    sampler = TokenSampler(sampling)
    return np.bincount([sampler.draw(LOGITS) for _ in range(DRAWS)], minlength=4) / DRAWS


def test_no_temperature_takes_the_most_likely() -> None:
    assert shares(Sampling()).tolist() == [0, 1, 0, 0]


def test_a_temperature_of_one_draws_by_probability() -> None:
    assert shares(Sampling(1.0)) == pytest.approx([0.1, 0.5, 0.05, 0.35], abs=0.03)


def test_a_higher_temperature_evens_the_shares() -> None:
    expected = np.sqrt([0.1, 0.5, 0.05, 0.35])
    assert shares(Sampling(2.0)) == pytest.approx(expected / expected.sum(), abs=0.03)


def test_only_the_nucleus_is_drawn_from() -> None:
    assert shares(Sampling(1.0, top_p=0.8)) == pytest.approx([0, 0.5 / 0.85, 0, 0.35 / 0.85], abs=0.03)
    assert shares(Sampling(1.0, top_p=0.4)).tolist() == [0, 1, 0, 0]
    assert shares(Sampling(1e-6)).tolist() == [0, 1, 0, 0]


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (TokenSampler(Sampling(1.0, seed=seed)) for seed in (7, 7, 8))
    draws = [[sampler.draw(LOGITS) for _ in range(50)] for sampler in (first, again, other)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("values", [(-1.0, 1.0), (float("nan"), 1.0), (1.0, 0.0), (1.0, 1.5)])
def test_what_cannot_be_sampled_from_is_refused(values: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="give"):
        Sampling(*values)
