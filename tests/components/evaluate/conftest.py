"""A tiny multimodal model with random weights, a few questions and random features, made by the real writers."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from inkling.components.artifacts.features import Features, write_encoder, write_shard
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact, write_multimodal_model
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.store import produce
from inkling.models.connectors import CONNECTORS
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.vision import ENCODERS

COLOURS = ["red", "green", "blue", "black", "white"]


class Made(StageConfig):
    """Stands for the stages that make the inputs."""

    stage = "evaluate"


@dataclasses.dataclass(frozen=True)
class World:
    """Paths of the inputs."""

    model: Path
    questions: Path
    features: Path


def question(index: int, split: str, family: str, choices: list[str], images: int) -> Question:
    """A question about one of the images of its split."""
    return Question(
        question_id=f"{split}-{family}-{index}",
        image_id=f"{split}-{index % images}",
        mismatched_image_id=f"{split}-{(index + 1) % images}",
        question=f"What colour is thing {index} ?",
        choices=choices,
        answer=choices[index % len(choices)],
        category="General" if family == "colour" else "Existence",
        family=family,
        size_bucket="none" if family == "colour" else ("small", "large")[index % 2],
        split=split,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Twelve questions of each split: eight of four choices, four of two; image 0 of a split has several questions."""
    root = tmp_path_factory.mktemp("world")
    torch.set_num_threads(1)
    questions = [
        question(index, split, family, choices, 5)
        for split in ("validation", "test")
        for family, choices, number in (("colour", COLOURS[:4], 8), ("existence", ["yes", "no"], 4))
        for index in range(number)
    ]
    images = [(f"{split}-{index}", b"picture") for split in ("validation", "test") for index in range(5)]
    grid = np.random.default_rng(1).normal(size=(len(images), 16, 32)).astype(np.float32)

    def make(kind: type[Artifact], name: str, write: Callable[[Path], None], **inputs: Artifact) -> Artifact:
        return produce(kind, root / name, Made(), inputs, lambda draft: write(draft.path))

    def write_model(path: Path) -> None:
        language = root / "language_model"
        language.mkdir()
        tokenizer(questions).save(str(language / "tokenizer.json"))
        network = MultimodalModel(
            load_preset("tiny").build(64, seed=3),
            CONNECTORS.read("mlp").build({"grid": (16, 32)}, 64),
        )
        write_multimodal_model(path, network, language, Features.open(root / "features"), {"stages": []}, [])

    def write_features(path: Path) -> None:
        encoder = ENCODERS.read("tiny-random")
        write_encoder(path, encoder, encoder.build(["grid"]).state_dict(), ["grid"])
        write_shard(path, "questions", 0, {"grid": grid})
        write_shard(path, "conversations", 0, {"grid": grid[:1]})

    asked = make(Questions, "questions", lambda path: write_questions(path, images, questions))
    make(Features, "features", write_features, questions=asked)
    make(MultimodalModelArtifact, "multimodal_model", write_model)
    return World(root / "multimodal_model", root / "questions", root / "features")


def tokenizer(questions: list[Question]) -> Tokenizer:
    """A tokenizer of whole words that knows the questions."""
    words = Tokenizer(models.WordLevel(unk_token="<|pad|>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = ["<|bos|>", "<|eos|>", "<|pad|>"]
    texts = [f"Question: {one.question} Answer: {choice}" for one in questions for choice in one.choices]
    words.train_from_iterator(texts, trainers.WordLevelTrainer(vocab_size=64, special_tokens=special))
    return words
