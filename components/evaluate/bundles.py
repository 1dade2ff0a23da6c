"""A bundle in ONNX, asked as the server runs it: it takes the bytes of images itself."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import TOKENIZER, Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.build import answer_suites, check_suites
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.replies import subject
from inkling.components.shared.store.store import produce
from inkling.models.inference.answering import EngineAnswering
from inkling.models.inference.engine import Floats
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.sequence.views import BLANK_IMAGE
from inkling.models.vision.blank import blank_image
from inkling.models.vision.preprocess import Preprocessing, preprocess

_MODULE = "inkling.components.evaluate.bundles"
_REMEMBERED = 1024
"""Embedded images that are kept: several questions and views show the same."""


class BundleConfig(EvaluateConfig):
    """As for a model in torch."""

    def modules(self) -> tuple[str, ...]:
        """What runs the bundle."""
        return (_MODULE,)


def build_from_bundle(config: EvaluateConfig, bundle: str | Path, questions: str | Path, output: str | Path) -> Answers:
    """Scores a bundle on the questions of all suites and stores its answers and their scores.

    Args:
        config: The stage's configuration.
        bundle: The Bundle artifact.
        questions: The Questions artifact.
        output: Where the Answers artifact goes.

    Raises:
        ArtifactError: If an input is not what its manifest says, or a suite of the questions is not configured.
        ValueError: If a question is longer than the model can read, or the method cannot ask it.
    """
    model, asked = Bundle.open(bundle), Questions.open(questions)
    check_suites(config.suites, asked)
    own = BundleConfig(**dict(config))
    who = subject(config, model.digest, [_MODULE])
    return produce(
        Answers,
        output,
        own,
        {"bundle": model, "questions": asked},
        lambda draft: answer_suites(bundle_answering(config, model, asked.images()), config, asked, who, draft),
    )


def bundle_answering(config: EvaluateConfig, bundle: Bundle, pictures: Mapping[str, bytes]) -> EngineAnswering[Floats]:
    """Loads a bundle.

    Args:
        config: The stage's configuration.
        bundle: The bundle.
        pictures: Bytes of the images that it may be shown, by id.
    """
    described = bundle.preprocessing()
    how = Preprocessing.model_validate(described["image"])
    engine = OnnxEngine(bundle.path, int(described["context"]), config.threads)

    @lru_cache(_REMEMBERED)
    def embedded(image: str) -> Floats:
        """Inputs of the decoder for an image (1, tokens, hidden_size); one at a time, so that no other moves a bit."""
        data = blank_image(how.image_size) if image == BLANK_IMAGE else pictures[image]
        return engine.embed_images(preprocess(data, how)[None])

    def images_of(images: Sequence[str]) -> Floats:
        """Inputs of the decoder for images (images, tokens, hidden_size)."""
        return np.concatenate([embedded(image) for image in images])

    return EngineAnswering(engine, Tokenizer.from_file(str(bundle.path / TOKENIZER)), images_of)
