"""Small packed tokens made with the real writers."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.indexed import IndexedWriter
from inkling.components.artifacts.tokens import BLEND, TOKENIZER, Blend, HeldoutShard, Tokens, TrainShard, shard
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.models.sequence.special_tokens import BOS, BOS_ID, EOS, EOS_ID, PAD

VOCABULARY = 64


def _documents(source: str, count: int, seed: int) -> list[list[int]]:
    """Texts in which a token mostly tells the next one, another way in each source."""
    random = np.random.default_rng(seed)
    stride = 3 + int(hashlib.sha256(source.encode()).hexdigest(), 16) % 5
    texts = []
    for _ in range(count):
        token, text = int(random.integers(3, VOCABULARY)), []
        for _ in range(int(random.integers(20, 60))):
            text.append(token)
            jump = stride if random.random() < 0.9 else int(random.integers(VOCABULARY))
            token = 3 + (token - 3 + jump) % (VOCABULARY - 3)
        texts.append([BOS_ID, *text, EOS_ID])
    return texts


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """Two sources in the recipe, and a third of which only the held-out text is there."""
    from tokenizers import Tokenizer, models

    path = tmp_path / "tokens"
    (path / TOKENIZER).parent.mkdir(parents=True)
    pieces = {BOS: 0, EOS: 1, PAD: 2} | {f"w{index}": index for index in range(3, VOCABULARY)}
    Tokenizer(models.WordLevel(pieces, unk_token=PAD)).save(str(path / TOKENIZER))
    train, heldout = {}, {}
    for source, weight in (("code", 0.75), ("math", 0.25), ("literature", 0.0)):
        for split, count in (("train", 60), ("heldout", 12)):
            texts = _documents(source, count, seed=len(split))
            size = sum(map(len, texts))
            if split == "heldout":
                heldout[source] = HeldoutShard(size, count, 2 * size)
            elif weight:
                train[source] = TrainShard(weight, size, count, 1.0)
            else:
                continue
            with IndexedWriter(shard(path, source, split), VOCABULARY) as writer:
                for text in texts:
                    writer.add([text])
    Blend("custom", VOCABULARY, 2_000, train, heldout).write(path / BLEND)
    Manifest.describe(path, "Tokens", 1, Provenance("mixture", "", "", {}, {}, {})).write(path)
    return Tokens.open(path)
