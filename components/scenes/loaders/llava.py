"""LLaVA's JSON (Liu et al. 2023, arXiv 2304.08485), as LLaVA, Cambrian-1 and VILA blend their data: conversations.

A record is `{"id": ..., "image": ..., "conversations": [{"from": "human", "value": ...}, {"from": "gpt", ...}, ...]}`,
in a list or a line each. `<image>` may stand anywhere in the first request, or nowhere; a record without `image` is
text alone. What our own artifacts add to it (`kind`, `category`, `family`, `tag`) is read where it is there. A record
of the kind `interleaved` is a document: one message of `gpt`, with `<image>` where each of the listed images stands.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.scenes.loaders.contract import LoaderSpec


class LlavaSpec(LoaderSpec):
    """A list of conversations, or a conversation a line."""

    target: ClassVar[str] = "inkling.components.scenes.loaders.llava:LlavaLoader"

    type: Literal["llava"] = "llava"
    history: bool = Field(
        True, description="whether a later request of a conversation comes with what was said before it, or alone"
    )


from collections.abc import Iterator, Sequence
from typing import Any, cast, get_args

from inkling.components.artifacts.conversations import Kind, Tag
from inkling.components.artifacts.interleaved import INTERLEAVED, InterleavedDocument
from inkling.components.scenes.loaders.contract import (
    REQUEST,
    DocumentExample,
    Example,
    Loader,
    Record,
    RecordError,
    Said,
    usable_text,
    without_image_tag,
)
from inkling.components.scenes.loaders.records import records_of
from inkling.models.sequence.prompt import follow_up

_IMAGES = ("image", "images")


class LlavaLoader(Loader):
    """Reads conversations: a turn for each request and its answer, as LLaVA learns from each answer once."""

    def __init__(self, spec: LlavaSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def records(self) -> Iterator[Record]:
        """Yields the conversations."""
        return records_of(self._spec.path)

    def examples(self, value: Any) -> Sequence[Example | DocumentExample | RecordError]:
        """What a conversation says about its picture, or without one; a document as it is."""
        if not isinstance(value, dict):
            raise RecordError("it is no object with `conversations`")
        if value.get("kind") == INTERLEAVED:
            return [self._document(value)]
        image = _image(value)
        pairs = _pairs(value.get("conversations"))
        tags = _take_tags(pairs)
        if tags > 1:
            raise RecordError(f"it holds <image> {tags} times; one picture a record is taken", "several_images")
        if tags and not image:
            raise RecordError("it holds <image>, but names no picture under `image`")
        said = []
        for number, (question, answer) in enumerate(pairs):
            before = pairs[:number] if self._spec.history else []
            said.append(self._said(value, follow_up(before, question), answer))
        return [Example(self.name(value), image, tuple(said))]

    def _document(self, value: dict[str, Any]) -> DocumentExample:
        """A document."""
        try:
            found = InterleavedDocument.from_llava({"id": "", **value})
        except ValueError as error:
            raise RecordError(str(error)) from None
        if not all(isinstance(image, str) and image.strip() for image in found.image_ids):
            raise RecordError("what stands under `image` is no list of names of pictures")
        texts = tuple(usable_text(text, f"text {place}") if text else "" for place, text in enumerate(found.texts, 1))
        return DocumentExample(self.name(value), found.image_ids, texts)

    def _said(self, value: dict[str, Any], question: str, answer: str) -> Said:
        """A turn, described as our own artifacts do where the record does so whole, else as the settings say."""
        kind, category, family, tag = (value.get(name) for name in ("kind", "category", "family", "tag"))
        if kind in get_args(Kind) and tag in get_args(Tag) and isinstance(category, str) and isinstance(family, str):
            return Said(question, answer, cast(Kind, kind), category, family, cast(Tag, tag))
        return Said(question, answer, self._spec.kind, self._spec.category, self._spec.type, self._spec.tag)


def _image(value: dict[str, Any]) -> str:
    """The one picture that a record names; empty where it names none."""
    if value.get("video") is not None:
        raise RecordError("it is about a video", "video")
    named = [name for key in _IMAGES if (stated := value.get(key)) is not None for name in _listed(stated)]
    if len(named) > 1:
        raise RecordError(f"it names {len(named)} pictures; one a record is taken", "several_images")
    if named and not (isinstance(named[0], str) and named[0].strip()):
        raise RecordError("what stands under `image` is no name of a picture")
    return named[0] if named else ""


def _listed(stated: Any) -> list[Any]:
    return stated if isinstance(stated, list) else [stated]


def _pairs(said: Any) -> list[tuple[str, str]]:
    """Requests and their answers; what a `system` says before the first is dropped, as LLaVA does."""
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise RecordError("`conversations` is no list of what `human` and `gpt` say")
    if said and said[0].get("from") == "system":
        said = said[1:]
    roles = [one.get("from") for one in said]
    if not said or len(said) % 2 or roles != ["human", "gpt"] * (len(said) // 2):
        raise RecordError(f"`conversations` is by {roles[:4]!r}: human and gpt must take turns, human first, gpt last")
    texts = [
        usable_text(one.get("value"), f"what {one['from']} says in place {place}") for place, one in enumerate(said, 1)
    ]
    return list(zip(texts[::2], texts[1::2], strict=True))


def _take_tags(pairs: list[tuple[str, str]]) -> int:
    """Takes the image tags out of the first request, and says how many there were."""
    question, tags = without_image_tag(pairs[0][0])
    if any(without_image_tag(text)[1] for text in (pairs[0][1], *(text for pair in pairs[1:] for text in pair))):
        raise RecordError("<image> stands elsewhere than in the first request")
    pairs[0] = (question or REQUEST, pairs[0][1])
    return tags
