"""Making Answers: the likelihoods are the model's, and what cannot be scored is refused."""

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions, write_questions
from inkling.components.artifacts.suite import load_suite
from inkling.components.evaluate.build import build_evaluate, check_longest, check_suites
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.parsing import parse_choice
from inkling.components.evaluate.scoring import order
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.store import produce
from inkling.models.inference.answering import stop_id
from inkling.models.inference.engine import PromptError
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.sequence.views import VIEWS

CONFIG = EvaluateConfig(seed=1, threads=1, batch_size=5)
GENERATE = {"type": "generate", "prompt": "{question}", "max_new_tokens": 4}


def run(world, output: Path, config: EvaluateConfig = CONFIG) -> Answers:
    return build_evaluate(config, world.model, world.questions, world.features, output)


def test_every_question_is_asked_in_every_view(world, tmp_path: Path) -> None:
    answers = run(world, tmp_path / "answers").answers()
    questions = Questions.open(world.questions).questions()
    assert [(one.view, one.question_id) for one in answers] == [
        (view, question.question_id) for view in VIEWS for question in questions
    ]
    assert {one.split for one in answers} == {"test", "validation"}


@pytest.mark.parametrize("view", VIEWS)
def test_likelihoods_are_those_of_the_choices_asked_alone(world, tmp_path: Path, view: str) -> None:
    """Sum of log-probabilities of the answer's tokens and the end, computed one choice at a time without packing."""
    answers = {one.question_id: one for one in run(world, tmp_path / "answers").answers(view)}  # type: ignore[arg-type]
    artifact, questions = MultimodalModelArtifact.open(world.model), Questions.open(world.questions)
    model, tokenizer = MultimodalModel.load(artifact.path), artifact.tokenizer()
    rows = {image: row for row, image in enumerate(questions.images())}
    grids = Features.open(world.features).view("questions")[:]
    for question in questions.questions("test"):
        shown = {"visual": question.image_id, "mismatched": question.mismatched_image_id, "blind": None}[view]
        memory = None if shown is None else model.remember({"grid": torch.from_numpy(grids[rows[shown]])[None]})
        for index, choice in enumerate(question.choices):
            start, end = prompt_ids(tokenizer, question.question), answer_ids(tokenizer, choice)
            with torch.no_grad():
                embedded = model.embed(memory, torch.tensor([start + end]))
                logits = model.language(inputs_embeds=embedded).logits[0]
            scores = torch.log_softmax(logits[-len(end) - 1 : -1].double(), -1)
            expected = float(scores[range(len(end)), end].sum())
            assert answers[question.question_id].log_likelihoods[index] == pytest.approx(expected, abs=1e-4)


def test_views_differ_only_where_the_image_does(world, tmp_path: Path) -> None:
    answers = run(world, tmp_path / "answers")
    likelihoods = {view: np.array([one.log_likelihoods[:2] for one in answers.answers(view)]) for view in VIEWS}
    for one, other in (("visual", "blind"), ("visual", "mismatched"), ("blind", "mismatched")):
        assert (np.abs(likelihoods[one] - likelihoods[other]).max(1) > 1e-6).all()


def test_likelihoods_are_bit_for_bit_those_of_batches_by_length(world, tmp_path: Path) -> None:
    """What a batch holds decides the last bits: by length of the prompt, then by name, for each view."""
    answers = {(one.view, one.question_id): one for one in run(world, tmp_path / "answers").answers()}
    artifact, questions = MultimodalModelArtifact.open(world.model), Questions.open(world.questions)
    tokenizer, rows = artifact.tokenizer(), {image: row for row, image in enumerate(questions.images())}
    grids, engine = Features.open(world.features).view("questions")[:], TorchEngine(MultimodalModel.load(artifact.path))
    prompts = {one.question_id: prompt_ids(tokenizer, one.question) for one in questions.questions()}
    ordered = sorted(questions.questions(), key=lambda one: (len(prompts[one.question_id]), one.question_id))
    for start in range(0, len(ordered), CONFIG.batch_size):
        batch = ordered[start : start + CONFIG.batch_size]
        orders = [order(question, CONFIG.seed) for question in batch]
        seen = torch.from_numpy(grids[[rows[question.image_id] for question in batch]])
        choices = [
            [answer_ids(tokenizer, question.choices[index]) for index in places]
            for question, places in zip(batch, orders, strict=True)
        ]
        scores = engine.score([prompts[question.question_id] for question in batch], choices, {"grid": seen})
        for question, places, values in zip(batch, orders, scores, strict=True):
            found = answers["visual", question.question_id]
            assert (found.order, [found.log_likelihoods[index] for index in places]) == (places, values)


