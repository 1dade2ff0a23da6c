"""Results as lmms-eval and lm-evaluation-harness have them."""

import hashlib
import json
from pathlib import Path

import pytest

from inkling.components.analyze.results.samples import ModelInput
from inkling.components.analyze.results.table import markdown, results
from inkling.components.analyze.results.write import write_results
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import load_suite

SCENES = load_suite("scenes")


def asked(number: int, choices: list[str]) -> Question:
    category = ("General", "Knowledge")[number % 2]
    return Question(f"q{number}", f"i{number}", "j", f"What | {number}?", choices, choices[0] if choices else "a cat",
        category, "colour", "none", "test", answers=[] if choices else ["a cat"])  # fmt: skip


def given(question: Question, view: str, right: bool, **more: object) -> Answer:
    stated = {
        "question_id": question.question_id, "view": view, "log_likelihoods": (-1.0, -2.0), "choice": int(not right),
        "correct": right, "image_id": question.image_id, "category": question.category, "family": "colour",
        "size_bucket": "none", "chance": 0.5, "split": "test",
    }  # fmt: skip
    return Answer(**{**stated, **more})  # type: ignore[arg-type]


def model_input(question: Question, answer: Answer) -> ModelInput:
    """A prompt of each question's own, before each choice or alone."""
    rest = [f" {choice}" for choice in question.choices] if answer.log_likelihoods else [{"do_sample": False}]
    image = {"visual": question.image_id, "blind": ""}[answer.view]
    return ModelInput(image, tuple((f"Q: {question.question} A:", one) for one in rest))


@pytest.fixture
def questions() -> list[Question]:
    return [asked(number, ["yes", "no"]) for number in range(6)]


@pytest.fixture
def answers(questions: list[Question]) -> list[Answer]:
    return [given(one, view, index < 4) for view in ("visual", "blind") for index, one in enumerate(questions)]


def rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table, numbers as numbers."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().split("\n")]
    return [[f"{float(cell):g}" if cell.replace(".", "").isdigit() else cell for cell in line] for line in lines[2:]]


def test_samples_have_the_fields_of_lmms_eval(questions: list[Question], answers: list[Answer], tmp_path: Path) -> None:
    written = write_results(answers, questions, [SCENES], model_input, tmp_path / "out")
    names = ["samples_scenes.jsonl", "samples_scenes_blind.jsonl", "results.json", "results.md", "answers.html"]
    assert [path.name for path in written] == names
    first, *rest = [json.loads(line) for line in written[0].read_text().splitlines()]
    assert len(rest) == 5
    assert list(first) == [
        "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "doc_hash", "prompt_hash", "target_hash",
        "input_media", "acc",
    ]  # fmt: skip
    assert first["doc"]["question_id"] == "q0"
    assert not [name for name in first["doc"] if "image" in name]
    where, prompt = [0, "scenes", "test"], "Q: What | 0? A:"
    assert first["arguments"] == [prompt, " yes", *where, prompt, " no", *where]
    assert first["prompt_hash"] == hashlib.sha256(prompt.encode()).hexdigest() and first["input_media"] == ["i0"]
    blind = json.loads(written[1].read_text().splitlines()[1])
    assert blind["arguments"][2:5] == [1, "scenes_blind", "test"] and "input_media" not in blind
    assert (first["target"], first["filtered_resps"], first["acc"]) == (0, [[-1.0, None], [-2.0, None]], 1.0)
    text = json.dumps(first["doc"], indent=2, ensure_ascii=False)
    assert first["doc_hash"] == hashlib.sha256(text.encode()).hexdigest()


def test_generated_answers_have_one_response(tmp_path: Path) -> None:
    questions = [asked(0, ["yes", "no"]), asked(1, [])]
    generated = {"log_likelihoods": (), "method": "generate"}
    answers = [
        given(questions[0], "visual", False, text="No, it is not.", **generated),
        given(questions[1], "visual", True, text="A cat", choice=-1, chance=0.0, **generated),
    ]
    path, *_ = write_results(answers, questions, [SCENES], model_input, tmp_path)
    choice, free = [json.loads(line) for line in path.read_text().splitlines()]
    assert (choice["resps"], choice["filtered_resps"], choice["target"]) == ([["No, it is not."]], ["no"], "yes")
    assert (free["filtered_resps"], free["target"], free["acc"]) == (["A cat"], "a cat", 1.0)
    assert choice["arguments"] == ["Q: What | 0? A:", {"do_sample": False}, 0, "scenes", "test"]
    assert free["arguments"] == ["Q: What | 1? A:", {"do_sample": False}, 1, "scenes", "test"]


def test_the_table_is_that_of_lm_eval(answers: list[Answer]) -> None:
    utils = pytest.importorskip("lm_eval.utils", reason="needs the extra 'language'")
    found = results(answers, [SCENES])
    assert rows(markdown(found)) == rows(utils.make_table(found))


def test_the_table_by_hand(answers: list[Answer]) -> None:
    lines = markdown(results(answers, [SCENES])).splitlines()
    assert lines[0].replace(" ", "") == "|Tasks|Version|Filter|n-shot|Metric||Value||Stderr|"
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "scenes", "", "- General", "", "- Knowledge", "", "scenes_blind", "", "- General", "", "- Knowledge", "",
    ]  # fmt: skip
    assert lines[2].replace(" ", "").startswith(f"|scenes|{SCENES.version}|none|0|acc|\u2191|0.6667|\u00b1|0.")
    assert lines[3].replace(" ", "") == "|||none|0|chance||0.5000|||"
    assert len({len(line) for line in lines}) == 1


def test_what_fits_no_question_is_refused(questions: list[Question], answers: list[Answer], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="answer q3 .* is to no question given"):
        write_results(answers, questions[:3], [SCENES], model_input, tmp_path)
    with pytest.raises(ValueError, match="no answer is to a question of the suites transfer"):
        write_results(answers, questions, [load_suite("transfer")], model_input, tmp_path)
