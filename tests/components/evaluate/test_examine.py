"""A question asked alone shows what the model was given, and what came back."""

from pathlib import Path
from typing import Any

import pytest

from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.evaluate.bundles import build_from_bundle, bundle_answering
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.examine import examine, find
from inkling.components.shared.config import ConfigError
from inkling.tests.components.evaluate.tiny import tiny_answering

CONFIG = EvaluateConfig.parse({"seed": 1, "threads": 1, "evaluate": {"views": ["visual", "blank", "blind"]}})


def test_the_exact_input_and_the_recorded_answer(served: Any, tmp_path: Path) -> None:
    questions = Questions.open(served.questions)
    asked, pictures = questions.questions()[4], questions.images()
    model = bundle_answering(CONFIG, Bundle.open(served.bundle), pictures)
    lines = list(examine(model, asked, pictures, CONFIG))
    assert lines[0] == "question  colour-4 of suite 'scenes', General, test"
    assert lines[1] == "prompt    '<|bos|>Question: What colour is the square? Answer:'"
    assert lines[2] == f"tokens    {model.prompt_length(asked.question)}, those of the image not counted"
    recorded = {one.view: one for one in build_from_bundle(
        CONFIG, served.bundle, served.questions, tmp_path / "answers"
    ).answers() if one.question_id == "colour-4"}  # fmt: skip
    order = recorded["visual"].order
    assert [line.split()[1] for line in lines[4:8]] == [asked.choices[index] for index in order]
    assert all(line.endswith("<|eos|>") for line in lines[4:8])
    shown = lines.index("visual:")
    assert lines[shown + 1] == f"  image   image-4, 224 x 224 pixels, {len(pictures['image-4']):,} bytes"
    for place, index in enumerate(order):
        line = lines[shown + 2 + place]
        assert line.startswith("  *") == (index == recorded["visual"].choice)
        assert float(line.split(" nats")[0].split()[-1]) == pytest.approx(
            recorded["visual"].log_likelihoods[index], abs=1e-3
        )
    assert (
        "  image   plain grey, of the encoder's size" in lines and lines[lines.index("blind:") + 1] == "  image   none"
    )


def test_generation_shows_the_words_and_the_choice(served: Any) -> None:
    questions = Questions.open(served.questions)
    config = EvaluateConfig.parse(
        {"evaluate": {"views": ["blind"], "method": {"type": "generate", "max_new_tokens": 4}}, "threads": 1}
    )
    model = bundle_answering(config, Bundle.open(served.bundle), {})
    lines = list(examine(model, questions.questions()[0], {}, config))
    assert not any("<|eos|>" in line for line in lines), "no option is scored"
    assert "A. " in lines[1] and lines[-2].startswith("  said    '") and lines[-1].startswith("  choice  ")


def test_letters_are_shown_as_they_are_scored() -> None:
    asked = Question("q", "i", "j", "Which ?", ["red", "blue"], "red", "General", "colour", "none", "test")
    settings = {"views": ["blind"], "method": {"type": "likelihood-letters", "prompt": "{question} {options}"}}
    lines = list(
        examine(tiny_answering(["Which", "?", "A", "B"]), asked, {}, EvaluateConfig.parse({"evaluate": settings}))
    )
    assert [line.split()[2:] for line in lines[4:6]] == [["'", f"{one}<|eos|>'", one, "<|eos|>"] for one in "AB"]
    assert {line.split()[1] for line in lines[4:6]} == {"red", "blue"}


def test_a_question_that_is_not_there_is_refused_by_name(served: Any) -> None:
    members = {"scenes": Questions.open(served.questions).questions()}
    assert find(members, "colour-3").question_id == "colour-3"
    with pytest.raises(ConfigError, match=r"question 'color-3'; there are, for example, 'colour-3'"):
        find(members, "color-3")
