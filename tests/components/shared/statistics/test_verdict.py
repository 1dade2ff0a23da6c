"""The rule of a verdict errs no more often than it says: no effect is no finding, and what matters is not denied."""

from collections import Counter

import numpy as np
import pytest

from inkling.components.shared.statistics.crossed import CrossedMean
from inkling.components.shared.statistics.verdict import LEVEL, judged, one_sided

MARGIN = 0.01


def decided(effects: list[float], draws: int, spread: float = 0.01, questions: float = 0.004) -> Counter[str]:
    """Verdicts on claims whose parts have these effects, each over three seeds, by a variance of eight degrees."""
    random, found = np.random.default_rng(0), Counter[str]()
    seeds, freedom = 3, 8
    for _ in range(draws):
        above, below = [], []
        for effect in effects:
            value = effect + spread / np.sqrt(seeds) * random.normal() + questions * random.normal()
            variance = spread**2 / seeds * random.chisquare(freedom) / freedom
            tests = one_sided(CrossedMean(value, seeds, variance, freedom, questions**2), MARGIN)
            above.append(tests[0])
            below.append(tests[1])
        found[judged(above, below)[0]] += 1
    return found


@pytest.mark.parametrize(
    ("draws", "most"), [(1500, 0.035), pytest.param(20_000, 0.028, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_the_rule_errs_at_its_stated_rate(draws: int, most: float) -> None:
    """2.5 % of claims without effect are supported, and 2.5 % of those with the effect that matters contradicted."""
    assert decided([0.0], draws)["supported"] / draws <= most
    assert decided([-0.02], draws)["supported"] / draws <= LEVEL / 2
    assert decided([MARGIN], draws)["contradicted"] / draws <= most
    assert decided([MARGIN, MARGIN, MARGIN], draws)["contradicted"] / draws <= most
    assert decided([0.0, 0.06], draws)["supported"] / draws <= most


def test_effects_of_the_papers_size_are_found_and_their_opposites_denied() -> None:
    """Reasoning text adds 5.7 points to Vision-Centric in the paper."""
    assert decided([0.057], 400)["supported"] > 0.9 * 400
    assert decided([0.057, 0.04], 400)["supported"] > 0.8 * 400
    assert decided([-0.03], 400)["contradicted"] > 0.8 * 400


def test_of_one_seed_nothing_is_decided() -> None:
    assert one_sided(CrossedMean(0.3, 1, 0.0, 0.0, 1e-6), MARGIN) == (1.0, 1.0)


def test_a_claim_needs_all_its_parts_and_falls_with_one() -> None:
    assert judged([0.01, 0.02], [1.0, 1.0]) == ("supported", ("supported", "supported"))
    assert judged([0.01, 0.3], [1.0, 0.5]) == ("undecided", ("supported", "undecided"))
    assert judged([0.01, 0.9], [1.0, 0.01]) == ("contradicted", ("supported", "contradicted"))
    assert judged([0.9, 0.9], [0.02, 0.9]) == ("undecided", ("undecided", "undecided"))
    assert judged([], []) == ("undecided", ())
