"""Interleaved documents as MMC4 publishes them (Zhu et al. 2023, arXiv 2304.06939), on a part of which VILA trains.

A line is `{"text_list": [sentence, ...], "image_info": [{"image_name": ..., "matched_text_index": number}, ...]}`: each
picture belongs to a sentence. A model here sees one picture at the head of a sequence, so that a document becomes a
turn a picture: the text before the picture is the question, the sentences from the picture's own up to the next
picture's are the answer. Together the turns predict the document from its first picture on; what is lost is that a
later sentence sees the pictures before its own.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.scenes.loaders.contract import LoaderSpec


class InterleavedSpec(LoaderSpec):
    """A document a line, its pictures in a folder."""

    target: ClassVar[str] = "inkling.components.scenes.loaders.interleaved:InterleavedLoader"

    type: Literal["interleaved"] = "interleaved"
    kind: Literal["caption", "instruct"] = Field("caption", description="what turns are for: caption or instruct")
    before_words: int = Field(
        64, ge=0, description="words of the document before a picture that come with it, at most; the last ones"
    )
    answer_words: int = Field(128, ge=1, description="words of the document that follow a picture, at most")


from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from inkling.components.scenes.loaders.contract import REQUEST, Example, Loader, Record, RecordError, Said, usable_text
from inkling.components.scenes.loaders.records import records_of


class InterleavedLoader(Loader):
    """Reads documents: a turn for each picture, with the text around it."""

    def __init__(self, spec: InterleavedSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def records(self) -> Iterator[Record]:
        """Yields the documents."""
        return records_of(self._spec.path)

    def examples(self, value: Any) -> list[Example | RecordError]:
        """What a document says about each of its pictures, in the order of the text."""
        texts = value.get("text_list") if isinstance(value, dict) else None
        pictures = value.get("image_info") if isinstance(value, dict) else None
        if not isinstance(texts, list) or not isinstance(pictures, list):
            raise RecordError("it is no document with `text_list` and `image_info`")
        sentences = [usable_text(text, f"sentence {number}") for number, text in enumerate(texts, 1)]
        if not pictures:
            raise RecordError("it has no picture")
        places = [_place(picture, len(sentences)) for picture in pictures]
        order = sorted((place, number) for number, place in enumerate(places) if isinstance(place, int))
        found: list[Example | RecordError] = [place for place in places if isinstance(place, RecordError)]
        starts = sorted({place for place, _ in order})
        ends = dict(pairwise([*starts, len(sentences)]))
        for place, number in order:
            found.append(self._example(value, pictures[number], sentences[:place], sentences[place : ends[place]]))
        return found

    def _example(
        self, value: dict[str, Any], picture: dict[str, Any], before: list[str], after: list[str]
    ) -> Example | RecordError:
        """The turn about a picture."""
        name = picture.get("image_name")
        if not isinstance(name, str) or not name.strip():
            return RecordError("a picture has no `image_name`", "missing")
        context = " ".join(before).split()
        question = " ".join(context[max(0, len(context) - self._spec.before_words) :]) or REQUEST
        answer = " ".join(" ".join(after).split()[: self._spec.answer_words])
        spec = self._spec
        return Example(self.name(value), name, (Said(question, answer, spec.kind, spec.category, spec.type, spec.tag),))


def _place(picture: Any, sentences: int) -> int | RecordError:
    """Index of the sentence that a picture belongs to."""
    found = picture.get("matched_text_index") if isinstance(picture, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < sentences:
        return RecordError(f"a picture's `matched_text_index` is {found!r}, no number of its {sentences} sentences")
    return found
