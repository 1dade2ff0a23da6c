"""Making Answers: every question in every view, resumed where an earlier run was killed."""

from pathlib import Path

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce


def build_evaluate(
    config: EvaluateConfig,
    multimodal_model: str | Path,
    questions: str | Path,
    features: str | Path,
    output: str | Path,
) -> Answers:
    """Scores a model on the questions of both splits and stores its answers and their scores.

    Args:
        config: The stage's configuration.
        multimodal_model: The MultimodalModel artifact.
        questions: The Questions artifact.
        features: The Features artifact; its grids must be those of the questions' images.
        output: Where the Answers artifact goes.

    Raises:
        ArtifactError: If an input is not what its manifest says, or the features are of other questions.
        ValueError: If the model's weights are broken or a split has no four-choice questions.
    """
    model, asked = MultimodalModelArtifact.open(multimodal_model), Questions.open(questions)
    grids = Features.open(features)
    inputs = {"multimodal_model": model, "questions": asked, "features": grids}
    if grids.manifest.provenance.inputs.get("questions") != asked.digest:
        raise ArtifactError(f"the features at {grids.path} were not computed from the questions at {asked.path}")
    task = provenance(config, inputs).key
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

    from inkling.components.evaluate.resume_log import ResumeLog
    from inkling.components.evaluate.scoring import score_questions
    from inkling.components.evaluate.summary import summarise
    from inkling.models.inference.answering import EngineAnswering
    from inkling.models.inference.torch_engine import TorchEngine

    torch.set_num_threads(config.threads)
    grids = torch.from_numpy(features.grid("questions"))
    rows = {image: row for row, image in enumerate(questions.images())}
    answering = EngineAnswering(
        TorchEngine(model.model()), model.tokenizer(), lambda images: {"grid": grids[[rows[image] for image in images]]}
    )
    with ResumeLog(draft.work / "answers.jsonl", task) as log:
        answers = score_questions(answering, questions.questions(), config, log)
    write_answers(draft.path, answers, summarise(answers))
