"""Making Measurements: each probe measures the model on the questions of the test split."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.features import Features
from inkling.components.artifacts.measurements import Measurements, write_measurements
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.probe.config import ProbeConfig
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from torch import Tensor


def build_probe(
    config: ProbeConfig, multimodal_model: str | Path, questions: str | Path, features: str | Path, output: str | Path
) -> Measurements:
    """Measures a model on questions and the features of their images.

    Raises:
        ArtifactError: If an input is not what its manifest says.
    """
    model, asked = MultimodalModelArtifact.open(multimodal_model), Questions.open(questions)
    seen = Features.open(features)
    inputs = {"multimodal_model": model, "questions": asked, "features": seen}
    return produce(Measurements, output, config, inputs, lambda draft: _make(config, model, asked, seen, draft))


def _make(
    config: ProbeConfig,
    multimodal_model: MultimodalModelArtifact,
    questions: Questions,
    features: Features,
    draft: Draft,
) -> None:
    import numpy as np
    import torch

    from inkling.components.probe.contract import Subject
    from inkling.models.multimodal import MultimodalModel

    torch.set_num_threads(config.threads)
    model = MultimodalModel.load(multimodal_model.path)
    views = {view: features.view("questions", view) for view in model.connector.inputs}
    rows = {image: row for row, image in enumerate(questions.images())}

    def features_of(images: Sequence[str]) -> "dict[str, Tensor]":
        places = [rows[image] for image in images]
        return {view: torch.from_numpy(np.asarray(array[places], np.float32)) for view, array in views.items()}

    subject = Subject(model, multimodal_model.tokenizer(), questions.questions("test"), features_of)
    found = {}
    for place, spec in enumerate(config.probes):
        random = np.random.default_rng([config.seed, place])
        found[spec.type] = [dataclasses.asdict(row) for row in spec.build().measure(subject, random)]
    write_measurements(draft.path, found)
