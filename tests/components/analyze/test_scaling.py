"""The power law: a synthetic one is found again, and its interval is that of documents drawn anew."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.analyze.scaling import fit_power_law, states
from inkling.components.artifacts.language_model import CHECKPOINTS, LanguageModel
from inkling.components.shared.store.manifest import ArtifactError


@given(
    st.floats(0.5, 50),
    st.floats(-0.5, 0.5),
    st.lists(st.integers(10, 10**9), min_size=2, max_size=8, unique=True),
)
def test_a_law_is_found_again(factor: float, exponent: float, amounts: list[int]) -> None:
    law = fit_power_law(amounts, [factor * amount**-exponent for amount in amounts])
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law(amounts[0]) == pytest.approx(factor * amounts[0] ** -exponent, rel=1e-6)
    assert sum(law.weights) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("amounts", "losses"), [([10], [3.0]), ([10, 10], [3.0, 2.0]), ([0, 10], [3.0, 2.0]), ([5, 10], [3.0, -1.0])]
)
def test_no_law_goes_through_less(amounts: list[float], losses: list[float]) -> None:
    with pytest.raises(ValueError, match="a power law needs"):
        fit_power_law(amounts, losses)


def test_the_states_of_a_run_follow_their_law(made_run) -> None:
    told = states(made_run.made["language_model"])
    assert [row["tokens"] for row in told["states"]] == [0, 65_536, 131_072, 262_144]
    nats = [row["nats_per_token"]["value"] for row in told["states"]]
    assert nats == sorted(nats, reverse=True)
    law = told["law"]
    assert law["exponent"]["low"] < law["exponent"]["value"] < law["exponent"]["high"]
    assert law["misfit"] < 0.01


def test_the_interval_of_the_exponent_is_that_of_documents_drawn_anew(made_run) -> None:
    model = made_run.made["language_model"]
    kept = [LanguageModel.open(path) for path in model.checkpoints().values()][1:]
    scored = [state.documents() for state in (*kept, model)]
    tokens, nats = scored[0].tokens, np.array([one.nats for one in scored])
    members = np.unique(scored[0].sources, return_inverse=True)[1]
    random = np.random.default_rng(0)
    exponents = []
    for _ in range(500):
        means = []
        for source in range(members.max() + 1):
            places = np.flatnonzero(members == source)
            picked = random.choice(places, len(places))
            means.append(nats[:, picked].sum(axis=1) / tokens[picked].sum())
        exponents.append(fit_power_law([65_536, 131_072, 262_144], np.mean(means, axis=0).tolist()).exponent)
    exponent = states(model)["law"]["exponent"]
    low, high = np.quantile(exponents, [0.025, 0.975])
    assert exponent["high"] - exponent["low"] == pytest.approx(high - low, rel=0.2)


def test_without_kept_states_there_is_no_law(made_run, tmp_path: Path) -> None:
    model = made_run.made["language_model"]
    alone = tmp_path / "language_model"
    alone.mkdir()
    for name in model.manifest.files:
        if not name.startswith(CHECKPOINTS):
            (alone / name).write_bytes((model.path / name).read_bytes())
    told = states(LanguageModel(alone, model.manifest))
    assert told["law"] is None and len(told["states"]) == 1


def test_states_scored_on_other_text_are_refused(made_run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = made_run.made["language_model"]
    monkeypatch.setattr(type(model.documents()), "same_text", lambda self, other: False)
    with pytest.raises(ArtifactError, match="was scored on other text"):
        states(model)
