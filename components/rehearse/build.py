"""Making a Rehearsal: the real server is started on the bundle and answers what the evaluator scored."""

from pathlib import Path

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.artifacts.rehearsal import Rehearsal, write_rehearsal
from inkling.components.rehearse.config import RehearseConfig
from inkling.components.shared.store.store import Draft, produce


def build_rehearsal(
    config: RehearseConfig, bundle: str | Path, questions: str | Path, answers: str | Path, output: str | Path
) -> Rehearsal:
    """Rehearses a bundle against the answers of the model that was exported.

    Raises:
        RehearsalError: If an answer of the server is not the evaluator's.
        ServerFailed: If the server does not start or end well.
    """
    served, to_ask, recorded = Bundle.open(bundle), Questions.open(questions), Answers.open(answers)
    inputs = {"bundle": served, "questions": to_ask, "answers": recorded}
    return produce(Rehearsal, output, config, inputs, lambda draft: _make(config, served, to_ask, recorded, draft))


def _make(config: RehearseConfig, bundle: Bundle, questions: Questions, answers: Answers, draft: Draft) -> None:
    from inkling.components.rehearse.rehearse import rehearse

    outcome = rehearse(
        config,
        bundle.path,
        questions.questions("test"),
        questions.images(),
        bundle.as_served(answers.answers(split="test")),
        draft.scratch,
    )
    write_rehearsal(draft.path, outcome)
