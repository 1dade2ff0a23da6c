"""Features: the frozen encoder and its views of every image, so that training never encodes an image twice.

A view is stored in shards, `questions/grid.00000.safetensors` and so on, which are memory-mapped when they are read:
a batch of images takes no more of a large set into memory than its own rows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.components.shared.store.manifest import ArtifactError, digest_of
from inkling.models.settings import ConfigError
from inkling.models.spec import EncoderSpec
from inkling.models.strict_json import to_json
from inkling.models.vision import ENCODERS

if TYPE_CHECKING:
    from inkling.models.learnt import Learnt
    from inkling.models.vision.contract import Encoder

ENCODER_SPEC, ENCODER_WEIGHTS, VIEWS = "encoder/spec.json", "encoder/model.safetensors", "views.json"
LEARNING = "encoder/learning.json"
"""What training came to, of an encoder that was trained on the conversations' pictures."""
SHARD_BYTES = 1 << 28
"""Of a view, at most: a shard is made in memory before it is written."""
Split = Literal["conversations", "questions"]
Precision = Literal["fp32", "fp16"]
_TENSOR = "features"
_TYPES: dict[str, Any] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
Rows = slice | Sequence[int] | NDArray[np.integer]


class FeatureView:
    """One view of many images, memory-mapped; what is taken out of it is float32.

    Attributes:
        shape: (images, tokens, channels).
    """

    shape: tuple[int, int, int]

    def __init__(self, shards: Sequence[NDArray[np.floating]]) -> None:
        """Joins shards (images, tokens, channels), one at least, in their order."""
        self._shards = shards
        self._ends = np.cumsum([len(shard) for shard in shards])
        self._kept = np.arange(int(self._ends[-1]))
        self.shape = (len(self._kept), *shards[0].shape[1:])

    def of(self, rows: Rows) -> "FeatureView":
        """The view of some of its images alone, in the order of the rows; nothing is read or copied."""
        part = FeatureView(self._shards)
        part._kept = self._kept[rows]
        part.shape = (len(part._kept), *self.shape[1:])
        return part

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def __getitem__(self, rows: Rows) -> NDArray[np.float32]:
        """The features of some images (rows, tokens, channels), in the order of the rows."""
        places = self._kept[rows]  # (rows,)
        homes = np.searchsorted(self._ends, places, side="right")  # (rows,): the shard of each
        found = np.empty((len(places), *self.shape[1:]), np.float32)
        for home in np.unique(homes):
            mine = homes == home
            found[mine] = self._shards[home][places[mine] - (self._ends[home] - len(self._shards[home]))]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All of it, in memory."""
        return self[:].astype(dtype or np.float32, copy=False)


@dataclass(frozen=True)
class Features(Artifact):
    """Views of all images of the conversations and of the questions, and the encoder that gave them."""

    type: ClassVar[str] = "Features"
    schema: ClassVar[int] = 2

    @cached_property
    def encoder(self) -> EncoderSpec:
        """The spec of the encoder.

        Raises:
            ArtifactError: If it cannot be read.
        """
        path = self.path / ENCODER_SPEC
        try:
            return ENCODERS.read(json.loads(path.read_text()))
        except (OSError, ValueError, ConfigError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}") from None

    @property
    def encoder_digest(self) -> str:
        """Digest of the encoder's spec and weights."""
        return digest_of({name: self.manifest.files[name] for name in (ENCODER_SPEC, ENCODER_WEIGHTS)})

    def load_encoder(self, views: Sequence[str]) -> "Encoder":
        """The encoder with its weights, frozen, giving these views in this order."""
        return cast("Encoder", self.encoder.load(views, self.path / ENCODER_WEIGHTS))

    def views(self) -> dict[str, tuple[int, int]]:
        """(tokens, channels) of each view that is stored, by name."""
        names: list[str] = json.loads((self.path / VIEWS).read_text())
        return {name: self.encoder.all_views[name] for name in names}

    def view(self, split: Split, name: str = "grid") -> FeatureView:
        """A view of the images of a split, in the order of that artifact's `images.parquet`.

        Raises:
            ArtifactError: If there is no such view, or a file is not what its encoder makes.
        """
        views = self.views()
        if name not in views:
            raise ArtifactError(f"{self.path} has no view '{name}' (it has {', '.join(views)}): add it to encode.views")
        shards = [_mapped(path, views[name]) for path in sorted((self.path / split).glob(f"{name}.?????.safetensors"))]
        if not shards:
            raise ArtifactError(f"{self.path / split} holds no shard of the view '{name}'")
        return FeatureView(shards)


