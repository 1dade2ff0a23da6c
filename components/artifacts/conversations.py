"""Conversations: pictures and the turns that teach about them, in LLaVA's JSON layout; some turns are text alone.

Beside the turns may stand documents with several pictures, entries of the kind `interleaved`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args

from inkling.components.artifacts.annotations import ImageAnnotation, read_annotations, write_annotations
from inkling.components.artifacts.images import read_images, write_images
from inkling.components.artifacts.interleaved import INTERLEAVED, Interleaved, InterleavedDocument
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError
from inkling.models.sequence.special_tokens import IMAGE_TAG
from inkling.models.strict_json import to_json

Entry = TypeVar("Entry")

CONVERSATIONS = "conversations.json"
Kind = Literal["caption", "instruct"]
DataKind = Literal[Kind, Interleaved]
"""What there is to learn from: turns of a kind, or interleaved documents."""
Tag = Literal["perception", "reasoning", "other"]


@dataclass(frozen=True)
class Turn:
    """One request and its answer, about a picture or about the text of the request alone.

    Attributes:
        id: Name of the turn.
        image_id: The picture; empty for a text-only turn.
        kind: A caption to align on, or an instruction.
        category: General, Knowledge, OCR & Chart or Vision-Centric.
        family: Kind of question within the category.
        tag: Whether answering takes perception or reasoning.
        question: What is asked, without the image tag.
        answer: The answer.
        phrasing: Name of the wording among those of its family, such as `colour-2`; empty where there is one wording.
    """

    id: str
    image_id: str
    kind: Kind
    category: str
    family: str
    tag: Tag
    question: str
    answer: str
    phrasing: str = ""

    def to_llava(self) -> dict[str, Any]:
        """The turn as an entry of a LLaVA JSON file; that of a text-only turn has no `image` and no image tag."""
        shown = {"image": self.image_id} if self.image_id else {}
        worded = {"phrasing": self.phrasing} if self.phrasing else {}
        tag = f"{IMAGE_TAG}\n" if self.image_id else ""
        said = [{"from": "human", "value": tag + self.question}, {"from": "gpt", "value": self.answer}]
        return {
            "id": self.id, **shown, "kind": self.kind, "category": self.category, "family": self.family,
            "tag": self.tag, **worded, "conversations": said,
        }  # fmt: skip

    @classmethod
    def from_llava(cls, entry: Mapping[str, Any]) -> Self:
        """Reads an entry of a LLaVA JSON file.

        Raises:
            ValueError: If it is not one request with one answer, or has an image or the image tag without the other.
        """
        try:
            asked, answered = entry["conversations"]
            if (asked["from"], answered["from"]) != ("human", "gpt"):
                raise ValueError("a turn is one request of a human and one answer of gpt")
            if entry["kind"] not in get_args(Kind) or entry["tag"] not in get_args(Tag):
                raise ValueError(f"unknown kind or tag: {entry['kind']!r}, {entry['tag']!r}")
            image, question = entry.get("image", ""), asked["value"].removeprefix(f"{IMAGE_TAG}\n")
            if bool(image) == (question == asked["value"]) or IMAGE_TAG in question:
                raise ValueError(
                    f"turn {entry['id']!r}: a turn with `image` begins with {IMAGE_TAG}, once, and one without has none"
                )
            return cls(
                entry["id"], image, entry["kind"], entry["category"], entry["family"], entry["tag"],
                question, answered["value"], entry.get("phrasing", ""),
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an entry of a LLaVA file: {error!r}") from None


@dataclass(frozen=True)
class Conversations(Artifact):
    """Training pictures with captions and instructions, text-only instructions, and documents with pictures in them."""

    type: ClassVar[str] = "Conversations"
    schema: ClassVar[int] = 2

    def images(self) -> dict[str, bytes]:
        """JPEG bytes by image_id, in stored order."""
        return read_images(self.path)

    def annotations(self) -> dict[str, ImageAnnotation]:
        """What the pictures show, by image_id; those of a source without annotations have none."""
        return read_annotations(self.path)

    def turns(self) -> list[Turn]:
        """All turns, in stored order.

        Raises:
            ArtifactError: If the file is no list of turns.
        """
        return read_turns(self.path)

    def documents(self) -> list[InterleavedDocument]:
        """All documents with pictures in them, in stored order.

        Raises:
            ArtifactError: If the file is no list of turns and documents.
        """
        return read_documents(self.path)


def read_turns(directory: Path) -> list[Turn]:
    """Reads the turns of such files, in stored order.

    Raises:
        ArtifactError: If the file is no list of turns.
    """
    return _read(directory, Turn.from_llava, documents=False)


def read_documents(directory: Path) -> list[InterleavedDocument]:
    """Reads the documents of such files, in stored order.

    Raises:
        ArtifactError: If the file is no list of turns and documents.
    """
    return _read(directory, InterleavedDocument.from_llava, documents=True)


def _read(directory: Path, read: Callable[[Mapping[str, Any]], Entry], documents: bool) -> list[Entry]:
    """The entries that are documents, or those that are turns."""
    path = directory / CONVERSATIONS
    try:
        entries = json.loads(path.read_text())
        return [
            read(entry)
            for entry in entries
            if (isinstance(entry, dict) and entry.get("kind") == INTERLEAVED) == documents
        ]
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from None


def write_conversations(
    directory: Path,
    images: Iterable[tuple[str, bytes]],
    turns: Iterable[Turn],
    annotations: Iterable[ImageAnnotation] = (),
    documents: Iterable[InterleavedDocument] = (),
) -> None:
    """Writes the files of the artifact.

    Args:
        directory: Where they go.
        images: image_id and JPEG bytes of each picture.
        turns: What is said about them.
        annotations: What they show, where it is known.
        documents: Documents that they stand in.

    Raises:
        ValueError: If a picture comes twice.
    """
    write_images(directory, images)
    write_annotations(directory, annotations)
    entries = [one.to_llava() for several in (turns, documents) for one in several]
    (directory / CONVERSATIONS).write_text(to_json(entries, indent=1) + "\n")
