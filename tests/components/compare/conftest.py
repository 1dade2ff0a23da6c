"""Answers and held-out losses of made-up models, for the tests of the compare stage."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.language_model import LanguageModel, write_documents
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.store import Draft, produce
from inkling.models.sequence.views import VIEWS

MakeAnswers = Callable[..., Path]
MakeModel = Callable[..., Path]


def make_answers(place: Path, right: int, questions: int = 40, chance: float = 0.25) -> Path:
    """Answers of a model that sees `right` of the questions and guesses the first choice when blind."""
    rows = []
    for number in range(questions):
        for view in VIEWS:
            correct = number < right if view == "visual" else number % 4 == 0
            rows.append(
                Answer(
                    f"q{number:03d}", view, (0.0, -1.0, -1.0, -1.0), 0, correct, f"image{number // 2}",
                    ("General", "Knowledge")[number % 2], f"family{number % 2}", "none", chance, "test",
                )
            )  # fmt: skip
    return produce(Answers, place, EvaluateConfig(seed=right), {}, lambda draft: _write(draft, rows)).path


def make_model(
    place: Path, nats: float, size: int = 8, documents: int = 10, preset: str = "tiny", seed: int = 0
) -> Path:
    """A language model of so many weights whose tokens cost so much, in some documents a little more than in others."""
    tokens = np.arange(100, 100 + documents)
    costs = tokens * (nats + 0.1 * np.sin(np.arange(documents)))
    losses = DocumentLosses(("code",) * documents, tuple(range(documents)), tokens, 4.0 * tokens, costs)

    def write(draft: Draft) -> None:
        save_file({"weight": np.zeros((size, 2), np.float32)}, draft.path / "model.safetensors")
        write_documents(draft.path, losses)

    config = PretrainConfig(seed=seed, preset=preset, context=128, token_budget=round(1e5 * nats))
    return produce(LanguageModel, place, config, {}, write).path


def _write(draft: Draft, rows: list[Answer]) -> None:
    write_answers(draft.path, rows, {})


@pytest.fixture(scope="session")
def answers_of() -> MakeAnswers:
    """Makes the Answers of a model that sees so many of the questions."""
    return make_answers


@pytest.fixture(scope="session")
def model_of() -> MakeModel:
    """Makes a LanguageModel with such a loss."""
    return make_model