def _mapped(path: Path, expected: tuple[int, int]) -> NDArray[np.floating]:
    """The tensor of a shard, memory-mapped.

    A safetensors file is the length of its header (8 bytes, little-endian), the header in JSON, and the bytes of the
    tensors at the offsets that it names.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(length))[_TENSOR]
            kind, shape, start = _TYPES[header["dtype"]], tuple(header["shape"]), header["data_offsets"][0]
        except (ValueError, KeyError) as error:
            raise ArtifactError(f"{path} cannot be read: {error!r}") from None
    if shape[1:] != expected:
        raise ArtifactError(f"{path} holds features of shape {shape[1:]}, its encoder makes {expected}")
    if 0 in shape:
        return np.zeros(shape, kind)
    return np.memmap(path, kind, "r", offset=8 + length + start, shape=shape)


def stored_shard(directory: Path, split: Split, number: int, view: str, shape: tuple[int, int]) -> NDArray[np.floating]:
    """A shard that was written (images, tokens, channels), memory-mapped.

    Args:
        directory: Where the artifact is or is being made.
        split: Whose images they are.
        number: Place of the shard among those of the split.
        view: Name of the view.
        shape: (tokens, channels) of the view.

    Raises:
        ArtifactError: If it is not what the encoder makes.
    """
    return _mapped(_shard_path(directory, split, view, number), shape)


def images_a_shard(views: Mapping[str, tuple[int, int]]) -> int:
    """Images whose largest view fills a shard."""
    return max(1, SHARD_BYTES // (4 * max(tokens * channels for tokens, channels in views.values())))


def write_encoder(
    directory: Path,
    spec: EncoderSpec,
    weights: Mapping[str, Any],
    views: Iterable[str],
    learnt: "Learnt | None" = None,
) -> None:
    """Writes the encoder and the names of the views.

    Args:
        directory: Where the artifact is made.
        spec: The resolved spec.
        weights: The encoder's state, torch tensors by name.
        views: Names of the views.
        learnt: What training it came to, if it was trained on the conversations' pictures.
    """
    from safetensors.torch import save_file

    (directory / ENCODER_SPEC).parent.mkdir()
    write_json(directory / ENCODER_SPEC, spec.model_dump(mode="json"), sort_keys=True)
    save_file(dict(weights), directory / ENCODER_WEIGHTS)
    (directory / VIEWS).write_text(to_json(list(views)) + "\n")
    if learnt is not None:
        write_json(directory / LEARNING, asdict(learnt))


def write_shard(
    directory: Path,
    split: Split,
    number: int,
    features: Mapping[str, NDArray[np.float32]],
    precision: Precision = "fp32",
) -> None:
    """Writes a shard of each view of a split.

    Args:
        directory: Where the artifact is made.
        split: Whose images they are.
        number: Place of the shard among those of the split, from 0.
        features: Image features by view, each (images, tokens, channels).
        precision: What numbers are stored as.
    """
    from safetensors.numpy import save_file

    (directory / split).mkdir(exist_ok=True)
    kind = np.float32 if precision == "fp32" else np.float16
    for view, array in features.items():
        save_file({_TENSOR: np.ascontiguousarray(array, kind)}, _shard_path(directory, split, view, number))


def _shard_path(directory: Path, split: Split, view: str, number: int) -> Path:
    return directory / split / f"{view}.{number:05d}.safetensors"
