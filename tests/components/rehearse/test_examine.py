"""The examination of a service that runs elsewhere agrees with the evaluator, and reports when it cannot."""

import dataclasses
import shutil

import pytest

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.bundle import INT8, Bundle
from inkling.components.rehearse.examine import main
from inkling.components.serve.process import running_server
from inkling.components.shared.store.artifact import write_json
from inkling.components.shared.store.manifest import Manifest


@pytest.fixture(scope="module")
def url(served, tmp_path_factory):
    with running_server(served.bundle, tmp_path_factory.mktemp("server") / "log") as (address, _):
        yield address


def test_a_service_that_answers_as_the_evaluator_did_passes(url, served, capsys):
    options = ["--url", url, "--questions", str(served.questions), "--answers", str(served.answers), "--number", "4"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "visual: 4 of 4 answers are the evaluator's" in printed
    assert "blind: 4 of 4" in printed


def test_a_service_with_int8_weights_is_held_to_what_these_answered(url, served, tmp_path, capsys):
    """Here the evaluator's answers are moved, and those of the served weights are the bundle's."""
    known, exported = Answers.open(served.answers), Bundle.open(served.bundle)
    likelihoods: dict[str, dict[str, list[float]]] = {}
    for one in known.answers():
        likelihoods.setdefault(one.view, {})[one.question_id] = list(one.log_likelihoods)
    moved = [
        dataclasses.replace(
            one, choice=(one.choice + 1) % 4, log_likelihoods=one.log_likelihoods[-1:] + one.log_likelihoods[:-1]
        )
        for one in known.answers()
    ]
    answers, bundle = tmp_path / "answers", tmp_path / "bundle"
    answers.mkdir()
    write_answers(answers, moved, known.summary())
    Manifest.describe(answers, Answers.type, Answers.schema, known.manifest.provenance).write(answers)
    shutil.copytree(served.bundle, bundle)
    write_json(bundle / INT8, {"likelihoods": likelihoods})
    Manifest.describe(bundle, Bundle.type, Bundle.schema, exported.manifest.provenance).write(bundle)
    options = ["--url", url, "--questions", str(served.questions), "--answers", str(answers), "--number", "4"]
    assert main(options) == 1
    assert "name that with --bundle" in capsys.readouterr().err
    assert main([*options, "--bundle", str(bundle)]) == 0
    assert "blind: 4 of 4" in capsys.readouterr().out


def test_a_service_that_is_not_there_fails(served, capsys):
    options = ["--url", "http://127.0.0.1:1", "--questions", str(served.questions), "--answers", str(served.answers)]
    assert main(options) == 1
    assert "failed its examination" in capsys.readouterr().err


def test_a_changed_artifact_fails_before_a_request(served, tmp_path, capsys):
    answers = tmp_path / "answers"
    shutil.copytree(served.answers, answers)
    (answers / "summary.json").chmod(0o644)
    (answers / "summary.json").write_text("{}")
    assert main(["--url", "http://127.0.0.1:1", "--questions", str(served.questions), "--answers", str(answers)]) == 1
    assert "summary.json is not what was written" in capsys.readouterr().err
