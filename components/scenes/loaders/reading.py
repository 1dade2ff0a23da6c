"""Taking in what loaders yield: each picture once, the turns about it, and an account of what was not taken."""

import dataclasses
import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from inkling.components.artifacts.conversations import Turn, write_conversations
from inkling.components.scenes.loaders.account import Account, write_accounts
from inkling.components.scenes.loaders.contract import Example, LoaderSpec, RecordError
from inkling.components.scenes.loaders.pictures import checked_picture, read_picture
from inkling.components.scenes.loaders.records import FileError
from inkling.components.shared.runtime.progress import track
from inkling.components.shared.store.artifact import ATTRIBUTION
from inkling.components.shared.store.manifest import sha256

_LOOKED_AT, _NAMED = 10, 3  # records that are looked at before any work, and reasons that a refusal names
_AHEAD = 4  # pictures a thread that are read before the first of them is passed on
_ID_LENGTH = 16


@dataclass(frozen=True)
class Piece:
    """What a record says about one picture or without one, or why it cannot be used.

    Attributes:
        place: File and number of the record.
        name: The record's name; empty where it has none.
        example: What it says.
    """

    place: str
    name: str
    example: Example | RecordError


class Reading:
    """The pictures and turns of several sources; memory grows with the turns, not with the pictures.

    Attributes:
        turns: What is said, in the order of the records; complete once all pictures were yielded.
        accounts: What became of each source's records; complete likewise.
    """

    def __init__(self, specs: Sequence[LoaderSpec], threads: int) -> None:
        """Begins with the first record.

        Args:
            specs: The sources, in their order.
            threads: How many pictures are read at the same time; what comes out does not depend on it.
        """
        self._specs, self._threads = specs, threads
        self._images, self._names = set[str](), set[str]()
        self.turns: list[Turn] = []
        self.accounts = [Account(_names(spec)) for spec in specs]

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Yields image_id and bytes of each picture, equal ones once.

        Raises:
            FileError: If a file cannot be read on.
            LoadError: If too much of a source cannot be used.
        """
        for spec, account in zip(self._specs, self.accounts, strict=True):
            total, label = int(spec.contents["pieces"]), f"reading {', '.join(account.files)}"
            for image_id, data in track(self._read(spec, account), label, total, "records"):
                if data is not None and image_id not in self._images:
                    self._images.add(image_id)
                    yield image_id, data
            account.close()

    def _read(self, spec: LoaderSpec, account: Account) -> Iterator[tuple[str, bytes | None]]:
        """Takes in a source; yields image_id and bytes of the picture of each record, None where it was read before."""
        known: dict[str, str] = {}
        for piece, data in _fetched(spec, known, self._threads):
            example = piece.example
            if isinstance(example, RecordError):
                account.skip(spec, piece.place, piece.name, example)
                yield "", None
                continue
            if said := tuple(one for one in example.said if not _too_long(spec, one.question, one.answer)):
                image_id = known.get(example.image, "")
                if data is not None:
                    image_id = hashlib.sha256(data).hexdigest()[:_ID_LENGTH]
                    if not _within_record(example.image):
                        known[example.image] = image_id
                account.taken += 1
                self._add(dataclasses.replace(example, said=said), piece.place, image_id)
                yield image_id, data
            if longer := len(example.said) - len(said):
                account.left_out[f"turns of more than {spec.max_words:,} words"] += longer
            if not said:
                yield "", None

    def _add(self, example: Example, place: str, image_id: str) -> None:
        """Adds the turns of a record, each under a name that no other one has."""
        first = name = example.id or place
        number = 1
        while name in self._names:
            number += 1
            name = f"{first}#{number}"
        self._names.add(name)
        self.turns += [
            Turn(id=f"{name}-{number}", image_id=image_id, **vars(said)) for number, said in enumerate(example.said)
        ]


def look(spec: LoaderSpec) -> None:
    """Looks at the first records of a source, before any work.

    Raises:
        ValueError: If its file cannot be read, or none of them can be used; the message says why.
    """
    errors = []
    number = 0
    for piece, _ in _fetched(spec, {}, 1, _LOOKED_AT):
        number += 1
        if isinstance(piece.example, RecordError) and piece.example.fault not in spec.leave_out:
            errors.append(f"{piece.place}: {piece.example}")
    if not number:
        raise FileError(f"{', '.join(_names(spec))}: there is no record in it")
    if len(errors) == number:
        raise FileError(f"none of the first {number} records can be used: {'; '.join(errors[:_NAMED])}")


def contents(spec: LoaderSpec) -> dict[str, Any]:
    """What a source holds: name and SHA-256 of each file, how many pieces, and one SHA-256 over all pictures named.

    Raises:
        FileError: If a file cannot be read on.
    """
    folder, seen, count = _folder(spec), set[str](), 0
    digest = hashlib.sha256()
    for piece in _pieces(spec):
        count += 1
        name = piece.example.image if isinstance(piece.example, Example) else ""
        if name and name not in seen and not _within_record(name):
            seen.add(name)
            digest.update(_picture_digest(folder, name))
    files = [[Path(path).name, sha256(Path(path))] for path in spec.path]
    return {"files": files, "pieces": count, "pictures": digest.hexdigest()}


def _picture_digest(folder: Path | None, name: str) -> bytes:
    try:
        return hashlib.sha256(read_picture(folder, name)).digest()
    except RecordError as error:
        return hashlib.sha256(str(error).encode()).digest()


def _pieces(spec: LoaderSpec) -> Iterator[Piece]:
    """Everything that a source holds, in its order."""
    loader = spec.build()
    for record in loader.records():
        name = loader.name(record.value)
        try:
            if isinstance(record.value, RecordError):
                raise record.value
            found = loader.examples(record.value)
        except RecordError as error:
            found = [error]
        for example in found:
            yield Piece(record.place, name, example)


def _fetched(
    spec: LoaderSpec, known: Mapping[str, str], threads: int, most: int | None = None
) -> Iterator[tuple[Piece, bytes | None]]:
    """Every piece with the bytes of its picture, in their order; no bytes for text alone and for pictures known.

    Args:
        spec: The source.
        known: Names of pictures that need not be read; may grow meanwhile.
        threads: How many pictures are read at the same time.
        most: Pieces that are taken, at most.
    """
    folder = _folder(spec)
    waiting: deque[tuple[Piece, Future[bytes] | None]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for piece in islice(_pieces(spec), most):
            name = piece.example.image if isinstance(piece.example, Example) else ""
            needed = name and name not in known
            waiting.append((piece, pool.submit(_picture, folder, name) if needed else None))
            if len(waiting) > _AHEAD * threads:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())


def _done(piece: Piece, picture: "Future[bytes] | None") -> tuple[Piece, bytes | None]:
    try:
        return piece, picture.result() if picture else None
    except RecordError as error:
        return dataclasses.replace(piece, example=error), None


def _picture(folder: Path | None, name: str) -> bytes:
    return checked_picture(read_picture(folder, name))


def _within_record(image: str) -> bool:
    """Whether a picture lies in the file of its record, whose digest is the picture's too."""
    return image.startswith("data:")


def _folder(spec: LoaderSpec) -> Path | None:
    return Path(spec.images) if spec.images else None


def _names(spec: LoaderSpec) -> list[str]:
    return [Path(path).name for path in spec.path]


def _too_long(spec: LoaderSpec, *texts: str) -> bool:
    return spec.max_words is not None and sum(len(text.split()) for text in texts) > spec.max_words


def load(specs: Sequence[LoaderSpec], threads: int, directory: Path) -> None:
    """Reads sources and writes what they hold; `load_conversations` says it all."""
    reading = Reading(specs, threads)
    write_conversations(directory, reading.pictures(), reading.turns)
    write_accounts(directory, reading.accounts)
    examples = (f"- {', '.join(_names(spec))}: {spec.source} (licence {spec.licence})\n" for spec in specs)
    (directory / ATTRIBUTION).write_text("# Attribution\n\n" + "".join(examples))
