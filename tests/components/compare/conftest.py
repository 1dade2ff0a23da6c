"""Answers and held-out losses of made-up models, for the tests of the compare stage."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from inkling.components.adapt.config import AdaptConfig
from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.language_model import CONTEXT_USE, SHARDS, LanguageModel
from inkling.components.artifacts.losses import write_documents
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.artifact import write_json
from inkling.components.shared.store.manifest import digest_of
from inkling.components.shared.store.store import Draft, produce
from inkling.models.sequence.views import VIEWS

MakeAnswers = Callable[..., Path]
MakeModel = Callable[..., Path]


def make_answers(
    place: Path, right: int, questions: int = 40, categories: tuple[str, str] = ("General", "Knowledge"), more: int = 0
) -> Path:
    """Answers of a model that sees `right` of the questions and guesses the first choice when blind.

    Args:
        place: Where the artifact goes.
        right: Questions that are answered rightly with the image, the first ones.
        questions: Questions of the suite of rendered scenes.
        categories: Their categories, in turn; General and Knowledge enter the headline mean.
        more: Yes-or-no questions of a second suite, "mine", of which half are answered rightly in every view.
    """
    rows = []
    for number in range(questions):
        for view in VIEWS:
            correct = number < right if view == "visual" else number % 4 == 0
            rows.append(
                Answer(
                    f"q{number:03d}", view, (0.0, -1.0, -1.0, -1.0), 0, correct, f"image{number // 2}",
                    categories[number % 2], f"family{number % 2}", "none", 0.25, "test",
                )
            )  # fmt: skip
    for number in range(more):
        rows += [
            Answer(
                f"m{number}", view, (0.0, -1.0), 0, number % 2 == 0, f"mine{number}", "Other",
                "rare" if number == 0 else "common", "none", 0.5, "test", "mine",
            )
            for view in VIEWS
        ]  # fmt: skip
    headlines: dict[str, Any] = {"scenes": {"mean": "families", "categories": ["General", "Knowledge"]}}
    if more:
        headlines["mine"] = {"mean": "questions", "categories": []}
    summary = {"suites": {name: {"headline": rule} for name, rule in headlines.items()}}
    config = EvaluateConfig(seed=right)
    return produce(Answers, place, config, {}, lambda draft: write_answers(draft.path, rows, summary)).path


def make_model(
    place: Path, nats: float, size: int = 8, documents: int = 10, preset: str = "tiny", seed: int = 0
) -> Path:
    """A language model of so many weights whose tokens cost so much, in some documents a little more than in others.

    It saves a tenth of that on a second copy.
    """
    tokens = np.arange(100, 100 + documents)
    costs = tokens * (nats + 0.1 * np.sin(np.arange(documents)))
    losses = DocumentLosses(("code",) * documents, tuple(range(documents)), tokens, 4.0 * tokens, costs)

    def write(draft: Draft) -> None:
        save_file({"weight": np.zeros((size, 2), np.float32)}, draft.path / "model.safetensors")
        write_documents(draft.path, losses)
        gains = (nats / 10 + 0.01 * np.cos(np.arange(12))).tolist()
        used = {"code": {"tokens": round(1e5 * nats), "share": 1.0, "weight": 1.0, "epochs": 0.5}}
        write_json(draft.path / SHARDS, used)
        write_json(draft.path / CONTEXT_USE, {"copy_gain": {"text": {"gains": gains}}})

    config = PretrainConfig(seed=seed, preset=preset, context=128, token_budget=round(1e5 * nats))
    return produce(LanguageModel, place, config, {}, write).path


def make_adapted(place: Path, language_model: Path, lost: float) -> Path:
    """What is left of a language model by an adaptation: each of its documents costs so many nats a token more."""
    before = LanguageModel.open(language_model)
    documents = before.documents()
    after = dataclasses.replace(documents, nats=documents.nats + lost * documents.tokens)
    inputs = {"language_model": before}
    return produce(
        MultimodalModelArtifact, place, AdaptConfig(), inputs, lambda draft: write_documents(draft.path, after)
    ).path


@pytest.fixture(scope="session")
def adapted_of() -> Callable[..., Path]:
    """Makes a MultimodalModel of a language model that an adaptation cost so much."""
    return make_adapted


@pytest.fixture(scope="session")
def answers_of() -> MakeAnswers:
    """Makes the Answers of a model that sees so many of the questions."""
    return make_answers


@pytest.fixture(scope="session")
def model_of() -> MakeModel:
    """Makes a LanguageModel with such a loss."""
    return make_model


def pretrained_labels(*models: Path, axes: tuple[str, ...] = ("preset", "seed")) -> dict[str, dict[str, str]]:
    """The labels of language models by the digest of their settings, as a study's plan states them."""
    found = {}
    for path in models:
        origin = LanguageModel.open(path).manifest.provenance
        labels = {axis if axis == "seed" else f"pretrain.{axis}": str(origin.config[axis]) for axis in axes}
        found[digest_of(origin.determinants)] = labels
    return found


@pytest.fixture(scope="session")
def pretrained_of() -> Callable[..., dict[str, dict[str, str]]]:
    """States the labels of language models."""
    return pretrained_labels