def test_every_question_can_be_answered_by_generation(world, tmp_path: Path) -> None:
    """As many answers, each the parser's of the words that the model says alone, and the same bytes again."""
    config = EvaluateConfig.parse({"seed": 1, "evaluate": {"batch_size": 5, "threads": 1, "method": GENERATE}})
    made = run(world, tmp_path / "one" / "answers", config)
    answers = made.answers()
    assert len(answers) == len(VIEWS) * len(Questions.open(world.questions).questions())
    assert {(one.method, one.log_likelihoods) for one in answers} == {("generate", ())}
    artifact = MultimodalModelArtifact.open(world.model)
    tokenizer, engine = artifact.tokenizer(), TorchEngine(MultimodalModel.load(artifact.path))
    blind = {one.question_id: one for one in answers if one.view == "blind"}
    for question in Questions.open(world.questions).questions():
        (tokens,) = engine.generate([prompt_ids(tokenizer, question.question)], [4], stop={stop_id(tokenizer)})
        said, found = tokenizer.decode(tokens).strip(), blind[question.question_id]
        choice = parse_choice(said, question.choices, lettered=False)
        assert (found.text, found.choice) == (said, -1 if choice is None else choice)
    assert made.digest == run(world, tmp_path / "two" / "answers", config).digest


def test_the_same_inputs_give_the_same_bytes(world, tmp_path: Path) -> None:
    assert run(world, tmp_path / "one" / "answers").digest == run(world, tmp_path / "two" / "answers").digest


def test_work_of_another_configuration_is_not_used(world, tmp_path: Path) -> None:
    undisturbed = run(world, tmp_path / "one" / "answers")
    work = tmp_path / "two" / ".answers.scratch"
    work.mkdir(parents=True)
    (work / "scenes.jsonl").write_text('{"task":"another"}\n{"key":"q","result":{}}\n')
    assert run(world, tmp_path / "two" / "answers").digest == undisturbed.digest


def test_a_changed_input_is_refused(world, tmp_path: Path) -> None:
    copy = tmp_path / "features"
    shutil.copytree(world.features, copy)
    shard = "grid.00000.safetensors"
    (copy / "questions" / shard).chmod(0o644)
    (copy / "questions" / shard).write_bytes((copy / "conversations" / shard).read_bytes())
    with pytest.raises(ArtifactError, match=r"questions/grid\.00000\.safetensors is not what was written"):
        build_evaluate(CONFIG, world.model, world.questions, copy, tmp_path / "answers")
    assert not (tmp_path / "answers").exists()


def test_features_of_other_questions_are_refused(world, tmp_path: Path) -> None:
    few = Questions.open(world.questions).questions("test")
    other = produce(Questions, tmp_path / "questions", CONFIG, {}, lambda draft: write_questions(draft.path, [], few))
    with pytest.raises(ArtifactError, match=r"features .* were not computed from the questions"):
        build_evaluate(CONFIG, world.model, other.path, world.features, tmp_path / "answers")
    assert not (tmp_path / "answers").exists()


def test_suites_that_cannot_be_scored_are_refused(world, tmp_path: Path) -> None:
    questions = Questions.open(world.questions)
    mine = load_suite({"suite": "scenes", "name": "mine"})
    with pytest.raises(ArtifactError, match=r"asks questions of suite 'scenes': name it in the profile's suites.read"):
        check_suites([mine], questions)
    ocr = load_suite({"suite": "scenes", "headline": {"categories": ["OCR & Chart"]}})
    with pytest.raises(ValueError, match=r"suite 'scenes': no question of the .* split is of .*OCR & Chart; .*General"):
        check_suites([ocr], questions)


def test_a_question_that_is_too_long_is_named_before_any_is_scored(world, tmp_path: Path) -> None:
    answering = SimpleNamespace(prompt_length=len, score=lambda *given: scored.append(given) or _refuse())
    scored: list[object] = []
    questions = Questions.open(world.questions).questions("test")
    long = dataclasses.replace(questions[3], question="thing " * 100)
    with pytest.raises(
        ValueError, match=rf"question {long.question_id} of suite 'mine' is too long: no room.*max_words"
    ):
        check_longest(answering, "mine", [*questions, long], CONFIG)  # type: ignore[arg-type]
    (([text], [choices], [image]),) = scored  # type: ignore[misc]
    assert (text, sorted(choices), image) == (long.question, sorted(long.choices), long.image_id)


def _refuse() -> None:
    raise PromptError("no room")
