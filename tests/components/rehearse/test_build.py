"""The rehearsal: the real server agrees with the evaluator, and a server that does not is not let out."""

import dataclasses
import shutil

import pytest

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.rehearsal import Rehearsal
from inkling.components.rehearse.build import build_rehearsal
from inkling.components.rehearse.config import RehearseConfig
from inkling.components.rehearse.rehearse import RehearsalError
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest

CONFIG = RehearseConfig(threads=1, questions=5, chats=2)


@pytest.fixture(scope="module")
def rehearsal(served, tmp_path_factory) -> Rehearsal:
    output = tmp_path_factory.mktemp("rehearsal") / "rehearsal"
    return build_rehearsal(CONFIG, served.bundle, served.questions, served.answers, output)


def test_server_agrees_with_the_evaluator(served, rehearsal):
    outcome = rehearsal.outcome()
    test = {answer.question_id for answer in Answers.open(served.answers).answers(split="test")}
    assert len(outcome["questions"]) == 5
    assert set(outcome["questions"]) <= test
    agreed = {"questions": 5, "agreed": 5, "disagreements": []}
    assert outcome["views"] == {"visual": agreed, "blind": agreed}
    assert [chat["view"] for chat in outcome["chats"]] == ["visual", "visual", "blind", "blind"]
    assert all(chat["streamed"] == chat["answer"] for chat in outcome["chats"])


def test_same_bytes_again(served, rehearsal, tmp_path):
    again = build_rehearsal(CONFIG, served.bundle, served.questions, served.answers, tmp_path / "rehearsal")
    assert again.digest == rehearsal.digest


def test_another_answer_of_the_evaluator_fails_the_rehearsal(served, tmp_path):
    known = Answers.open(served.answers)
    wrong = [
        dataclasses.replace(
            answer,
            choice=(answer.choice + 1) % 4,
            log_likelihoods=answer.log_likelihoods[-1:] + answer.log_likelihoods[:-1],
        )
        if answer.view == "blind"
        else answer
        for answer in known.answers()
    ]
    other = tmp_path / "answers"
    other.mkdir()
    write_answers(other, wrong, known.summary())
    Manifest.describe(other, Answers.type, Answers.schema, known.manifest.provenance).write(other)
    config = RehearseConfig(threads=1, questions=3, chats=1)
    with pytest.raises(RehearsalError) as failed:
        build_rehearsal(config, served.bundle, served.questions, other, tmp_path / "rehearsal")
    assert str(failed.value).count("(blind): the server chose") == 3
    assert "(visual)" not in str(failed.value)
    assert not (tmp_path / "rehearsal").exists()


def test_answers_lacking_a_question_are_named(served, tmp_path):
    known = Answers.open(served.answers)
    other = tmp_path / "answers"
    other.mkdir()
    write_answers(other, known.answers(split="validation"), known.summary())
    Manifest.describe(other, Answers.type, Answers.schema, known.manifest.provenance).write(other)
    with pytest.raises(RehearsalError, match=r"no answer to question colour-\d+"):
        build_rehearsal(RehearseConfig(threads=1), served.bundle, served.questions, other, tmp_path / "rehearsal")


def test_broken_bundle_is_named_before_the_server_starts(served, tmp_path):
    copy = tmp_path / "bundle"
    shutil.copytree(served.bundle, copy)
    (copy / "decoder.onnx").unlink()
    with pytest.raises(RuntimeError, match=r"decoder\.onnx is missing"):
        build_rehearsal(RehearseConfig(threads=1), copy, served.questions, served.answers, tmp_path / "rehearsal")


def test_config_refuses_what_it_does_not_know():
    with pytest.raises(ConfigError, match=r"rehearse\.question'.*rehearse\.questions"):
        RehearseConfig.parse("rehearse: {question: 1}")
