"""A small world for the tests of adapt: images of one colour each, features that show it, turns that name it.

Each shows a square in one of four places; the images come in pairs of twins, that differ in the colour.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaForCausalLM

from inkling.components.adapt.data import Lesson
from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation, to_rle
from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.models.language import LANGUAGE_MODELS

COLOURS = ("red", "green", "blue")
TOKENS, CHANNELS = 4, 8
SPEC = LANGUAGE_MODELS.read(
    {
        "type": "llama",
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": True,
        "initializer_range": 0.2,
    }
)


def turns_of(image: str, colour: str) -> list[Turn]:
    """A caption and a question."""
    asked = (("caption", "Describe the picture.", f"a {colour} square"), ("instruct", "Which colour?", colour))
    return [
        Turn(f"{image}-{kind}", image, kind, "General", "colour", "perception", question, answer)
        for kind, question, answer in asked
    ]


def documents_of(images: list[str]) -> list[InterleavedDocument]:
    """Documents of one to three of the images in turn, the text of each of which names its colour."""
    documents, start = [], 0
    while start < len(images):
        own = range(start, min(start + 1 + len(documents) % 3, len(images)))
        texts = ("" if len(documents) % 2 else "Look.", *(f"a {COLOURS[number % 3]} square" for number in own))
        documents.append(InterleavedDocument(f"d{start}", tuple(images[number] for number in own), texts))
        start += len(own)
    return documents


def annotation_of(index: int, images: list[str]) -> ImageAnnotation:
    """What an image shows: a square of 112 pixels in the quarter where its features show it, of its colour."""
    row, column = divmod(index % TOKENS, 2)
    pixels = np.zeros((224, 224), np.bool_)
    pixels[112 * row : 112 * row + 112, 112 * column : 112 * column + 112] = True
    box = (112.0 * column, 112.0 * row, 112.0, 112.0)
    square = AnnotatedObject("shape", "square", COLOURS[index % 3], "", box, 0.25, counts=to_rle(pixels))
    return ImageAnnotation(images[index], 224, 224, (square,), images[index ^ 1], "colour")


@pytest.fixture
def lesson(tokenizer: Tokenizer) -> Lesson:
    """24 images, in turn red, green and blue."""
    images = [f"image{index}" for index in range(24)]
    grid = torch.randn(len(images), TOKENS, CHANNELS, generator=torch.Generator().manual_seed(5)).numpy() * 0.3
    for index in range(len(images)):
        grid[index, index % TOKENS, index % 3] += 3.0
    turns = {image: turns_of(image, COLOURS[index % 3]) for index, image in enumerate(images)}
    shown = {image: annotation_of(index, images) for index, image in enumerate(images)}
    return Lesson(images, {"grid": grid.astype(np.float32)}, turns, tokenizer, lambda: shown, documents_of(images))


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """A byte-level BPE tokenizer that knows the colours, with the special tokens in their places."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=280,
        special_tokens=["<|bos|>", "<|eos|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([f"a {colour} square" for colour in COLOURS] * 9, trainer)
    return tokenizer


@pytest.fixture
def language(tokenizer: Tokenizer) -> Callable[[], LlamaForCausalLM]:
    """Makes language models with their initial weights, all the same."""
    return lambda: SPEC.build(tokenizer.get_vocab_size(), seed=3)
