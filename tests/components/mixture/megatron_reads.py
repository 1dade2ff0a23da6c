"""Reads a Tokens artifact with Megatron-core alone; run as a program, for its import is slow and global.

Usage: megatron_reads.py TOKENS CACHE. Prints, as JSON, tokens and boundaries of every shard and the shares of the
first samples that Megatron would train on.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig
from megatron.core.datasets.indexed_dataset import IndexedDataset
from megatron.core.datasets.utils import get_blend_from_list

SAMPLES = 2_000


class Tokenizer:
    """What Megatron asks of a tokenizer when it reads tokens."""

    def __init__(self) -> None:
        self.unique_identifiers = {"class": "test"}

    eod, pad, vocab_size = 1, 2, 320


def read_shard(prefix: str) -> dict[str, object]:
    shard = IndexedDataset(prefix)
    tokens = np.concatenate([np.zeros(0, np.int64), *(shard[index].astype(np.int64) for index in range(len(shard)))])
    return {
        "tokens": hashlib.sha256(tokens.tobytes()).hexdigest(),
        "lengths": shard.sequence_lengths.tolist(),
        "documents": shard.document_indices.tolist(),
    }


def shares(words: list[str], cache: Path) -> dict[str, float]:
    prefixes, weights = get_blend_from_list(words)
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    config = GPTDatasetConfig(
        random_seed=1, sequence_length=32, blend=(prefixes, weights), split="100,0,0", path_to_cache=str(cache),
        tokenizer=Tokenizer(), reset_position_ids=False, reset_attention_mask=False, eod_mask_loss=False,
    )  # fmt: skip
    train, _, _ = BlendedMegatronDatasetBuilder(GPTDataset, [SAMPLES, 0, 0], lambda: True, config).build()
    drawn = np.bincount(train.dataset_index[:SAMPLES], minlength=len(prefixes)) / SAMPLES
    return dict(zip((Path(prefix).name for prefix in prefixes), drawn.tolist(), strict=True))


if __name__ == "__main__":
    directory, cache = Path(sys.argv[1]), Path(sys.argv[2])
    found = {str(index.relative_to(directory))[:-4]: read_shard(str(index)[:-4]) for index in directory.rglob("*.idx")}
    words = [
        word if place % 2 == 0 else str(directory / word)
        for place, word in enumerate((directory / "blend.txt").read_text().split())
    ]
    print(json.dumps({"shards": found, "shares": shares(words, cache)}))
