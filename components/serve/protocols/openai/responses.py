"""What is answered, in OpenAI's forms; each with `view`, which says whether the model saw an image."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from inkling.components.serve.request import Finish
from inkling.models.sequence.views import ServedView


class _Reply(BaseModel):
    """A part of an answer; fields that were not set are left out."""

    model_config = ConfigDict(extra="forbid")


class Usage(_Reply):
    """Tokens of a request, those of images included."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class TokenAlternative(_Reply):
    """A token that might stand in a place."""

    token: str
    logprob: float
    bytes: list[int]


class ChatToken(TokenAlternative):
    """A token of an answer."""

    top_logprobs: list[TokenAlternative]


class ChatLogprobs(_Reply):
    """Log-probabilities of an answer's tokens in nats."""

    content: list[ChatToken]
    refusal: None


class AssistantMessage(_Reply):
    """An answer; empty where the model's answer was empty."""

    role: Literal["assistant"]
    content: str
    refusal: None


class ChatChoice(_Reply):
    """One of n answers.

    Attributes:
        choice: Index of the option that was chosen, of a guided choice.
        log_likelihoods: Log-likelihood of each option in nats, of a guided choice.
    """

    index: int
    message: AssistantMessage
    logprobs: ChatLogprobs | None
    finish_reason: Finish
    choice: int = 0
    log_likelihoods: list[float] = []


class ChatCompletion(_Reply):
    """The answers to a chat."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    view: ServedView
    choices: list[ChatChoice]
    usage: Usage


class ChatDelta(_Reply):
    """What a chunk adds to an answer."""

    role: Literal["assistant"] = "assistant"
    content: str = ""


class ChunkChoice(_Reply):
    """What a chunk adds to one of n answers."""

    index: int
    delta: ChatDelta
    logprobs: ChatLogprobs | None
    finish_reason: Finish | None
    choice: int = 0
    log_likelihoods: list[float] = []


class ChatChunk(_Reply):
    """A server-sent event of a streamed chat; the last one has the usage and no choices, where that is wanted."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    view: ServedView
    choices: list[ChunkChoice]
    usage: Usage | None = None


class CompletionLogprobs(_Reply):
    """Log-probabilities of tokens in nats; of a first token that nothing is before there are none."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None]
    text_offset: list[int]


class CompletionChoice(_Reply):
    """One continuation."""

    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: Finish | None


class TextCompletion(_Reply):
    """The continuations of a request's prompts; streamed, what an event adds to one of them."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    view: ServedView
    choices: list[CompletionChoice]
    usage: Usage | None = None


class ServedModel(_Reply):
    """A model that is served.

    Attributes:
        name: Its name again, and
        ready: that it is ready, as KServe's V1 says under the same address.
    """

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str
    ready: bool


class ModelList(_Reply):
    """The models that are served; their names again in `models`, as KServe's V1 has them under the same address."""

    object: Literal["list"]
    data: list[ServedModel]
    models: list[str]


def usage_of(prompt_tokens: int, completion_tokens: int) -> Usage:
    """Usage, summed up."""
    total = prompt_tokens + completion_tokens
    return Usage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, total_tokens=total)
