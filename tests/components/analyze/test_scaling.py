"""The power law: a synthetic one is found again, and its interval is that of documents drawn anew."""

from pathlib import Path

import numpy as np
import pytest

from inkling.components.analyze.scaling import states
from inkling.components.artifacts.language_model import CHECKPOINTS, LanguageModel
from inkling.components.shared.statistics.power_law import fit_power_law
from inkling.components.shared.store.manifest import ArtifactError


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
