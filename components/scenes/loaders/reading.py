"""Taking in what loaders yield: each picture once, turns and documents with it, and an account of what is left."""

import dataclasses
import hashlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.conversations import Turn, write_conversations
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.components.scenes.loaders.account import Account, write_accounts
from inkling.components.scenes.loaders.contract import DocumentExample, Example, LoaderSpec, RecordError
from inkling.components.scenes.loaders.pictures import Picture, checked_picture, read_picture
from inkling.components.scenes.loaders.records import FileError
from inkling.components.shared.runtime.progress import track
from inkling.components.shared.store.artifact import ATTRIBUTION
from inkling.components.shared.store.manifest import sha256

_LOOKED_AT, _NAMED = 10, 3  # records that are looked at before any work, and reasons that a refusal names
_AHEAD = 4  # pictures a thread that are read before the first of them is passed on
_ID_LENGTH = 16
_looked: set[tuple[Any, ...]] = set()


@dataclass(frozen=True)
class Excerpt:
    """What a record says about one picture, around several or without one, or why it cannot be used.

    Attributes:
        place: File and number of the record.
        name: The record's name; empty where it has none.
        example: What it says.
    """

    place: str
    name: str
    example: Example | DocumentExample | RecordError

    @property
    def images(self) -> tuple[str, ...]:
        """The pictures that it names, each once."""
        return () if isinstance(self.example, RecordError) else tuple(dict.fromkeys(self.example.images))


class Reading:
    """The pictures and turns of several sources; memory grows with turns and annotations, not with the pictures.

    Attributes:
        turns: What is said, in the order of the records; complete once all pictures were yielded.
        documents: Texts with pictures in them; complete likewise.
        annotations: What pictures show, by image_id, where it is known; complete likewise.
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
        self.documents: list[InterleavedDocument] = []
        self.annotations: dict[str, ImageAnnotation] = {}
        self.accounts = [Account(_names(spec)) for spec in specs]

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Yields image_id and bytes of each picture, equal ones once.

        Raises:
            FileError: If a file cannot be read on.
            LoadError: If too much of a source cannot be used.
        """
        for spec, account in zip(self._specs, self.accounts, strict=True):
            known: dict[str, str] = {}
            excerpts = _fetched(spec, known, self._threads)
            label = f"reading {', '.join(account.files)}"
            for excerpt, found in track(excerpts, label, int(spec.contents["excerpts"]), "records"):
                for one in (excerpt.example, *found.values()):
                    if isinstance(one, RecordError):
                        account.skip(spec, excerpt.place, excerpt.name, one)
                pictures = {name: one.data for name, one in found.items() if isinstance(one, Picture)}
                example = _usable(excerpt.example, found.keys() - pictures.keys())
                if example is None:
                    continue
                ids = {name: hashlib.sha256(data).hexdigest()[:_ID_LENGTH] for name, data in pictures.items()}
                known.update((name, image_id) for name, image_id in ids.items() if not _within_record(name))
                account.taken += max(len(example.images), 1)
                self._add(example, excerpt.place, [ids.get(name) or known[name] for name in example.images])
                for name, image_id in ids.items():
                    if image_id not in self._images:
                        self._images.add(image_id)
                        yield image_id, pictures[name]
            account.close()

    def _add(self, example: Example | DocumentExample, place: str, image_ids: Sequence[str]) -> None:
        """Adds what a record says, under a name that no other one has."""
        first = name = example.id or place
        number = 1
        while name in self._names:
            number += 1
            name = f"{first}#{number}"
        self._names.add(name)
        if isinstance(example, DocumentExample):
            self.documents.append(InterleavedDocument(name, tuple(image_ids), example.texts))
            return
        image_id = image_ids[0] if image_ids else ""
        self.turns += [
            Turn(id=f"{name}-{number}", image_id=image_id, **vars(said)) for number, said in enumerate(example.said)
        ]
        if example.size and image_id not in self.annotations:
            self.annotations[image_id] = ImageAnnotation(image_id, *example.size, example.objects)


def look(spec: LoaderSpec) -> None:
    """Looks at the first records of a source, before any work; once in a process while its files stay the same.

    Raises:
        ValueError: If its file cannot be read, or none of them can be used; the message says why.
    """
    stats = [Path(path).stat() for path in spec.path]
    looked = (spec.model_dump_json(), *((one.st_size, one.st_mtime_ns) for one in stats))
    if looked in _looked:
        return
    errors, number = list[str](), 0
    for excerpt, found in _fetched(spec, {}, 1, _LOOKED_AT):
        number += 1
        broken = {name: one for name, one in found.items() if isinstance(one, RecordError)}
        if _usable(excerpt.example, broken.keys()) is None:
            (error, *_) = (one for one in (excerpt.example, *broken.values()) if isinstance(one, RecordError))
            errors += [] if spec.leaves_out(error) else [f"{excerpt.place}: {error}"]
    if not number:
        raise FileError(f"{', '.join(_names(spec))}: there is no record in it")
    if len(errors) == number:
        raise FileError(f"none of the first {number} records can be used: {'; '.join(errors[:_NAMED])}")
    _looked.add(looked)


