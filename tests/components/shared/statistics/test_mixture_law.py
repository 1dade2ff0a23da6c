"""The law of mixtures predicts recipes it has not seen where there is one, and is not shown where there is none."""

import numpy as np
import pytest

from inkling.components.shared.statistics.mixture_law import HeldOut, MixtureLaw, hold_out, propose


def held_out(recipes: int, effect: float, noise: float, random: np.random.Generator) -> HeldOut:
    """Scores by what texts are worth alone and in pairs, with noise, of random recipes of six texts."""
    worth, pairs = random.normal(size=6), np.triu(random.normal(size=(6, 6)), 1)
    shares = random.dirichlet(np.ones(6), recipes)
    scores = shares @ worth + 2 * np.einsum("ni,ij,nj->n", shares, pairs, shares)
    scores = 0.32 + effect * (scores - scores.mean()) / scores.std()
    return hold_out(shares, scores + noise * random.normal(size=recipes), random)


def test_unseen_recipes_are_predicted_better_than_by_the_nearest_and_by_the_mean() -> None:
    """Effects of the paper's size: a standard deviation of 1 point between recipes, of half a point between runs."""
    random = np.random.default_rng(0)
    found = [held_out(20, 0.01, 0.005, random) for _ in range(12)]
    law, nearest, mean = (np.mean([getattr(one, name) for one in found]) for name in ("law", "nearest", "mean"))
    assert law < 0.8 * nearest and law < 0.8 * mean
    assert np.mean([one.shown for one in found]) > 0.4


def test_no_law_is_shown_where_recipes_do_not_differ() -> None:
    random = np.random.default_rng(1)
    found = [held_out(14, 0.0, 0.01, random) for _ in range(20)]
    assert np.mean([one.shown for one in found]) <= 0.05
    assert np.mean([one.law for one in found]) == pytest.approx(np.mean([one.mean for one in found]), rel=0.1)


def test_a_law_that_is_exact_is_found_and_its_best_recipe_proposed() -> None:
    """Two texts that are worth most half and half, beside one that is worth nothing."""
    random = np.random.default_rng(2)
    shares = random.dirichlet(np.ones(3), 25)
    scores = 0.3 + 0.4 * shares[:, 0] * shares[:, 1]
    law = MixtureLaw.fit(shares, scores)
    unseen = random.dirichlet(np.ones(3), 10)
    values, errors = law.predict(unseen)
    assert values == pytest.approx(0.3 + 0.4 * unseen[:, 0] * unseen[:, 1], abs=0.01) and (errors < 0.05).all()
    best = propose(law, 2, True, random)[0]
    assert best.shares[0] == pytest.approx(0.5, abs=0.1) and best.shares[1] == pytest.approx(0.5, abs=0.1)
    again = MixtureLaw.fit(np.vstack([shares, best.shares]), np.append(scores, best.predicted))
    assert propose(again, 1, True, random)[0].shares != best.shares, "what was run is not proposed"
    assert best.low <= best.predicted <= best.high and sum(best.shares) == pytest.approx(1)


def test_what_the_law_knows_least_is_proposed_where_nothing_is_shown() -> None:
    """Recipes without the third text: the recipe that is all of it says most."""
    random = np.random.default_rng(3)
    first = random.uniform(size=12)
    shares = np.stack([first, 1 - first, np.zeros(12)], axis=1)
    law = MixtureLaw.fit(shares, 0.3 + 0.1 * first + 0.001 * random.normal(size=12))
    one, other = propose(law, 2, False, random)
    assert one.shares[2] > 0.9 and other.shares != one.shares


def test_intervals_of_predictions_hold_the_truth() -> None:
    random, held = np.random.default_rng(4), []
    for _ in range(40):
        worth = random.normal(size=4)
        shares, unseen = random.dirichlet(np.ones(4), 20), random.dirichlet(np.ones(4), 20)
        law = MixtureLaw.fit(shares, shares @ worth + 0.2 * random.normal(size=20))
        values, errors = law.predict(unseen)
        held.append(np.mean(np.abs(values - unseen @ worth) <= 1.96 * errors))
    assert 0.85 < np.mean(held) < 0.99
