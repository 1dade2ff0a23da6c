"""Making Answers: every question in every view, by one task or several, resumed where an earlier run was killed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.artifacts.suite import Suite
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.on_ranks import ask_on_ranks
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.part import Part, Share, gather, produce_part
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from inkling.models.inference.answering import Answering

_REPLIES = "replies"  # of a part: for each suite the replies to its share, by `reply_key`


def build_evaluate(
    config: EvaluateConfig,
    multimodal_model: str | Path,
    questions: str | Path,
    features: str | Path,
    output: str | Path,
    parts: Sequence[str | Path] = (),
) -> Answers:
    """Scores a model on the questions of all suites and stores its answers and their scores.

    Args:
        config: The stage's configuration.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact; its grids must be those of the questions' images.
        output: Where the Answers artifact goes.
        parts: Where Part artifacts of these answers lie; what none of them holds is asked here.

    Raises:
        ArtifactError: If an input or a part is not what its manifest says, the features are of other questions, or the
            questions are of a suite that the profile does not read.
        ValueError: If the model's weights are broken, a question is longer than it can read, or a split has no question
            of its suite's headline.
        RankError: If one of several ranks fails; the message ends with its own traceback.
        StorageError: If the object storage between stage and ranks cannot be used.
    """
    given = EvaluationInputs.open(config, multimodal_model, questions, features)
    key = provenance(config, given.artifacts).key

    def make(draft: Draft) -> None:
        made = ask_on_ranks(config, given.artifacts, draft.scratch) if config.launched else parts
        gather(made, key, draft.scratch, f"{_REPLIES}/*")
        _make(config, given, draft)

    return produce(Answers, output, config, given.artifacts, make)


def build_evaluate_part(
    config: EvaluateConfig,
    number: int,
    multimodal_model: str | Path,
    questions: str | Path,
    features: str | Path,
    output: str | Path,
) -> Part:
    """Asks what of the questions falls to one of `config.parts` tasks, counted from 0.

    Args:
        config: The stage's configuration.
        number: Which of the tasks it is.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact; its grids must be those of the questions' images.
        output: Where the Part artifact goes.

    Raises:
        ConfigError: If there is no task of that number.
        ArtifactError: As for `build_evaluate`.
        ValueError: As for `build_evaluate`.
    """
    share = Share(number, config.parts)
    given = EvaluationInputs.open(config, multimodal_model, questions, features)
    key = provenance(config, given.artifacts).key
    return produce_part(
        output,
        config,
        given.artifacts,
        "answers",
        share.name,
        lambda draft: _make_part(config, given, key, share, draft),
    )


@dataclass(frozen=True)
class EvaluationInputs:
    """The inputs, opened.

    Attributes:
        model: The model.
        questions: What it is asked.
        features: Features of the questions' images.
    """

    model: MultimodalModelArtifact
    questions: Questions
    features: Features

    @classmethod
    def open(cls, config: EvaluateConfig, model: str | Path, questions: str | Path, features: str | Path) -> Self:
        """Opens them and refuses what does not belong together, as `build_evaluate` says."""
        found = cls(MultimodalModelArtifact.open(model), Questions.open(questions), Features.open(features))
        if found.features.manifest.provenance.inputs.get("questions") != found.questions.digest:
            raise ArtifactError(
                f"the features at {found.features.path} were not computed from the questions at {found.questions.path}"
            )
        check_suites(config.suites, found.questions)
        return found

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """The inputs by name."""
        return {"multimodal_model": self.model, "questions": self.questions, "features": self.features}


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


def _make(config: EvaluateConfig, given: EvaluationInputs, draft: Draft) -> None:
    from inkling.components.evaluate.torch_answering import torch_answering

    answering = torch_answering(config, given.model, given.questions, given.features)
    answer_suites(answering, config, given.questions, _subject(config, given), draft)


def _subject(config: EvaluateConfig, given: EvaluationInputs) -> dict[str, Any]:
    """Whose replies they are."""
    from inkling.components.evaluate.replies import subject

    model, features = given.model, given.features
    encoded = {name: features.manifest.provenance.config.get(name) for name in ("precision", "batch")}
    return subject(config, model.digest, model.manifest.provenance.carried, encoder=features.encoder_digest, **encoded)


def _make_part(config: EvaluateConfig, given: EvaluationInputs, key: str, share: Share, draft: Draft) -> None:
    from inkling.components.evaluate.replies import kept_replies, reply_task
    from inkling.components.evaluate.resume_log import ResumeLog
    from inkling.components.evaluate.scoring import ask_questions, reply_keys
    from inkling.components.evaluate.torch_answering import torch_answering

    answering = torch_answering(config, given.model, given.questions, given.features)
    who, pictures = _subject(config, given), given.questions.images()
    suites = {suite.name: suite for suite in config.suites}
    (draft.path / _REPLIES).mkdir()
    for suite, members in given.questions.suites().items():
        # A log of its own: in the store the parts would wait for each other. What the store holds is not asked again.
        with ResumeLog(draft.scratch / f"{suite}.jsonl", key) as log:
            log.results |= kept_replies(suite, reply_task(who, suites[suite], members, pictures, config))
            if reply_keys(members, config).isdisjoint(log.results):
                check_longest(answering, suite, members, config)
            keys = ask_questions(answering, members, config, log, share)
            mine = {name: log.results[name] for name in keys}
            write_json(draft.path / _REPLIES / f"{suite}.{share.number:03}.json", mine, sort_keys=True)


def answer_suites(
    answering: "Answering", config: EvaluateConfig, questions: Questions, subject: Mapping[str, Any], draft: Draft
) -> None:
    """Has a model asked the questions of each suite, and writes the answers and their scores.

    Args:
        answering: The model.
        config: The stage's configuration.
        questions: The questions.
        subject: Whose replies they are, as `replies.subject` says it.
        draft: Where the answers go; replies that parts hold lie in its scratch directory.

    Raises:
        ValueError: If a question is too long or the method cannot ask it.
    """
    from inkling.components.evaluate.replies import reply_log, reply_task
    from inkling.components.evaluate.scoring import reply_keys, score_questions
    from inkling.components.evaluate.summary import summarise

    suites, pictures = {suite.name: suite for suite in config.suites}, questions.images()
    answers = []
    for suite, members in questions.suites().items():
        # A suite's batches hold no other's questions: padding beside them would move its last bits.
        with reply_log(draft.scratch, suite, reply_task(subject, suites[suite], members, pictures, config)) as log:
            for path in sorted(draft.scratch.glob(f"{_REPLIES}/{suite}.*.json")):
                held = json.loads(path.read_text())
                if missing := held.keys() - log.results.keys():
                    log.append({name: held[name] for name in sorted(missing)})
            if reply_keys(members, config).isdisjoint(log.results):  # else they were found to fit before
                check_longest(answering, suite, members, config)
            answers += score_questions(answering, members, config, log)
    write_answers(draft.path, answers, summarise(answers, config.suites, config.method.passes))


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
