"""The examination of a service that runs elsewhere agrees with the evaluator, and reports when it cannot."""

import shutil

import pytest

from inkling.components.rehearse.examine import main
from inkling.components.serve.process import running_server


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
