"""Interleaved documents: a text with pictures in it, as an entry of a LLaVA JSON file with several images.

The form is that of LLaVA-NeXT-Interleave (Li et al. 2024, arXiv 2407.07895): `image` is a list, and the text has
`<image>` where each of them stands. All of a document is said and nothing of it asked, so its one message is of `gpt`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self

from inkling.models.sequence.special_tokens import IMAGE_TAG

Interleaved = Literal["interleaved"]
INTERLEAVED: Interleaved = "interleaved"
"""What entries of documents are called, beside the kinds of turns."""


@dataclass(frozen=True)
class InterleavedDocument:
    """A text with pictures in it.

    Attributes:
        id: Name of the document.
        image_ids: Its pictures, at least one, in the order in which they stand in it.
        texts: What is said before each picture and after the last one, one text more than pictures; some may be empty.
    """

    id: str
    image_ids: tuple[str, ...]
    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuses what is no document.

        Raises:
            ValueError: If it has no picture or no text, or its texts are not one more than its pictures.
        """
        if not self.image_ids or not any(self.texts) or len(self.texts) != len(self.image_ids) + 1:
            raise ValueError(
                f"document {self.id!r} has {len(self.image_ids)} pictures and {len(self.texts)} texts around them: it "
                "needs a picture, a text, and where each picture stands"
            )

    def parts(self, starts: Sequence[int]) -> "list[InterleavedDocument]":
        """The document cut before some of its pictures; a part without a word is left out.

        Args:
            starts: Numbers of the pictures, from 1 on, rising.
        """
        if not starts:
            return [self]
        found = []
        for start, end in pairwise([0, *starts, len(self.image_ids)]):
            texts = ("" if start else self.texts[0], *self.texts[start + 1 : end + 1])
            if any(texts):
                found.append(InterleavedDocument(f"{self.id}-{start}", self.image_ids[start:end], texts))
        return found

    def pairs(self) -> "list[InterleavedDocument]":
        """The document cut before each picture but the first: as many documents of one picture and the text behind it.

        Of several pictures in a row each gets the text behind the last one; a picture at the end that has none is left
        out.
        """
        found = []
        for number, image_id in enumerate(self.image_ids):
            before = "" if number else self.texts[0]
            behind = next((text for text in self.texts[number + 1 :] if text), "")
            if before or behind:
                found.append(InterleavedDocument(f"{self.id}-{number}", (image_id,), (before, behind)))
        return found

    def to_llava(self) -> dict[str, Any]:
        """The document as an entry of a LLaVA JSON file."""
        value = f" {IMAGE_TAG}\n".join(self.texts).strip()
        said = [{"from": "gpt", "value": value}]
        return {"id": self.id, "image": list(self.image_ids), "kind": INTERLEAVED, "conversations": said}

    @classmethod
    def from_llava(cls, entry: Mapping[str, Any]) -> Self:
        """Reads an entry of a LLaVA JSON file.

        Raises:
            ValueError: If it is not one message of gpt that has the image tag once for each picture.
        """
        try:
            (said,) = entry["conversations"]
            if said["from"] != "gpt" or not isinstance(entry["image"], list):
                raise ValueError("a document is one message of gpt, and `image` lists its pictures")
            texts = tuple(" ".join(text.split()) for text in said["value"].split(IMAGE_TAG))
            return cls(entry["id"], tuple(entry["image"]), texts)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a document of a LLaVA file: {error!r}") from None
