"""A small model with its questions, features and answers, written by the real writers, and its exported bundle."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.features import Features, write_encoder, write_shard
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.artifacts.suite import rendered_scenes
from inkling.components.shared.store.artifact import ATTRIBUTION, Artifact
from inkling.components.shared.store.manifest import Manifest, Provenance

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 40, 230), "yellow": (230, 220, 40)}
TEXTS = [
    f"Question: What colour is the {shape}? Answer: {colour}" for shape in ("square", "disc") for colour in COLOURS
]
QUESTIONS = 12


@dataclass(frozen=True)
class Served:
    """Where the artifacts lie."""

    multimodal_model: Path
    questions: Path
    features: Path
    answers: Path
    bundle: Path


def seal(kind: type[Artifact], directory: Path) -> None:
    """Writes the manifest of files that a test has written."""
    made = Provenance(stage="test", key="0", code="0", packages={}, config={}, inputs={})
    Manifest.describe(directory, kind.type, kind.schema, made).write(directory)


def picture(colour: tuple[int, int, int], number: int) -> bytes:
    """A JPEG of 224 x 224 pixels with a block of a colour."""
    random = np.random.default_rng(number)
    pixels = random.integers(90, 140, (224, 224, 3)).astype(np.uint8)
    top = 16 * (number % 6)
    pixels[top : top + 120, 40:160] = colour
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The artifacts, made once."""
    from inkling.components.export.build import build_bundle
    from inkling.components.export.config import ExportConfig

    root = tmp_path_factory.mktemp("served")
    where = Served(*(root / name for name in ("multimodal_model", "questions", "features", "answers", "bundle")))
    _make_questions(where)
    _make_model(where)
    _make_answers(where)
    config = ExportConfig(threads=1, batch_size=5)
    build_bundle(config, where.multimodal_model, where.questions, where.features, where.answers, where.bundle)
    return where


def _make_questions(where: Served) -> None:
    names = list(COLOURS)
    images = [(f"image-{number}", picture(COLOURS[names[number % 4]], number)) for number in range(QUESTIONS)]
    questions = [
        Question(
            question_id=f"colour-{number}",
            image_id=f"image-{number}",
            mismatched_image_id=f"image-{(number + 1) % QUESTIONS}",
            question=f"What colour is the {('square', 'disc')[number % 2]}?",
            choices=names,
            answer=names[number % 4],
            category="General",
            family="colour",
            size_bucket="none",
            split="test" if number % 3 else "validation",
        )
        for number in range(QUESTIONS)
    ]
    where.questions.mkdir()
    write_questions(where.questions, images, questions)
    (where.questions / ATTRIBUTION).write_text("# Attribution\n\n- emoji 3: its designers (CC-BY-SA-4.0)\n")
    seal(Questions, where.questions)


def _make_model(where: Served) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    from inkling.components.artifacts.multimodal_model import write_multimodal_model
    from inkling.models.connectors import CONNECTORS
    from inkling.models.multimodal import MultimodalModel
    from inkling.models.sequence.special_tokens import BOS, EOS, PAD
    from inkling.models.vision import ENCODERS
    from inkling.models.vision.preprocess import preprocess

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=[BOS, EOS, PAD], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    language = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=96,
            initializer_range=0.3,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=2,
        )
    )
    spec = ENCODERS.read("tiny-random")
    connector = CONNECTORS.read("mlp").build({"grid": spec.views["grid"]}, 32)
    encoder = spec.build(["grid"])
    questions = Questions.open(where.questions)
    pixels = np.stack([preprocess(image, spec.preprocessing) for image in questions.images().values()])
    with torch.inference_mode():
        grid = encoder(torch.from_numpy(pixels))[0].numpy()
    connector.learn_statistics(torch.from_numpy(grid))
    where.features.mkdir()
    write_encoder(where.features, spec, encoder.state_dict(), ["grid"])
    for split in ("questions", "conversations"):
        write_shard(where.features, split, 0, {"grid": grid})
    seal(Features, where.features)
    reading = where.features.with_name("language_model")
    reading.mkdir()
    tokenizer.save(str(reading / "tokenizer.json"))
    where.multimodal_model.mkdir()
    phase = {
        "name": "none", "data": ["caption"], "objectives": [{"type": "next_token", "weight": 1.0}],
        "train": ["connector"], "steps": 0, "batch": 8, "learning_rate": 0.001, "blind": 0.1,
    }  # fmt: skip
    text = {"novels": {"tokens": 1_234, "share": 1.0, "weight": 1.0, "epochs": 0.5}}
    recipe = {"name": "test", "departures": ["nothing was trained"], "phases": [phase], "text": text}
    model = MultimodalModel(language, connector)
    write_multimodal_model(where.multimodal_model, model, reading, Features.open(where.features), recipe, [])
    seal(MultimodalModelArtifact, where.multimodal_model)


def _make_answers(where: Served) -> None:
    import torch

    from inkling.components.evaluate.summary import summarise
    from inkling.models.inference.likelihood import choose
    from inkling.models.inference.torch_engine import TorchEngine
    from inkling.models.multimodal import MultimodalModel
    from inkling.models.sequence.prompt import answer_ids, prompt_ids
    from inkling.models.sequence.views import VIEWS

    artifact, questions = MultimodalModelArtifact.open(where.multimodal_model), Questions.open(where.questions)
    engine, tokenizer = TorchEngine(MultimodalModel.load(artifact.path)), artifact.tokenizer()
    grid = torch.from_numpy(Features.open(where.features).view("questions")[:])
    rows = {name: row for row, name in enumerate(questions.images())}
    answers = []
    for view in VIEWS:
        for one in questions.questions():
            shown = one.mismatched_image_id if view == "mismatched" else one.image_id
            picked = None if view == "blind" else {"grid": grid[rows[shown]][None]}
            choices = [answer_ids(tokenizer, choice) for choice in one.choices]
            scores = engine.score([prompt_ids(tokenizer, one.question)], [choices], picked)[0]
            answers.append(
                Answer(
                    one.question_id,
                    view,
                    tuple(scores),
                    choose(scores),
                    choose(scores) == one.correct,
                    one.image_id,
                    one.category,
                    one.family,
                    one.size_bucket,
                    one.chance,
                    one.split,
                )
            )
    where.answers.mkdir()
    write_answers(where.answers, answers, summarise(answers, rendered_scenes()))
    seal(Answers, where.answers)
