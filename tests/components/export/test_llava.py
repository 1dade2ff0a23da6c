"""A vision transformer with LLaVA's projector answers in plain transformers as it does here."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    Dinov2Config,
    Dinov2Model,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    SiglipVisionConfig,
    SiglipVisionModel,
    ViTMAEConfig,
    ViTMAEModel,
)

from inkling.components.export.llava import refuse, write_llava
from inkling.models.connectors import CONNECTORS
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.prompt import prompt_ids
from inkling.models.sequence.special_tokens import EOS_ID, SPECIAL_TOKENS
from inkling.models.spec import EncoderSpec
from inkling.models.vision import ENCODERS
from inkling.models.vision.preprocess import preprocess

SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 56, "patch_size": 14}
TOWERS = {
    "clip": (CLIPVisionModel, CLIPVisionConfig, {"intermediate_size": 64}),
    "siglip": (SiglipVisionModel, SiglipVisionConfig, {"intermediate_size": 64, "vision_use_head": False}),
    "dinov2": (Dinov2Model, Dinov2Config, {}),
}
QUESTIONS = ["What is shown?", "What colour is the square?", "Where?"]


def picture(number: int) -> bytes:
    """A PNG of 56 x 56 pixels of noise."""
    pixels = np.random.default_rng(number).integers(0, 256, (56, 56, 3)).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A byte-level tokenizer with the special tokens, in a file."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator([f"Question: {question} Answer: red" for question in QUESTIONS], trainer)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def build(tmp_path: Path, tower: str, vocabulary: int, view: str = "patches") -> tuple[MultimodalModel, EncoderSpec]:
    """A model with random weights around a folder's encoder."""
    network, config, more = TOWERS[tower]
    torch.manual_seed(0)
    network(config(**SIZES, **more)).save_pretrained(tmp_path / tower)
    spec = ENCODERS.read({"type": "hugging-face", "path": str(tmp_path / tower), "grid": 2})
    encoder = spec.build([view])
    encoder.load_published(None)
    language = load_preset("tiny").build(vocabulary, 0)
    torch.manual_seed(1)
    inputs = {view: spec.views[view]}
    connector = CONNECTORS.read({"type": "llava", "view": view}).build(inputs, language.config.hidden_size)
    connector.match_embeddings(language.get_input_embeddings().weight.detach())
    connector.learn_statistics(3.0 + 2.0 * torch.randn(8, *spec.views[view]))
    return MultimodalModel(language, connector, encoder=encoder).eval(), spec


@pytest.mark.parametrize(
    ("tower", "view"),
    [
        ("clip", "patches"),
        ("clip", "layers.-2"),
        ("siglip", "layers.-2"),
        ("dinov2", "layers.-2"),
        ("clip", "layers.-3"),
    ],
)
def test_plain_transformers_gives_the_same_logits_and_answers(
    tmp_path: Path, tokenizer: Path, tower: str, view: str
) -> None:
    read = Tokenizer.from_file(str(tokenizer))
    model, spec = build(tmp_path, tower, read.get_vocab_size(), view)
    assert refuse(model) is None
    assert write_llava(model, spec.preprocessing, tokenizer, tmp_path / "llava") < 1e-4

    theirs = LlavaForConditionalGeneration.from_pretrained(tmp_path / "llava").eval()
    processor = LlavaProcessor.from_pretrained(tmp_path / "llava")
    pictures = [picture(number) for number in range(len(QUESTIONS))]
    turns = [
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}] for question in QUESTIONS
    ]
    inputs = processor(
        text=[processor.apply_chat_template(turn) for turn in turns],
        images=[Image.open(io.BytesIO(data)) for data in pictures],
        return_tensors="pt", padding=True,
    )  # fmt: skip
    pixels = torch.from_numpy(np.stack([preprocess(data, spec.preprocessing) for data in pictures]))
    torch.testing.assert_close(inputs["pixel_values"], pixels, atol=1e-5, rtol=1e-5)

    prompts = [prompt_ids(read, question) for question in QUESTIONS]
    engine = TorchEngine(model)
    with torch.inference_mode():
        features = {view: model.encoder(pixels)[0]}
        ours = engine.prefill(prompts, features).logits
        found = theirs(**inputs).logits[:, -1, :-1]
        said = theirs.generate(**inputs, do_sample=False, max_new_tokens=6)[:, inputs["input_ids"].shape[1] :]
    np.testing.assert_allclose(found.numpy(), ours, atol=1e-4)
    answers = engine.generate(prompts, [6] * len(prompts), features, stop={EOS_ID})
    assert [[token for token in row if token > EOS_ID + 1] for row in said.tolist()] == answers


def test_a_question_without_an_image_is_the_blind_prompt(tmp_path: Path, tokenizer: Path) -> None:
    read = Tokenizer.from_file(str(tokenizer))
    model, spec = build(tmp_path, "clip", read.get_vocab_size())
    write_llava(model, spec.preprocessing, tokenizer, tmp_path / "llava")
    processor = LlavaProcessor.from_pretrained(tmp_path / "llava")
    text = processor.apply_chat_template([{"role": "user", "content": QUESTIONS[0]}])
    assert processor(text=text, return_tensors="pt")["input_ids"][0].tolist() == prompt_ids(read, QUESTIONS[0])


def test_what_llava_cannot_hold_is_said(tmp_path: Path) -> None:
    model, spec = build(tmp_path, "clip", 300)
    bare = MultimodalModel(model.language, model.connector)
    assert refuse(bare) == "its encoder is no vision transformer of transformers"
    mlp = CONNECTORS.read("mlp").build({"grid": spec.views["grid"]}, 64)
    assert refuse(MultimodalModel(model.language, mlp)) == "its connector is 'mlp', not 'llava'"
    model, _ = build(tmp_path, "dinov2", 300)
    assert "behind the encoder's last norm" in str(refuse(model))
    ViTMAEModel(ViTMAEConfig(**SIZES, intermediate_size=64)).save_pretrained(tmp_path / "mae")
    masked = ENCODERS.read({"type": "hugging-face", "path": str(tmp_path / "mae"), "grid": 2}).build(["patches"])
    assert refuse(MultimodalModel(model.language, model.connector, encoder=masked)) is not None


def test_a_tower_that_transformers_runs_otherwise_is_refused(tmp_path: Path, tokenizer: Path) -> None:
    read = Tokenizer.from_file(str(tokenizer))
    model, spec = build(tmp_path, "clip", read.get_vocab_size())
    model.encoder.register_forward_hook(lambda module, pixels, views: tuple(view + 1.0 for view in views))
    with pytest.raises(ValueError, match="logits differ by .* set export.llava to false"):
        write_llava(model, spec.preprocessing, tokenizer, tmp_path / "llava")
    assert not (tmp_path / "llava").exists()
