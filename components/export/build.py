"""Making a Bundle: graphs, tokenizer, preprocessing, scores, and the proof that it answers as the network does."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import CARD, EVALUATION, INT8, LLAVA, PARITY, PREPROCESSING, TOKENIZER, Bundle
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.export.config import ExportConfig
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.store.artifact import write_json
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from inkling.models.vision.preprocess import Preprocessing


def build_bundle(
    config: ExportConfig,
    multimodal_model: str | Path,
    questions: str | Path,
    features: str | Path,
    answers: str | Path,
    output: str | Path,
) -> Bundle:
    """Exports a model and checks it on every question, against the features and the answers of its evaluation.

    Raises:
        ParityError: If the exported graphs answer any question otherwise than the model.
    """
    model, asked = MultimodalModelArtifact.open(multimodal_model), Questions.open(questions)
    seen, known = Features.open(features), Answers.open(answers)
    inputs = {"multimodal_model": model, "questions": asked, "features": seen, "answers": known}
    return produce(Bundle, output, config, inputs, lambda draft: _make(config, model, asked, seen, known, draft))


def _make(
    config: ExportConfig,
    multimodal_model: MultimodalModelArtifact,
    questions: Questions,
    features: Features,
    answers: Answers,
    draft: Draft,
) -> None:
    import torch

    from inkling.components.export.card import model_card
    from inkling.components.export.graphs import export_graphs
    from inkling.components.export.llava import refuse, write_llava
    from inkling.components.export.parity import Parity, embed_images
    from inkling.models.inference.onnx_engine import OnnxEngine
    from inkling.models.inference.torch_engine import TorchEngine
    from inkling.models.multimodal import MultimodalModel

    torch.set_num_threads(1)  # comparisons run side by side instead, which is faster than one on several threads
    model = MultimodalModel.load(multimodal_model.path, multimodal_model.encoder(features))
    pixels = features.encoder.preprocessing_of(list(model.connector.inputs))
    export_graphs(model, pixels.image_size, draft.path)
    shutil.copyfile(multimodal_model.path / TOKENIZER, draft.path / TOKENIZER)
    context = model.language.config.max_position_embeddings
    write_json(draft.path / PREPROCESSING, {"image": pixels.model_dump(mode="json"), "context": context})

    exported = OnnxEngine(draft.path, context, 1, "cpu")
    seen = {view: features.view("questions", view) for view in model.connector.inputs}
    compared = Parity(
        exported=exported,
        network=TorchEngine(model),
        tokenizer=multimodal_model.tokenizer(),
        images=embed_images(exported, questions.images(), seen, pixels, config.threads),
        answers={(answer.question_id, answer.view): answer for answer in answers.answers()},
        tolerance=config.tolerance,
    )
    parity = compared.check(questions.questions(), config.batch_size, config.threads)
    if config.llava and model.connector.spec.type == "llava":
        reason = refuse(model)
        if reason is None:
            difference = write_llava(model, pixels, multimodal_model.path / TOKENIZER, draft.path / LLAVA)
            parity["llava"] = {"largest_difference": difference}
        note("also written as transformers' LLaVA" if reason is None else f"not written as LLaVA: {reason}")
    summary, known = answers.summary(), answers.answers(split="test")
    write_json(draft.path / PARITY, parity)
    rounded = None
    if config.weights == "int8":
        rounded = _round(config, draft.path, context, multimodal_model, questions, pixels, answers)
        write_json(draft.path / INT8, rounded)
    write_json(draft.path / EVALUATION, summary)
    card = model_card(
        model,
        multimodal_model,
        features.encoder,
        summary,
        parity,
        rounded,
        questions.attribution(),
        config.suites,
        known,
    )
    (draft.path / CARD).write_text(card)


def _round(
    config: ExportConfig,
    graphs: Path,
    context: int,
    multimodal_model: MultimodalModelArtifact,
    questions: Questions,
    pixels: "Preprocessing",
    answers: Answers,
) -> dict[str, Any]:
    """Rounds the weights of graphs that were proven, and answers the questions again; the content of `int8.json`."""
    from inkling.components.export.cost import LikelihoodPass, cost
    from inkling.components.export.parity import embed_images
    from inkling.components.export.quantize import quantize_graph
    from inkling.models.inference.onnx_engine import DECODER, EMBEDDING, VISION, OnnxEngine

    before = _mebibytes(graphs, (VISION, EMBEDDING, DECODER))
    for name in (VISION, DECODER):
        quantize_graph(graphs / name)
    engine = OnnxEngine(graphs, context, 1, "cpu")
    images = embed_images(engine, questions.images(), {}, pixels, config.threads)
    asked = LikelihoodPass(engine, multimodal_model.tokenizer(), images, config.batch_size, config.threads)
    likelihoods = asked.likelihoods(questions.questions())
    right = {one.question_id: one.correct for one in questions.questions() if one.choices}
    return {
        "mebibytes": {"float32": before, "int8": _mebibytes(graphs, (VISION, EMBEDDING, DECODER))},
        "suites": cost(answers.answers(), right, likelihoods),
        "likelihoods": likelihoods,
    }


def _mebibytes(folder: Path, names: Sequence[str]) -> float:
    return round(sum((folder / name).stat().st_size for name in names) / (1 << 20), 2)
