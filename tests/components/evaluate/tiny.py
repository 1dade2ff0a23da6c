"""A tiny multimodal model that is asked in text about named images, with weights large enough that all matters."""

import zlib
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.inference.answering import EngineAnswering
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.language import LANGUAGE_MODELS, spec_of
from inkling.models.multimodal import ImageFeatures, MultimodalModel

TOKENS, CHANNELS = 9, 6
SPEC = LANGUAGE_MODELS.read(
    {
        "type": "llama",
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": True,
        "initializer_range": 0.3,
    }
)


def tiny_answering(words: Sequence[str], fusion: str = "prefix") -> EngineAnswering[ImageFeatures]:
    """A model in torch whose tokenizer knows these words; an image's features are drawn by its name."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    tokenizer = Tokenizer(models.WordLevel(unk_token="<|pad|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = ["<|bos|>", "<|eos|>", "<|pad|>"]
    tokenizer.train_from_iterator(
        [f"Question: {' '.join(words)} Answer:"], trainers.WordLevelTrainer(special_tokens=special)
    )
    language = SPEC.build(64, seed=3)
    connector = CONNECTORS.read("mlp").build({"grid": (TOKENS, CHANNELS)}, SPEC.hidden_size)
    connector.match_embeddings(language.get_input_embeddings().get_parameter("weight").detach())
    network = MultimodalModel(language, connector, FUSIONS.read(fusion).build(spec_of(language))).eval()

    def features(images: Sequence[str]) -> ImageFeatures:
        drawn = [torch.Generator().manual_seed(zlib.crc32(image.encode())) for image in images]
        return {"grid": torch.stack([torch.randn(TOKENS, CHANNELS, generator=one) for one in drawn])}

    return EngineAnswering(TorchEngine(network), tokenizer, features)
