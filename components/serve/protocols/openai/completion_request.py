"""The request of a completion: prompts as text or as token ids, and what is to be generated for each."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from inkling.components.serve.protocols.openai.neutral import Neutral
from inkling.components.serve.protocols.openai.parameters import MAX_LOGPROBS, GenerationParameters
from inkling.components.serve.request import GenerationRequest

Prompt = str | tuple[int, ...]
MAX_PROMPTS = 32
_DEFAULT_TOKENS = 16  # OpenAI's own


def _prompts(value: Any) -> Any:
    """Prompts in a tuple: one text, several, one list of token ids, or several."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not value:
        raise ValueError("must be a string, a list of strings, a list of token ids, or a list of such lists")
    if _is_ids(value):
        return (tuple(value),)
    if len(value) > MAX_PROMPTS:
        raise ValueError(f"{len(value):,} prompts; at most {MAX_PROMPTS} are taken in one request")
    if not all(isinstance(one, str) or _is_ids(one) for one in value):
        raise ValueError("must hold strings, or lists of token ids, none of them empty")
    return tuple(one if isinstance(one, str) else tuple(one) for one in value)


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(one) is int for one in value)


class CompletionRequest(GenerationParameters):
    """A text to be continued, read behind `<|bos|>`; without an image, so always blind."""

    prompt: Annotated[
        tuple[Prompt, ...],
        BeforeValidator(_prompts, json_schema_input_type=str | list[str] | list[int] | list[list[int]]),
    ]
    max_tokens: int | None = Field(
        _DEFAULT_TOKENS,
        ge=0,
        description="tokens of the continuation; 0 gives none, so that with `echo` the prompt is scored",
    )
    echo: bool | None = Field(
        False, description="the prompt stands before its continuation, with its log-probabilities"
    )
    logprobs: int | None = Field(
        None,
        ge=0,
        le=MAX_LOGPROBS,
        description="alternatives to each token that are given with their log-probabilities",
    )
    suffix: Annotated[Any, Neutral("", why="a text is continued at its end only")] = None
    add_special_tokens: Annotated[Any, Neutral(True, why="every text begins with <|bos|>")] = None

    @model_validator(mode="after")
    def _few(self) -> "CompletionRequest":
        count = len(self.prompt) * (self.n or 1)
        if count > MAX_PROMPTS:
            raise ValueError(f"n: {self.n} continuations of {len(self.prompt)} prompts; at most {MAX_PROMPTS} in all")
        return self

    def generations(self, prompt: Prompt) -> list[GenerationRequest]:
        """What is generated: a continuation of a prompt for each of the n."""
        limit = _DEFAULT_TOKENS if self.max_tokens is None else self.max_tokens
        return [
            GenerationRequest(prompt, None, limit, self.stop, sampling, self.logprobs, strip=False)
            for sampling in self.sampling()
        ]
