"""A bundle with 8-bit weights: smaller, measured against the evaluation, the same whoever else is asked, and served."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from inkling.components.artifacts.answers import Answer, Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.export.build import build_bundle
from inkling.components.export.config import ExportConfig
from inkling.components.export.cost import cost
from inkling.components.rehearse.build import build_rehearsal
from inkling.components.rehearse.config import RehearseConfig
from inkling.models.inference.likelihood import choose
from inkling.models.inference.onnx_engine import DECODER, OnnxEngine


@pytest.fixture(scope="module")
def rounded(served: Any, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small model, exported with 8-bit weights."""
    config = ExportConfig.parse("export: {weights: int8, threads: 1}")
    output = tmp_path_factory.mktemp("int8") / "bundle"
    return build_bundle(config, served.multimodal_model, served.questions, served.features, served.answers, output)


def test_the_matrices_are_bytes_and_nothing_else_changed(served: Any, rounded: Bundle) -> None:
    operators = [node.op_type for node in onnx.load(rounded.path / DECODER).graph.node]
    assert "MatMulNBits" in operators
    before, after = ((where / DECODER).stat().st_size for where in (served.bundle, rounded.path))
    assert after < 0.7 * before
    known = Bundle.open(served.bundle)
    assert (rounded.parity(), rounded.evaluation()) == (known.parity(), known.evaluation())
    assert known.int8() is None and "8-bit" not in known.card()


def test_what_it_costs_is_measured_on_the_evaluations_questions(served: Any, rounded: Bundle) -> None:
    found, answers = rounded.int8(), Answers.open(served.answers).answers(split="test")
    right = {one.question_id: one.correct for one in Questions.open(served.questions).questions()}
    for view in ("visual", "blind"):
        mine = [one for one in answers if one.view == view]
        chosen = [choose(found["likelihoods"][view][one.question_id]) for one in mine]
        measured = found["suites"]["scenes"][view]
        assert measured["questions"] == len(mine)
        share = np.mean([choice == right[one.question_id] for choice, one in zip(chosen, mine, strict=True)])
        assert measured["int8"]["value"] == pytest.approx(share)
        assert measured["difference"]["value"] == pytest.approx(share - measured["float32"]["value"])
        near = [abs(np.array(found["likelihoods"][view][one.question_id]) - one.log_likelihoods).max() for one in mine]
        assert 0 < max(near) < 1
    assert "## 8-bit weights" in rounded.card() and "| scenes, blind |" in rounded.card()


def test_a_planted_loss_is_found() -> None:
    answers = [_answer(number, choice=0) for number in range(40)]
    right = {one.question_id: 0 for one in answers}
    wrong = {one.question_id: [-2.0, -1.0] if number < 10 else [-1.0, -2.0] for number, one in enumerate(answers)}
    found = cost(answers, right, {"visual": wrong, "blind": {}})["scenes"]["visual"]
    assert (found["float32"]["value"], found["int8"]["value"], found["same_choice"]) == (1.0, 0.75, 0.75)
    assert found["difference"]["value"] == -0.25 and found["difference"]["high"] < 0


def test_an_answer_does_not_depend_on_its_neighbours(rounded: Bundle) -> None:
    engine = OnnxEngine(rounded.path, 96, 1, "cpu")
    prompts = [[1, *range(5, 5 + length)] for length in (3, 9, 17)]
    together = engine.choice_logits(prompts, [[[7, 2]]] * 3)
    for prompt, expected in zip(prompts, together, strict=True):
        (alone,) = engine.choice_logits([prompt], [[[7, 2]]])
        np.testing.assert_allclose(alone[0], expected[0], atol=1e-4)


def test_the_server_is_rehearsed_against_its_own_weights(served: Any, rounded: Bundle, tmp_path: Path) -> None:
    config = RehearseConfig(threads=1, questions=6, chats=1)
    rehearsal = build_rehearsal(config, rounded.path, served.questions, served.answers, tmp_path / "rehearsal")
    assert all(view["agreed"] == 6 for view in rehearsal.outcome()["views"].values())


def test_the_default_is_no_part_of_the_recorded_settings() -> None:
    assert "weights" not in ExportConfig.parse("{}").settings()
    assert ExportConfig.parse("export: {weights: int8}").settings()["weights"] == "int8"


def _answer(number: int, choice: int) -> Answer:
    return Answer(
        f"q{number}", "visual", (-1.0, -2.0), choice, choice == 0, f"image-{number}", "a", "a", "none", 0.5, "test"
    )
