"""What the parts read: text as tokens, turns and questions about scenes, and image features, small enough to carry.

The features are those of the scenes' own encoder on the directions in which they vary most: principal components of
the training images' grid, all rounded to one step, so that a component takes the more bits the more it varies.
"""

import hashlib
import json
import lzma
import os
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from kit import PACKED
from machine import Unfit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from inkling.components.shared.runtime.progress import Progress

FEATURES = "features.npz"
VIEW = "grid"
_DIGEST = "archive.sha256"
_ROUNDED = 0.005  # of the features' variance: what rounding to steps may take away


@dataclass(frozen=True)
class Data:
    """The unpacked data.

    Attributes:
        folder: Where they lie.
    """

    folder: Path

    @property
    def digest(self) -> str:
        """Of the archive that they were unpacked from."""
        return (self.folder / _DIGEST).read_text()

    def tokens(self, recipe: str) -> Any:
        """The Tokens artifact of a recipe."""
        from inkling.components.artifacts.tokens import Tokens

        return Tokens.open(self.folder / f"tokens-{recipe}")

    def recipes(self) -> list[str]:
        """Names of the recipes that there are tokens of."""
        return sorted(path.name.removeprefix("tokens-") for path in self.folder.glob("tokens-*"))

    def lesson(self, recipe: str, images: int, share: int) -> Any:
        """What an adaptation learns from: one of `share` training images with its turns, the same in every run.

        Args:
            recipe: Whose tokenizer reads the turns.
            images: Training images in all, at most.
            share: 1 for all images, 4 for a quarter; smaller parts lie in larger ones.
        """
        from inkling.components.adapt.data import Lesson
        from inkling.components.artifacts.conversations import CONVERSATIONS, Turn

        names = json.loads((self.folder / "names.json").read_text())["conversations"]
        order = np.random.default_rng(0).permutation(len(names))
        rows = np.sort(order[: min(images, len(names)) // share])
        chosen = [names[row] for row in rows]
        turns: dict[str, list[Turn]] = {image: [] for image in chosen}
        for entry in json.loads((self.folder / CONVERSATIONS).read_text()):
            if entry.get("image") in turns:
                turns[entry["image"]].append(Turn.from_llava(entry))
        return Lesson(chosen, {VIEW: self.features("conversations")[rows]}, turns, self.tokens(recipe).tokenizer())

    def questions(self, split: str) -> list[Any]:
        """The questions of a split about the scenes."""
        from inkling.components.artifacts.questions import Questions
        from inkling.components.shared.store.manifest import Manifest

        asked = Questions(self.folder, Manifest.read(self.folder)).questions()
        return [question for question in asked if question.split == split]

    def question_rows(self) -> dict[str, int]:
        """Row of each question's image in its features, by the image's name."""
        names = json.loads((self.folder / "names.json").read_text())["questions"]
        return {name: row for row, name in enumerate(names)}

    def features(self, of: str) -> NDArray[np.float32]:
        """Features of the images of the conversations or the questions (images, tokens, components)."""
        with np.load(self.folder / FEATURES) as stored:
            codes, step = stored[of], stored["step"]
        return np.ascontiguousarray(codes.transpose(1, 2, 0)).astype(np.float32) * step


def collect(folder: Path, sizes: Mapping[str, Any]) -> None:
    """Makes the data with the pipeline's own stages and packs them.

    Args:
        folder: Takes `data.tar.xz`; what is made on the way stays beside it in `<folder>-made`, and is reused.
        sizes: `corpus`, `mixture`, `scenes`: settings of those stages; `recipes`; `components` of the features.

    Raises:
        FetchError: If a data package is not fetched and cannot be.
    """
    from inkling.components.artifacts.conversations import CONVERSATIONS
    from inkling.components.artifacts.questions import QUESTIONS
    from inkling.components.artifacts.tokens import TOKENIZER
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig
    from inkling.components.encode.build import build_encode
    from inkling.components.encode.config import EncodeConfig
    from inkling.components.mixture.build import build_mixture
    from inkling.components.mixture.config import MixtureConfig
    from inkling.components.scenes.build import build_scenes
    from inkling.components.scenes.config import ScenesConfig

    made = folder.with_name(f"{folder.name}-made")
    corpus = build_corpus(CorpusConfig(**sizes["corpus"]), made / "corpus")
    tokenizer = None
    for recipe in sizes["recipes"]:
        config = MixtureConfig(recipe=recipe, tokenizer=tokenizer, **sizes["mixture"])
        tokens = build_mixture(config, corpus.path, made / f"tokens-{recipe}")
        tokenizer = tokenizer or tokens.path / TOKENIZER
    talk, asked = build_scenes(ScenesConfig(**sizes["scenes"]), made / "conversations", made / "questions")
    features = build_encode(EncodeConfig(**sizes["encode"]), talk.path, asked.path, made / "features")

    packed = folder / "packed"
    shutil.rmtree(packed, ignore_errors=True)
    packed.mkdir()
    _link_equal([made / f"tokens-{recipe}" for recipe in sizes["recipes"]], packed)
    shutil.copy(talk.path / CONVERSATIONS, packed)
    shutil.copy(asked.path / QUESTIONS, packed)
    shutil.copy(asked.path / "manifest.json", packed)
    names = {"conversations": list(talk.images()), "questions": list(asked.images())}
    (packed / "names.json").write_text(json.dumps(names))
    seen = {split: np.asarray(features.view(split, VIEW)[:], np.float32) for split in names}
    np.savez(packed / FEATURES, **compress(seen, "conversations", sizes["components"]))
    pack(packed, folder / PACKED)
    shutil.rmtree(packed)


def pack(folder: Path, into: Path) -> None:
    """Packs a folder into an archive, the same bytes whenever it is made; says how far it is."""
    from inkling.components.shared.runtime.progress import Progress

    written = into.with_suffix(".part")
    sizes = {path.stat().st_ino: path.stat().st_size for path in folder.rglob("*")}  # files of several names count once
    with (
        Progress("packing the data", sum(sizes.values()) / 1e6, "MB") as progress,
        lzma.open(written, "wb") as stream,
        tarfile.open(fileobj=_Reported(stream, progress), mode="w|") as archive,
    ):
        archive.add(folder, arcname="", filter=_without_times)
    written.rename(into)


class _Reported:
    """A stream that reports what is written to it."""

    def __init__(self, stream: IO[bytes], progress: "Progress") -> None:
        self._stream, self._progress = stream, progress

    def write(self, block: bytes) -> int:
        """Writes a block, and reports its size."""
        self._progress.advance(len(block) / 1e6)
        return self._stream.write(block)


def unpack(folder: Path, into: Path) -> Data:
    """The data of a kit, unpacked once; those of another kit are replaced.

    Raises:
        Unfit: If the kit has none, or the disk no room for them.
    """
    archive = folder / PACKED
    if not archive.exists():
        raise Unfit(f"{archive} is missing: make the kit with `make gpu-kit` where there is a network")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    known = into / _DIGEST
    if not known.exists() or known.read_text() != digest:
        unpacked = into.with_name(f"{into.name}.unpacked")
        try:
            shutil.rmtree(unpacked, ignore_errors=True)
            with tarfile.open(archive) as opened:
                opened.extractall(unpacked, filter="data")
            (unpacked / _DIGEST).write_text(digest)
        except (OSError, EOFError, tarfile.TarError, lzma.LZMAError) as error:
            raise Unfit(f"{archive} could not be unpacked into {unpacked}: {error}") from None
        shutil.rmtree(into, ignore_errors=True)
        unpacked.rename(into)
    return Data(into)


def _without_times(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An archive's entry without what differs from one making to the next."""
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def compress(seen: Mapping[str, NDArray[np.float32]], fitted: str, components: int) -> dict[str, NDArray[Any]]:
    """Features on the principal components of some of them, in steps of one size, each count in 8 bits.

    Args:
        seen: Features (images, tokens, channels), by name.
        fitted: Those that mean, components and step are computed from.
        components: Components kept; all channels at most.

    Returns:
        Under each name int8 (components, images, tokens), a component at a time as an archive packs them best; `step`,
        what a unit is worth; `kept`, the share of the variance that the components hold.
    """
    rows = seen[fitted].reshape(-1, seen[fitted].shape[-1]).astype(np.float64)
    mean = rows.mean(axis=0)
    variances, directions = np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))
    chosen = np.argsort(variances)[::-1][:components]
    # Rounding to a step takes step^2 / 12 of each component; the same from all is the least for an archive's size.
    step = np.sqrt(12 * _ROUNDED * variances.sum() / len(chosen))
    codes = {
        name: np.clip(np.rint(np.moveaxis((values - mean) @ directions[:, chosen], -1, 0) / step), -127, 127)
        for name, values in seen.items()
    }
    kept = np.float64(variances[chosen].sum() / variances.sum())
    return {**{name: code.astype(np.int8) for name, code in codes.items()}, "step": np.float32(step), "kept": kept}


def _link_equal(folders: list[Path], into: Path) -> None:
    """Copies folders; a file that lies in several of them is one file of several names."""
    known: dict[bytes, Path] = {}
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            target = into / folder.name / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if content in known:
                os.link(known[content], target)
            else:
                shutil.copyfile(path, target)
                known[content] = target
