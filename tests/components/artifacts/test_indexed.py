"""The indexed dataset is Megatron's, byte for byte, and a damaged one is refused by name."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.indexed import IndexedDataset, IndexedWriter, token_type
from inkling.components.shared.store.manifest import ArtifactError

Documents = list[list[list[int]]]
EXAMPLE: Documents = [[[1, 2, 3], [4]], [[5]], [[7, 8, 9, 10], [1], [2, 3]]]

# What IndexedDatasetBuilder of megatron-core 0.16.1 writes for EXAMPLE with int32 tokens.
MEGATRON_INDEX = bytes.fromhex(
    "4d4d494449445800000100000000000000040600000000000000040000000000000003000000010000000100000004000000010000000200"
    "000000000000000000000c0000000000000010000000000000001400000000000000240000000000000028000000000000000000000000000"
    "000020000000000000003000000000000000600000000000000"
)


def write(prefix: Path, documents: Documents, vocabulary: int = 4_096) -> IndexedDataset:
    with IndexedWriter(prefix, vocabulary) as writer:
        for document in documents:
            writer.add(document)
    return IndexedDataset(prefix)


def test_index_is_megatrons_to_the_byte(tmp_path: Path) -> None:
    write(tmp_path / "shard", EXAMPLE, vocabulary=100_000)
    assert (tmp_path / "shard.idx").read_bytes() == MEGATRON_INDEX


@given(
    st.lists(st.lists(st.lists(st.integers(0, 300), max_size=5), max_size=4), max_size=6),
    st.sampled_from([4_096, 100_000]),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, documents: Documents, vocabulary: int
) -> None:
    dataset = write(tmp_path_factory.mktemp("shard") / "shard", documents, vocabulary)
    sequences = [sequence for document in documents for sequence in document]
    assert [row.tolist() for row in dataset] == sequences
    assert dataset.tokens.tolist() == [token for sequence in sequences for token in sequence]
    assert dataset.tokens.dtype == token_type(vocabulary)
    for index, document in enumerate(documents):
        assert dataset.document(index).tolist() == [token for sequence in document for token in sequence]
    assert len(dataset.documents) == len(documents) + 1


def test_a_document_may_come_by_the_sequence_and_end_with_a_token(tmp_path: Path) -> None:
    with IndexedWriter(tmp_path / "shard", 4_096) as writer:
        for document in EXAMPLE:
            for sequence in document:
                writer.append(np.array(sequence, writer.type).tobytes())
            writer.end_document(99)
        assert writer.documents == 3
    dataset = IndexedDataset(tmp_path / "shard")
    ended = [[*document[:-1], [*document[-1], 99]] for document in EXAMPLE]
    assert [row.tolist() for row in dataset] == [sequence for document in ended for sequence in document]
    assert dataset.documents.tolist() == [0, 2, 3, 6]


def test_token_type_follows_the_vocabulary() -> None:
    assert token_type(65_499) == np.uint16
    assert token_type(65_500) == np.int32


def test_a_token_too_large_for_the_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OverflowError), IndexedWriter(tmp_path / "shard", 4_096) as writer:
        writer.add([[70_000]])
    assert not (tmp_path / "shard.idx").exists()


@pytest.mark.parametrize("suffix", [".idx", ".bin"])
@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: b""])
def test_a_truncated_or_longer_file_is_named(tmp_path: Path, suffix: str, change: object) -> None:
    write(tmp_path / "shard", EXAMPLE)
    path = tmp_path / f"shard{suffix}"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ArtifactError, match=f"shard\\{suffix}"):
        IndexedDataset(tmp_path / "shard")


@pytest.mark.parametrize("suffix", [".idx", ".bin"])
def test_a_missing_file_is_named(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / "shard", EXAMPLE)
    (tmp_path / f"shard{suffix}").unlink()
    with pytest.raises(ArtifactError, match=f"shard\\{suffix} is missing"):
        IndexedDataset(tmp_path / "shard")


@given(st.binary(max_size=200))
def test_a_foreign_index_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "shard.idx").write_bytes(content)
    (folder / "shard.bin").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"shard\.idx is no index"):
        IndexedDataset(folder / "shard")


@pytest.mark.parametrize(
    ("offset", "word"), [(9, "version"), (17, "token type"), (34, "contradicts"), (58, "contradicts")]
)
def test_a_damaged_index_is_refused(tmp_path: Path, offset: int, word: str) -> None:
    write(tmp_path / "shard", EXAMPLE)
    raw = bytearray((tmp_path / "shard.idx").read_bytes())
    raw[offset] ^= 0x40
    (tmp_path / "shard.idx").write_bytes(bytes(raw))
    with pytest.raises(ArtifactError, match=word):
        IndexedDataset(tmp_path / "shard")


def test_a_sequence_beyond_the_last_is_an_index_error(tmp_path: Path) -> None:
    dataset = write(tmp_path / "shard", EXAMPLE)
    with pytest.raises(IndexError, match="sequence 6 of 6"):
        dataset[6]
