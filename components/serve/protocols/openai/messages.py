"""The messages of a chat, and the prompt that the stated chat template makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field

from inkling.components.serve.protocols.openai.errors import BadParameter
from inkling.components.serve.protocols.openai.neutral import Neutral, ignored
from inkling.models.sequence.prompt import chat_text

MAX_MESSAGES, MAX_PARTS = 256, 64
_NO_TOOLS = "this model calls no tools"


class TextPart(BaseModel):
    """A part of a message that is text."""

    type: Literal["text"]
    text: str


class ImageURL(BaseModel):
    """Where an image is: a data URI, or an address on a host that the server allows."""

    url: str
    detail: Annotated[Any, ignored("every image is read at the model's own size")] = None


def _image_url(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


class ImagePart(BaseModel):
    """A part of a message that is an image."""

    type: Literal["image_url"]
    image_url: Annotated[ImageURL, BeforeValidator(_image_url, json_schema_input_type=ImageURL | str)]


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


def _parts(value: Any) -> Any:
    """Content as a list of parts: one of text where it is a string, none where it is null."""
    if value is None:
        return []
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    if not isinstance(value, list):
        raise ValueError("must be a string or a list of parts")
    if len(value) > MAX_PARTS:
        raise ValueError(f"has {len(value):,} parts; at most {MAX_PARTS} are taken")
    return value


class Message(BaseModel):
    """A message of a chat."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        list[Part], FailFast(), BeforeValidator(_parts, json_schema_input_type=str | list[Part] | None)
    ] = []
    name: Annotated[Any, ignored("the model tells no speakers of one role apart")] = None
    tool_calls: Annotated[Any, Neutral([], why=_NO_TOOLS)] = None
    function_call: Annotated[Any, Neutral(why=_NO_TOOLS)] = None

    @property
    def text(self) -> str:
        """Its text; that of several parts is joined by spaces."""
        return " ".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def images(self) -> list[str]:
        """URLs of its images."""
        return [part.image_url.url for part in self.content if isinstance(part, ImagePart)]


@dataclass(frozen=True)
class Conversation:
    """What a chat's messages come to.

    Attributes:
        prompt: What the model reads, as `chat_text` renders it.
        image: URL of the one image, whichever message showed it; None asks blind.
    """

    prompt: str
    image: str | None


def conversation(messages: Sequence[Message], most: int) -> Conversation:
    """Renders messages: system and developer messages first, then the questions with their answers.

    Messages of one role that follow one another are one.

    Args:
        messages: The messages.
        most: Characters that are taken, of all messages together.

    Raises:
        BadParameter: If there are more characters; if an answer is given before any question, or is the last message;
            if nothing is asked; if there are several images, or one where no user shows it.
    """
    characters = sum(len(message.text) for message in messages)
    if characters > most:
        raise BadParameter("messages", f"{characters:,} characters of text; at most {most:,} are taken")
    system = " ".join(message.text for message in messages if message.role in ("system", "developer"))
    turns: list[tuple[list[str], list[str]]] = []  # texts of the user and of the assistant, in turn
    images: list[str] = []
    for number, message in enumerate(messages):
        place = f"messages.{number}"
        if message.images and message.role != "user":
            raise BadParameter(place, f"a message of the {message.role} shows an image; only a user's may")
        images += message.images
        if message.role == "user":
            if not turns or turns[-1][1]:
                turns.append(([], []))
            turns[-1][0].append(message.text)
        elif message.role == "assistant":
            if not turns:
                raise BadParameter(place, "an assistant's message must follow a user's")
            turns[-1][1].append(message.text)
    if not turns:
        raise BadParameter("messages", "there is no message of the user, which is what is answered")
    if turns[-1][1]:
        raise BadParameter("messages", "the last message is the assistant's: answers cannot be continued; ask again")
    if len(images) > 1:
        raise BadParameter("messages", f"{len(images)} images; this model was trained on questions about one at most")
    *history, (asked, _) = [(" ".join(users), " ".join(assistants)) for users, assistants in turns]
    try:
        return Conversation(chat_text(asked, history, system), images[0] if images else None)
    except ValueError as error:
        raise BadParameter("messages", str(error)) from None
