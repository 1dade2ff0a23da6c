"""Tokens give back their blend and their shards."""

from pathlib import Path

import pytest

from inkling.components.artifacts.indexed import IndexedWriter
from inkling.components.artifacts.tokens import BLEND, Blend, HeldoutShard, Tokens, TrainShard, shard
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance

BLEND_OF_ONE = Blend("custom", 300, 6, {"code": TrainShard(1.0, 3, 1, 2.0)}, {"math": HeldoutShard(2, 1, 5)})


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    for source, split, ids in (("code", "train", [7, 8, 1]), ("math", "heldout", [9, 1])):
        with IndexedWriter(shard(tmp_path, source, split), 300) as writer:  # type: ignore[arg-type]
            writer.add([ids])
    BLEND_OF_ONE.write(tmp_path / BLEND)
    Manifest.describe(tmp_path, "Tokens", 1, Provenance("mixture", "", "", {}, {}, {})).write(tmp_path)
    return Tokens.open(tmp_path)


def test_blend_and_shards_come_back(tokens: Tokens) -> None:
    assert tokens.blend() == BLEND_OF_ONE
    assert tokens.dataset("code", "train").tokens.tolist() == [7, 8, 1]
    assert tokens.dataset("math", "heldout").tokens.tolist() == [9, 1]


def test_an_absent_shard_names_those_present(tokens: Tokens) -> None:
    with pytest.raises(ConfigError, match=r"unknown train shard 'math'. Valid: code"):
        tokens.dataset("math", "train")
