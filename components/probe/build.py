"""Making Measurements: each probe measures the model on the questions of the test split."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.features import Features, Split
from inkling.components.artifacts.measurements import Measurements, Shown, write_measurements
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.probe.config import ProbeConfig
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from torch import Tensor


def build_probe(
    config: ProbeConfig,
    multimodal_model: str | Path,
    conversations: str | Path,
    questions: str | Path,
    features: str | Path,
    output: str | Path,
) -> Measurements:
    """Measures a model on questions and the features of their images, beside what it was taught about others.

    Raises:
        ArtifactError: If an input is not what its manifest says.
    """
    model, taught = MultimodalModelArtifact.open(multimodal_model), Conversations.open(conversations)
    asked, seen = Questions.open(questions), Features.open(features)
    inputs = {"multimodal_model": model, "conversations": taught, "questions": asked, "features": seen}
    return produce(Measurements, output, config, inputs, lambda draft: _make(config, model, taught, asked, seen, draft))


def _make(
    config: ProbeConfig,
    multimodal_model: MultimodalModelArtifact,
    conversations: Conversations,
    questions: Questions,
    features: Features,
    draft: Draft,
) -> None:
    import numpy as np
    import torch

    from inkling.components.probe.contract import Subject
    from inkling.models.multimodal import MultimodalModel

    torch.set_num_threads(config.threads)
    model, pictures = MultimodalModel.load(multimodal_model.path), conversations.images()
    subject = Subject(
        model,
        multimodal_model.tokenizer(),
        questions.questions("test"),
        _reader(features, "questions", model.connector.inputs, questions.images()),
        conversations.turns(),
        _reader(features, "conversations", model.connector.inputs, pictures),
        pictures,
    )
    found, shown = {}, {}
    for place, spec in enumerate(config.probes):
        probe = spec.build()
        measured = probe.measure(subject, np.random.default_rng([config.seed, place]))
        found[spec.type] = [dataclasses.asdict(row) for row in measured]
        rows = [dataclasses.asdict(row) for row in probe.shown(measured)]
        shown[spec.type] = Shown(probe.title or spec.type, probe.about, probe.counted, probe.shares, rows)
    write_measurements(draft.path, found, shown)


def _reader(
    features: Features, split: Split, views: Iterable[str], images: Iterable[str]
) -> "Callable[[Sequence[str]], dict[str, Tensor]]":
    """Gives these views of some images of a split by their ids; `images` names all of them in stored order."""
    import torch

    stored = {view: features.view(split, view) for view in views}
    rows = {image: row for row, image in enumerate(images)}

    def read(wanted: Sequence[str]) -> "dict[str, Tensor]":
        places = [rows[image] for image in wanted]
        return {view: torch.from_numpy(array[places]) for view, array in stored.items()}

    return read
