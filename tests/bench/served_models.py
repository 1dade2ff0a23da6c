"""Models with random weights in two sizes, and their bundles: what `bench_serve.py` serves."""

import io
from pathlib import Path
from typing import Any

import numpy as np

NEW_TOKENS = 32
SIZES = ("laptop", "50M")
QUESTIONS = [
    f"What {what} is the {size} {thing} {place} the {other}?"
    for what in ("colour", "shape", "kind")
    for size in ("small", "large")
    for thing in ("disc", "house", "dog", "kettle")
    for place in ("above", "left of")
    for other in ("tree", "river", "box")
]


def language(size: str, vocabulary: int) -> Any:
    """A language model: the laptop's 1.3 M parameters, or 42 M."""
    from inkling.models.language import spec_of
    from inkling.models.language.presets import load_preset

    spec = load_preset("laptop")
    if size == "50M":
        change = {
            "hidden_size": 512, "num_hidden_layers": 14, "num_attention_heads": 8, "num_key_value_heads": 4,
            "intermediate_size": 1408, "max_position_embeddings": 512,
        }  # fmt: skip
        spec = spec.model_copy(update=change)
    built = spec.build(vocabulary, seed=1)
    assert spec_of(built).hidden_size == spec.hidden_size
    return built.eval()


def tokenizer() -> Any:
    """A byte-level tokenizer of 4,096 tokens, trained on nothing: the bytes, and words of three letters."""
    import itertools

    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    from inkling.models.sequence.special_tokens import SPECIAL_TOKENS

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4096, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    words = (" ".join(letters) for letters in itertools.product("aeiou", "bcdfghklmnprst", "aeiou"))
    made.train_from_iterator([*QUESTIONS, *("".join(word.split()) + " " for word in words)] * 2, trainer)
    return made


def multimodal(size: str) -> Any:
    """The model with its encoder, and the encoder's preprocessing; the same for the same size."""
    import torch

    from inkling.components.encode.encoding import published_encoder
    from inkling.models.connectors import CONNECTORS
    from inkling.models.multimodal import MultimodalModel
    from inkling.models.vision import ENCODERS

    spec = ENCODERS.read("efficientnet-lite0")
    torch.manual_seed(0)
    network = language(size, tokenizer().get_vocab_size())
    connector = CONNECTORS.read("mlp").build({"grid": spec.views["grid"]}, network.config.hidden_size)
    with torch.no_grad():
        network.lm_head.weight[1] = 0  # `<|eos|>` is never the likeliest: every answer has all its tokens
    encoder = published_encoder(spec, ["grid"])
    return MultimodalModel(network, connector, encoder=encoder).eval(), spec.preprocessing_of(["grid"])


def write_bundle(size: str, directory: Path, int8: bool = False) -> Path:
    """Exports a model, in float32 or its decoder with weights in 8 bits."""
    from inkling.components.artifacts.bundle import PREPROCESSING, TOKENIZER, Bundle
    from inkling.components.export.graphs import export_graphs
    from inkling.components.export.quantize import quantize_graph
    from inkling.components.shared.store.artifact import write_json
    from inkling.components.shared.store.manifest import Manifest, Provenance
    from inkling.models.inference.onnx_engine import DECODER

    directory.mkdir(parents=True)
    model, pixels = multimodal(size)
    export_graphs(model, pixels.image_size, directory)
    if int8:
        quantize_graph(directory / DECODER)
    tokenizer().save(str(directory / TOKENIZER))
    context = model.language.config.max_position_embeddings
    write_json(directory / PREPROCESSING, {"image": pixels.model_dump(mode="json"), "context": context})
    made = Provenance(stage="bench", key="0", code="0", packages={}, config={}, inputs={})
    Manifest.describe(directory, Bundle.type, Bundle.schema, made).write(directory)
    return directory


def picture(number: int) -> bytes:
    """A JPEG of 320 x 240 pixels of blocks in colours, another one for each number."""
    from PIL import Image

    random = np.random.default_rng(number)
    blocks = random.integers(0, 255, (6, 8, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).resize((320, 240), Image.Resampling.NEAREST).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
