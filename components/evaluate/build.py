"""Making Answers: every question in every view, resumed where an earlier run was killed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.artifacts.suite import Suite
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from inkling.models.inference.answering import Answering


def build_evaluate(
    config: EvaluateConfig,
    multimodal_model: str | Path,
    questions: str | Path,
    features: str | Path,
    output: str | Path,
) -> Answers:
    """Scores a model on the questions of all suites and stores its answers and their scores.

    Args:
        config: The stage's configuration.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact; its grids must be those of the questions' images.
        output: Where the Answers artifact goes.

    Raises:
        ArtifactError: If an input is not what its manifest says, the features are of other questions, or the questions
            are of a suite that the profile does not read.
        ValueError: If the model's weights are broken, a question is longer than it can read, or a split has no question
            of its suite's headline.
    """
    model, asked = MultimodalModelArtifact.open(multimodal_model), Questions.open(questions)
    grids = Features.open(features)
    inputs = {"multimodal_model": model, "questions": asked, "features": grids}
    if grids.manifest.provenance.inputs.get("questions") != asked.digest:
        raise ArtifactError(f"the features at {grids.path} were not computed from the questions at {asked.path}")
    check_suites(config.suites, asked)
    return produce(Answers, output, config, inputs, lambda draft: _make(config, model, asked, grids, draft))


def check_suites(suites: Sequence[Suite], questions: Questions) -> None:
    """Refuses questions whose suites could not be scored.

    Args:
        suites: What the suites are.
        questions: The questions.

    Raises:
        ArtifactError: If one is of a suite that the profile does not read.
        ValueError: If a split has no question of the categories of its suite's headline.
    """
    known = {suite.name: suite for suite in suites}
    for name, members in questions.suites().items():
        if name not in known:
            raise ArtifactError(
                f"{questions.path} asks questions of suite '{name}': name it in the profile's suites.read"
            )
        wanted = known[name].headline.categories
        for split in {question.split for question in members}:
            found = {question.category for question in members if question.split == split}
            if wanted and not found.intersection(wanted):
                raise ValueError(
                    f"suite '{name}': no question of the {split} split is of the headline's categories, "
                    f"{', '.join(wanted)}; its questions are of {', '.join(sorted(found))}"
                )


def _make(
    config: EvaluateConfig, model: MultimodalModelArtifact, questions: Questions, features: Features, draft: Draft
) -> None:
    from inkling.components.evaluate.replies import subject
    from inkling.components.evaluate.torch_answering import torch_answering

    encoded = {name: features.manifest.provenance.config.get(name) for name in ("precision", "batch")}
    who = subject(config, model.digest, model.manifest.provenance.carried, encoder=features.encoder_digest, **encoded)
    answer_suites(torch_answering(config, model, questions, features), config, questions, who, draft)


def answer_suites(
    answering: "Answering", config: EvaluateConfig, questions: Questions, subject: Mapping[str, Any], draft: Draft
) -> None:
    """Has a model asked the questions of each suite, and writes the answers and their scores.

    Args:
        answering: The model.
        config: The stage's configuration.
        questions: The questions.
        subject: Whose replies they are, as `replies.subject` says it.
        draft: Where the answers go.

    Raises:
        ValueError: If a question is too long or the method cannot ask it.
    """
    from inkling.components.evaluate.replies import reply_log, reply_task
    from inkling.components.evaluate.scoring import score_questions
    from inkling.components.evaluate.summary import summarise

    suites, pictures = {suite.name: suite for suite in config.suites}, questions.images()
    answers = []
    for suite, members in questions.suites().items():
        check_longest(answering, suite, members, config)
        # A suite's batches hold no other's questions: padding beside them would move its last bits.
        with reply_log(draft, suite, reply_task(subject, suites[suite], members, pictures, config)) as log:
            answers += score_questions(answering, members, config, log)
    write_answers(draft.path, answers, summarise(answers, config.suites))


def check_longest(answering: "Answering", suite: str, questions: Sequence[Question], config: EvaluateConfig) -> None:
    """Refuses a suite before work on it if its longest question does not fit the model.

    Args:
        answering: The model.
        suite: Name of the suite.
        questions: Its questions.
        config: The stage's configuration.

    Raises:
        ValueError: Naming the question and what to do.
    """
    from inkling.components.evaluate.contract import Asked
    from inkling.components.evaluate.scoring import ask, order
    from inkling.models.inference.engine import PromptError

    method = config.method.build()

    def length(asked: Asked) -> int:
        prompt = method.prompt(asked) if asked.order else asked.question.question
        return answering.prompt_length(f"{prompt} {max(asked.choices, key=len, default='')}")

    longest = max((Asked(question, order(question, config.seed)) for question in questions), key=length)
    try:
        ask(method, answering, [longest], "visual")
    except PromptError as error:
        raise ValueError(
            f"question {longest.question.question_id} of suite '{suite}' is too long: {error}. Leave long questions "
            "out with the suite's `max_words`, or take a preset with a longer context"
        ) from None
