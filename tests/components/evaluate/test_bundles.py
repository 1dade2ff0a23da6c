"""A bundle answers as its model in torch does, in every view."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.answers import Answers
from inkling.components.encode.questions import encode_questions
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.bundles import build_from_bundle
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.gather import gather_answers
from inkling.models.sequence.views import ALL_VIEWS


@pytest.mark.parametrize("method", ["likelihood", {"type": "generate", "prompt": "{question}", "max_new_tokens": 6}])
def test_torch_and_onnx_give_the_same_answers(served: Any, tmp_path: Path, method: Any) -> None:
    stated = {"batch_size": 5, "views": ALL_VIEWS, "method": method}
    config = EvaluateConfig.parse({"seed": 1, "threads": 1, "evaluate": stated})
    features = encode_questions(served.features, served.questions, tmp_path / "features", 1)
    torch = build_evaluate(
        config, served.multimodal_model, served.questions, features.path, tmp_path / "torch"
    ).answers()
    made = build_from_bundle(config, served.bundle, served.questions, tmp_path / "onnx")
    onnx = made.answers()
    assert len(onnx) == 4 * 12
    assert [(one.view, one.question_id, one.choice, one.text) for one in onnx] == [
        (one.view, one.question_id, one.choice, one.text) for one in torch
    ]
    ours, theirs = (np.array([one.log_likelihoods for one in answers]) for answers in (onnx, torch))
    assert ours.shape == theirs.shape and np.allclose(ours, theirs, atol=1e-4)
    assert made.manifest.provenance.inputs.keys() == {"bundle", "questions"}


def test_answers_to_several_suites_are_put_together(served: Any, tmp_path: Path) -> None:
    config = EvaluateConfig.parse({"seed": 1, "threads": 1, "evaluate": {"views": ["blind"]}})
    made = build_from_bundle(config, served.bundle, served.questions, tmp_path / "part")
    whole = gather_answers(config, [tmp_path / "part"], tmp_path / "whole")
    assert whole.answers() == made.answers() and whole.summary() == made.summary()
    assert Answers.open(tmp_path / "whole").digest == made.digest