def contents(spec: LoaderSpec) -> dict[str, Any]:
    """What a source holds: name and SHA-256 of each file, how many excerpts, and one SHA-256 over all pictures named.

    Raises:
        FileError: If a file cannot be read on.
    """
    folder, seen, count = _folder(spec), set[str](), 0
    digest = hashlib.sha256()
    for excerpt in _excerpts(spec):
        count += 1
        for name in excerpt.images:
            if name not in seen and not _within_record(name):
                seen.add(name)
                digest.update(_picture_digest(folder, name))
    files = [[Path(path).name, sha256(Path(path))] for path in spec.path]
    return {"files": files, "excerpts": count, "pictures": digest.hexdigest()}


def _picture_digest(folder: Path | None, name: str) -> bytes:
    try:
        return hashlib.sha256(read_picture(folder, name)).digest()
    except RecordError as error:
        return hashlib.sha256(str(error).encode()).digest()


def _excerpts(spec: LoaderSpec) -> Iterator[Excerpt]:
    """Everything that a source holds, in its order, without what is too long."""
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
            for part in _cut(example, spec.max_words):
                yield Excerpt(record.place, name, part)


def _cut(
    example: Example | DocumentExample | RecordError, most: int | None
) -> Sequence[Example | DocumentExample | RecordError]:
    """An example without the turns that have more words, and an error for each of these; a document is whole or one."""
    if most is None or isinstance(example, RecordError):
        return [example]
    if isinstance(example, DocumentExample):
        longer = len(" ".join(example.texts).split()) > most
        return [RecordError(f"a document has more than {most:,} words", "too_long") if longer else example]
    said = tuple(one for one in example.said if len(f"{one.question} {one.answer}".split()) <= most)
    left = [RecordError(f"a turn has more than {most:,} words", "too_long")] * (len(example.said) - len(said))
    return [*([dataclasses.replace(example, said=said)] if said else []), *left]


def _usable(
    example: Example | DocumentExample | RecordError, broken: Collection[str]
) -> Example | DocumentExample | None:
    """What is left of an example without the pictures that cannot be used: of a document its others, else nothing."""
    if isinstance(example, RecordError) or (broken and isinstance(example, Example)):
        return None
    if isinstance(example, DocumentExample):
        rest = example.without(broken)
        return rest if rest.images else None
    return example


def _fetched(
    spec: LoaderSpec, known: Mapping[str, str], threads: int, most: int | None = None
) -> Iterator[tuple[Excerpt, dict[str, Picture | RecordError]]]:
    """Every excerpt with its pictures by name, in their order; without those that are known.

    Args:
        spec: The source.
        known: Names of pictures that need not be read; may grow meanwhile.
        threads: How many pictures are read at the same time.
        most: Excerpts that are taken, at most.
    """
    folder = _folder(spec)
    waiting: deque[tuple[Excerpt, dict[str, Future[Picture]]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for excerpt in islice(_excerpts(spec), most):
            size = excerpt.example.size if isinstance(excerpt.example, Example) else None
            new = [name for name in excerpt.images if name not in known]
            waiting.append((excerpt, {name: pool.submit(_picture, folder, name, size) for name in new}))
            if len(waiting) > _AHEAD * threads:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())


def _done(excerpt: Excerpt, pictures: "dict[str, Future[Picture]]") -> tuple[Excerpt, dict[str, Picture | RecordError]]:
    found: dict[str, Picture | RecordError] = {}
    for name, picture in pictures.items():
        try:
            found[name] = picture.result()
        except RecordError as error:
            found[name] = error
    return excerpt, found


def _picture(folder: Path | None, name: str, size: tuple[int, int] | None) -> Picture:
    """A picture, of the size that its annotations are of where there are any."""
    picture = checked_picture(read_picture(folder, name))
    if size not in (None, picture.size):
        stated, found = (" x ".join(map(str, one)) for one in (size, picture.size))
        raise RecordError(f"its annotations are of {stated} pixels, and it shows {found}")
    return picture


def _within_record(image: str) -> bool:
    """Whether a picture lies in the file of its record, whose digest is the picture's too."""
    return image.startswith("data:")


def _folder(spec: LoaderSpec) -> Path | None:
    return Path(spec.images) if spec.images else None


def _names(spec: LoaderSpec) -> list[str]:
    return [Path(path).name for path in spec.path]


def load(specs: Sequence[LoaderSpec], threads: int, directory: Path) -> None:
    """Reads sources and writes what they hold; `load_conversations` says it all."""
    reading = Reading(specs, threads)
    shown = reading.annotations.values()
    write_conversations(directory, reading.pictures(), reading.turns, shown, reading.documents)
    write_accounts(directory, reading.accounts)
    examples = (f"- {', '.join(_names(spec))}: {spec.source} (licence {spec.licence})\n" for spec in specs)
    (directory / ATTRIBUTION).write_text("# Attribution\n\n" + "".join(examples))
