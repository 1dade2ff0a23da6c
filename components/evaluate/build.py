"""Making Answers: every question in every view, resumed where an earlier run was killed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def build_evaluate(
    config: EvaluateConfig,
    multimodal_model: str | Path,
    questions: str | Path,
    features: str | Path,
    output: str | Path,
) -> Answers:
    """Asks a model the questions of all suites and stores its answers and their scores.

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
    for suite in asked.suites():
        if suite not in [one.name for one in config.suites]:
            raise ArtifactError(f"{asked.path} asks questions of suite '{suite}': name it in the profile's suites.read")
    task = provenance(config, {name: artifact.digest for name, artifact in inputs.items()}).key
    return produce(Answers, output, config, inputs, lambda draft: _make(config, model, asked, grids, task, draft))


def _make(
    config: EvaluateConfig,
    model: MultimodalModelArtifact,
    questions: Questions,
    features: Features,
    task: str,
    draft: Draft,
) -> None:
    import torch

    from inkling.components.evaluate.asking import ask
    from inkling.components.evaluate.journal import Journal
    from inkling.components.evaluate.summary import summarise

    torch.set_num_threads(config.threads)
    grids = torch.from_numpy(features.grid("questions"))
    rows = {image: row for row, image in enumerate(questions.images())}
    network, tokenizer, suites = model.model(), model.tokenizer(), questions.suites()
    check_lengths(suites, tokenizer, network.language.config.max_position_embeddings - grids.shape[1])
    answers = []
    for suite, members in suites.items():  # a suite's batches hold no other's questions, which would move its last bits
        with Journal(draft.work / f"{suite}.jsonl", task) as journal:
            answers += ask(
                network, tokenizer, members, lambda images: grids[[rows[image] for image in images]], config, journal
            )
    write_answers(draft.path, answers, summarise(answers, config.suites))


def check_lengths(suites: Mapping[str, Sequence[Question]], tokenizer: "Tokenizer", room: int) -> None:
    """Refuses questions that do not fit the model.

    Args:
        suites: The questions by suite.
        tokenizer: The model's tokenizer.
        room: Tokens that fit beside an image.

    Raises:
        ValueError: Naming the longest question and what to do.
    """
    from inkling.models.sequence.prompt import answer_ids, prompt_ids

    for suite, questions in suites.items():
        lengths = {
            one.question_id: len(prompt_ids(tokenizer, one.question))
            + max(len(answer_ids(tokenizer, choice)) for choice in one.choices)
            for one in questions
        }
        longest = max(lengths, key=lambda name: lengths[name])
        if lengths[longest] > room:
            over = sum(length > room for length in lengths.values())
            raise ValueError(
                f"{over} of {len(lengths)} questions of suite '{suite}' are longer than the {room} tokens that the "
                f"model reads beside an image; {longest} has {lengths[longest]}. Leave long ones out with the suite's "
                "`max_words`, or use a preset with a longer context"
            )
