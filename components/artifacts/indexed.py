r"""Megatron's indexed dataset, version 1: token sequences in a `.bin` file, where they lie in an `.idx` file.

The index, little-endian: magic `MMIDIDX\0\0`, version (uint64), code of the token type (uint8), number of sequences S
(uint64), number of document indices D (uint64), S lengths in tokens (int32), S byte offsets into `.bin` (int64), and D
document indices (int64): document i is the sequences from index i up to index i + 1, so D is the documents plus one.
Source: megatron/core/datasets/indexed_dataset.py of NVIDIA Megatron-LM.
"""

import struct
from array import array
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.store.manifest import ArtifactError

_MAGIC = b"MMIDIDX\x00\x00"
_VERSION = 1
_HEADER = struct.Struct("<9sQBQQ")
_TYPES: dict[int, str] = {1: "|u1", 2: "|i1", 3: "<i2", 4: "<i4", 5: "<i8", 6: "<f8", 7: "<f4", 8: "<u2"}
_CODES = {name: code for code, name in _TYPES.items()}
_UINT16_VOCABULARY = 65_500

Tokens = NDArray[Any]


def token_type(vocabulary: int) -> np.dtype[Any]:
    """The type in which Megatron stores tokens of a vocabulary: uint16 below 65,500 entries, else int32."""
    return np.dtype("<u2" if vocabulary < _UINT16_VOCABULARY else "<i4")


class IndexedWriter:
    """Writes an indexed dataset as it comes; a context manager. It remembers 12 bytes per sequence at most.

    Attributes:
        type: How a token is stored.
    """

    def __init__(self, prefix: Path, vocabulary: int) -> None:
        """Opens the `.bin` file.

        Args:
            prefix: Path of both files without their suffix.
            vocabulary: Number of entries of the vocabulary.
        """
        self._prefix, self.type = prefix, token_type(vocabulary)
        self._lengths = array("i")
        self._documents = array("q", [0])
        prefix.parent.mkdir(parents=True, exist_ok=True)
        self._file = _suffixed(prefix, ".bin").open("wb")

    def append(self, tokens: bytes) -> None:
        """Appends a sequence to the document at hand, given as the bytes of its tokens in `type`."""
        self._file.write(tokens)
        self._lengths.append(len(tokens) // self.type.itemsize)

    def end_document(self, *last: int) -> None:
        """Ends the document at hand; tokens given here are added to its last sequence, which must be there."""
        if last:
            self._file.write(np.array(last, self.type).tobytes())
            self._lengths[-1] += len(last)
        self._documents.append(len(self._lengths))

    def add(self, sequences: Sequence[Sequence[int]]) -> None:
        """Appends a whole document, given as its sequences of token ids, at least one."""
        for sequence in sequences:
            self.append(np.asarray(sequence, self.type).tobytes())
        self.end_document()

    @property
    def documents(self) -> int:
        """Documents that were ended so far."""
        return len(self._documents) - 1

    def __enter__(self) -> Self:
        """Returns the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the `.bin` file and writes the `.idx` file, unless there was an error."""
        self._file.close()
        if kind is None:
            self._write_index()

    def _write_index(self) -> None:
        lengths = np.asarray(self._lengths, dtype="<i4")
        documents = np.asarray(self._documents, dtype="<i8")
        with _suffixed(self._prefix, ".idx").open("wb") as file:
            file.write(_HEADER.pack(_MAGIC, _VERSION, _CODES[self.type.str], len(lengths), len(documents)))
            for column in (lengths, _bounds(lengths)[:-1] * self.type.itemsize, documents):
                file.write(column.tobytes())


class IndexedDataset:
    """A memory-mapped indexed dataset: a sequence of token arrays.

    Attributes:
        lengths: Tokens of each sequence, (sequences,) int32.
        documents: First sequence of each document and, last, the number of sequences, (documents + 1,) int64.
        tokens: All tokens one after another, (tokens,), read-only.
    """

    def __init__(self, prefix: Path) -> None:
        """Maps the two files and checks that they belong together.

        Args:
            prefix: Path of both files without their suffix.

        Raises:
            ArtifactError: If a file is missing, truncated or of another format; the message names it.
        """
        index, data = _suffixed(prefix, ".idx"), _suffixed(prefix, ".bin")
        raw = _read(index)
        if len(raw) < _HEADER.size or not raw.startswith(_MAGIC):
            raise ArtifactError(f"{index} is no index of a Megatron indexed dataset (MMIDIDX)")
        _, version, code, sequences, documents = _HEADER.unpack_from(raw)
        if version != _VERSION or code not in _TYPES:
            raise ArtifactError(
                f"{index} is of version {version} and token type {code}: only version {_VERSION} is read"
            )
        expected = _HEADER.size + 12 * sequences + 8 * documents
        if len(raw) != expected:
            raise ArtifactError(f"{index} has {len(raw)} bytes, its header says {expected}: it is truncated or damaged")
        dtype = np.dtype(_TYPES[code])
        self.lengths: NDArray[np.int32] = np.frombuffer(raw, "<i4", sequences, _HEADER.size)
        offsets: NDArray[np.int64] = np.frombuffer(raw, "<i8", sequences, _HEADER.size + 4 * sequences)
        self.documents: NDArray[np.int64] = np.frombuffer(raw, "<i8", documents, _HEADER.size + 12 * sequences)
        self._bounds = _bounds(self.lengths)
        if not self._consistent(offsets, dtype.itemsize):
            raise ArtifactError(f"{index} contradicts itself: its sequences do not lie one after another")
        self.tokens = _map(data, dtype, int(self._bounds[-1]))

    def __len__(self) -> int:
        """Number of sequences."""
        return len(self.lengths)

    def __getitem__(self, index: int) -> Tokens:
        """Tokens of a sequence, (length,)."""
        if not 0 <= index < len(self):
            raise IndexError(f"sequence {index} of {len(self)}")
        return self.tokens[self._bounds[index] : self._bounds[index + 1]]

    def document(self, index: int) -> Tokens:
        """Tokens of all sequences of a document, (length,)."""
        first, last = self.documents[index : index + 2]
        return self.tokens[self._bounds[first] : self._bounds[last]]

    def _consistent(self, offsets: NDArray[np.int64], size: int) -> bool:
        ends = self.documents
        ordered = len(ends) > 0 and ends[0] == 0 and ends[-1] == len(self) and bool((np.diff(ends) >= 0).all())
        return ordered and bool((self.lengths >= 0).all()) and bool((offsets == self._bounds[:-1] * size).all())


def _bounds(lengths: NDArray[np.int32]) -> NDArray[np.int64]:
    """Index of the first token of each sequence and, last, the number of tokens, (sequences + 1,)."""
    return np.concatenate([np.zeros(1, "<i8"), np.cumsum(lengths, dtype="<i8")])


def _map(path: Path, dtype: np.dtype[Any], tokens: int) -> Tokens:
    size = path.stat().st_size if path.exists() else -1
    if size != tokens * dtype.itemsize:
        found = f"has {size} bytes" if size >= 0 else "is missing"
        raise ArtifactError(f"{path} {found}, its index says {tokens * dtype.itemsize}")
    return np.memmap(path, dtype, "r") if tokens else np.zeros(0, dtype)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing") from None


def _suffixed(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)
