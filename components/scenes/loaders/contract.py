"""What a loader is: a reader of pictures and words as others store them, record by record."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.artifacts.annotations import AnnotatedObject
from inkling.components.artifacts.conversations import Kind, Tag
from inkling.components.shared.text import is_text, printable
from inkling.models.sequence.special_tokens import IMAGE_TAG, SPECIAL_TOKENS
from inkling.models.spec import Spec

READING = "inkling.components.scenes.loaders.reading"
"""The module that takes in what loaders yield; imported, and counted in keys, only where there is one."""
REQUEST = "Describe the picture."
"""What is asked of a picture whose words are no answer to a question."""
Fault = Literal["missing", "several_images", "video", "too_long"]
"""What can be wrong with a record that was meant so by whoever wrote it."""


class RecordError(ValueError):
    """A record that cannot be used; the message says why.

    Attributes:
        fault: What kind of record it is, where there is a name for it.
    """

    def __init__(self, message: str, fault: Fault | None = None) -> None:
        """Takes the words and the name."""
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class Said:
    """A request and its answer, as a record holds them.

    Attributes:
        question: What is asked.
        answer: The answer.
        kind: A caption to align on, or an instruction.
        category: Category, as those of the rendered scenes.
        family: Kind of question within the category.
        tag: Whether answering takes perception or reasoning.
    """

    question: str
    answer: str
    kind: Kind
    category: str
    family: str
    tag: Tag


@dataclass(frozen=True)
class Example:
    """What a record says about one picture, or without one.

    Attributes:
        id: Its name, which need not be unique.
        image: The picture: its path below the folder, or a data URI; empty for text alone.
        said: Requests with their answers.
        objects: What the picture shows, furthest back first, where it is annotated.
        size: Width and height of the picture that the annotations are of, in pixels.
    """

    id: str
    image: str
    said: tuple[Said, ...]
    objects: tuple[AnnotatedObject, ...] = ()
    size: tuple[int, int] | None = None

    @property
    def images(self) -> tuple[str, ...]:
        """Its picture, where it has one."""
        return (self.image,) if self.image else ()


@dataclass(frozen=True)
class DocumentExample:
    """A record that is a text with pictures in it.

    Attributes:
        id: Its name, which need not be unique.
        images: The pictures in their order: paths below the folder, or data URIs.
        texts: What is said before each picture and after the last one; some may be empty.
    """

    id: str
    images: tuple[str, ...]
    texts: tuple[str, ...]

    def without(self, gone: Collection[str]) -> "DocumentExample":
        """The document without some of its pictures; what is said around them stays."""
        texts, images = [self.texts[0]], []
        for image, text in zip(self.images, self.texts[1:], strict=True):
            if image in gone:
                texts[-1] = f"{texts[-1]} {text}".strip()
            else:
                images.append(image)
                texts.append(text)
        return replace(self, images=tuple(images), texts=tuple(texts))


@dataclass(frozen=True)
class Record:
    """An entry of a file that is used or skipped by itself.

    Attributes:
        place: File and number, for messages.
        value: What it holds, as JSON gives it; a `RecordError` where it could not be read.
    """

    place: str
    value: Any


class Loader(ABC):
    """Reads the records of one layout."""

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """Yields the records in their order, holding no more than one.

        Raises:
            FileError: If a file cannot be read on.
        """

    @abstractmethod
    def examples(self, value: Any) -> Sequence[Example | DocumentExample | RecordError]:
        """What a record says; an error in place of what of it cannot be used.

        Raises:
            RecordError: If nothing of it can be used.
        """

    def name(self, value: Any) -> str:
        """The name of a record, whatever else is wrong with it; empty where it has none."""
        found = value.get("id") if isinstance(value, dict) else None
        return printable(str(found)) if isinstance(found, str | int) else ""


class LoaderSpec(Spec, ABC):
    """Which layout, where its files lie, and what its words are for."""

    runs_in_model: ClassVar[bool] = False
    trainable: ClassVar[bool] = False

    path: tuple[str, ...] = Field(min_length=1, description="file with the records, or several")
    images: str = Field("", description="folder of the pictures; none where records hold them, or there are none")
    licence: str = Field("not stated", description="licence of the data, for ATTRIBUTION.md")
    source: str = Field("a file of one's own", description="whom the licence asks to name, and where the data are from")
    kind: Kind = Field("instruct", description="what turns are for, where the record does not say: caption or instruct")
    category: str = Field("General", description="category of turns, where the record does not say")
    tag: Tag = Field("other", description="perception, reasoning or other, where the record does not say")
    max_words: int | None = Field(
        None, ge=1, description="turns with more words are left out, and counted; `laptop` reads 256 tokens"
    )
    leave_out: tuple[Literal["missing", "several_images", "video"], ...] = Field(
        (),
        description="what is left out, and counted, where it would else be skipped as broken: missing (a picture that "
        "is not in the folder), several_images, video",
    )

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_many(cls, stated: Any) -> Any:
        return (stated,) if isinstance(stated, str) else stated

    @model_validator(mode="after")
    def _readable(self) -> Self:
        """Looks at the files before any work."""
        for path in self.path:
            if not Path(path).is_file():
                raise ValueError(f"there is no file '{path}'")
        if self.images and not Path(self.images).is_dir():
            raise ValueError(f"images: there is no folder '{self.images}'")
        importlib.import_module(READING).look(self)
        return self

    def modules(self) -> tuple[str, ...]:
        """The loader's, and the one that takes in what it yields."""
        return (*super().modules(), READING)

    def places(self) -> list[str]:
        """The files and the folder."""
        return [*self.path, *([self.images] if self.images else [])]

    @cached_property
    def contents(self) -> dict[str, Any]:
        """The settings, with what files and pictures hold in place of where they lie; read once."""
        found: dict[str, Any] = importlib.import_module(READING).contents(self)
        return {**self.model_dump(mode="json", exclude={"path", "images"}), **found}

    def leaves_out(self, error: RecordError) -> bool:
        """Whether the settings want no such record, so that it is not broken."""
        return error.fault == "too_long" or error.fault in self.leave_out

    def build(self) -> Loader:
        """The loader."""
        loader: Loader = self.load_target()(self)
        return loader


def usable_text(value: Any, what: str) -> str:
    """A text that can be learned from, without spaces around it.

    Args:
        value: What a record holds.
        what: Names it in messages, such as "answer 2".

    Raises:
        RecordError: If it is no text, is empty, holds half a character, or a token that is the tokenizer's own.
    """
    if not isinstance(value, str):
        raise RecordError(f"{what} is no text")
    if not is_text(value):
        raise RecordError(f"{what} holds half a character")
    if not value.strip():
        raise RecordError(f"{what} is empty")
    for token in SPECIAL_TOKENS:
        if token in value:
            raise RecordError(f"{what} holds {token}, which stands for the end of a text or the like")
    return value.strip()


def without_image_tag(text: str) -> tuple[str, int]:
    """A text without LLaVA's image tags, and how many there were."""
    return " ".join(text.replace(IMAGE_TAG, " ").split(" ")).strip(), text.count(IMAGE_TAG)


def load_conversations(specs: Sequence[LoaderSpec], threads: int, directory: Path) -> None:
    """Reads sources and writes the files of a Conversations artifact, with an account of what was skipped.

    Args:
        specs: The sources, in their order.
        threads: How many pictures are read at the same time; no byte depends on it.
        directory: Where the files go.

    Raises:
        ValueError: If a file cannot be read on, or too much of a source cannot be used.
    """
    importlib.import_module(READING).load(specs, threads, directory)
