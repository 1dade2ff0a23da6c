"""Interleaved documents as MMC4 publishes them (Zhu et al. 2023, arXiv 2304.06939), on a part of which VILA trains.

A line is `{"text_list": [sentence, ...], "image_info": [{"image_name": ..., "matched_text_index": number}, ...]}`: each
picture belongs to a sentence. As documents they are kept whole, each picture before its sentence, and a phase of an
adaptation recipe that has `interleaved` among its data reads them so. As pairs they become a turn a picture: the text
before the picture is the question, the sentences from the picture's own up to the next picture's are the answer.
Together the turns predict the document from its first picture on; what is lost is that a later sentence sees the
pictures before its own.
"""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from inkling.components.scenes.loaders.contract import LoaderSpec


class InterleavedSpec(LoaderSpec):
    """A document a line, its pictures in a folder."""

    target: ClassVar[str] = "inkling.components.scenes.loaders.interleaved:InterleavedLoader"

    type: Literal["interleaved"] = "interleaved"
    form: Literal["pairs", "documents"] = Field(
        "pairs",
        exclude_if=lambda form: form == "pairs",
        description="pairs: a turn a picture, with the text around it; documents: as they are, read by phases that do",
    )
    kind: Literal["caption", "instruct"] = Field("caption", description="what turns are for: caption or instruct")
    before_words: int = Field(
        64, ge=0, description="words of the document before a picture that come with it, at most; the last ones"
    )
    answer_words: int = Field(128, ge=1, description="words of the document that follow a picture, at most")

    @model_validator(mode="after")
    def _of_pairs(self) -> Self:
        settings, fields = ("kind", "before_words", "answer_words"), type(self).model_fields
        stated = [name for name in settings if getattr(self, name) != fields[name].default]
        if self.form == "documents" and stated:
            raise ValueError(f"{', '.join(stated)} describes turns, and 'form: documents' makes none: leave it out")
        return self


from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from inkling.components.scenes.loaders.contract import (
    REQUEST,
    DocumentExample,
    Example,
    Loader,
    Record,
    RecordError,
    Said,
    usable_text,
)
from inkling.components.scenes.loaders.records import records_of


class InterleavedLoader(Loader):
    """Reads documents: whole, or a turn for each picture, with the text around it."""

    def __init__(self, spec: InterleavedSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def records(self) -> Iterator[Record]:
        """Yields the documents."""
        return records_of(self._spec.path)

    def examples(self, value: Any) -> Sequence[Example | DocumentExample | RecordError]:
        """The document, or what it says about each of its pictures in the order of the text."""
        texts = value.get("text_list") if isinstance(value, dict) else None
        pictures = value.get("image_info") if isinstance(value, dict) else None
        if not isinstance(texts, list) or not isinstance(pictures, list):
            raise RecordError("it is no document with `text_list` and `image_info`")
        sentences = [usable_text(text, f"sentence {number}") for number, text in enumerate(texts, 1)]
        if not pictures:
            raise RecordError("it has no picture")
        places = [_place(picture, len(sentences)) for picture in pictures]
        order = sorted((place, number) for number, place in enumerate(places) if isinstance(place, int))
        found: list[Example | DocumentExample | RecordError] = [one for one in places if isinstance(one, RecordError)]
        if self._spec.form == "documents":
            placed = [(place, _image_name(pictures[number])) for place, number in order]
            return [*found, *self._document(value, sentences, placed)]
        starts = sorted({place for place, _ in order})
        ends = dict(pairwise([*starts, len(sentences)]))
        for place, number in order:
            found.append(self._example(value, pictures[number], sentences[:place], sentences[place : ends[place]]))
        return found

    def _document(
        self, value: dict[str, Any], sentences: list[str], placed: list[tuple[int, str | RecordError]]
    ) -> list[DocumentExample | RecordError]:
        """The document with those of its pictures that have a name, each with the sentence that it stands before."""
        faults = [name for _, name in placed if isinstance(name, RecordError)]
        named = [(place, name) for place, name in placed if isinstance(name, str)]
        if not named:
            return [*faults]
        bounds = pairwise([0, *(place for place, _ in named), len(sentences)])
        texts = tuple(" ".join(sentences[start:end]) for start, end in bounds)
        return [*faults, DocumentExample(self.name(value), tuple(name for _, name in named), texts)]

    def _example(
        self, value: dict[str, Any], picture: dict[str, Any], before: list[str], after: list[str]
    ) -> Example | RecordError:
        """The turn about a picture."""
        name = _image_name(picture)
        if isinstance(name, RecordError):
            return name
        context = " ".join(before).split()
        question = " ".join(context[max(0, len(context) - self._spec.before_words) :]) or REQUEST
        answer = " ".join(" ".join(after).split()[: self._spec.answer_words])
        spec = self._spec
        return Example(self.name(value), name, (Said(question, answer, spec.kind, spec.category, spec.type, spec.tag),))


def _image_name(picture: dict[str, Any]) -> str | RecordError:
    """The file of a picture."""
    name = picture.get("image_name")
    if isinstance(name, str) and name.strip():
        return name
    return RecordError("a picture has no `image_name`", "missing")


def _place(picture: Any, sentences: int) -> int | RecordError:
    """Index of the sentence that a picture belongs to."""
    found = picture.get("matched_text_index") if isinstance(picture, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < sentences:
        return RecordError(f"a picture's `matched_text_index` is {found!r}, no number of its {sentences} sentences")
    return found
