"""Questions, generations and their answers as the server handles them, whatever protocol they come by."""

from dataclasses import dataclass, field
from typing import Literal

from inkling.models.inference.sampling import Sampling
from inkling.models.sequence.views import ServedView

Finish = Literal["stop", "length"]


class BadRequest(ValueError):
    """A request that cannot be answered; the message tells its sender why and what would be valid."""


@dataclass(frozen=True)
class QuestionRequest:
    """A question, with an image or blind, with choices or open.

    Attributes:
        text: What is asked.
        image: The bytes of an image file; None asks blind.
        choices: The answers to choose from; none for a generated answer.
    """

    text: str
    image: bytes | None = None
    choices: tuple[str, ...] = ()

    @property
    def view(self) -> ServedView:
        """Which view of the question the model is given."""
        return "blind" if self.image is None else "visual"


@dataclass(frozen=True)
class QuestionResponse:
    """The answer to a question, whatever protocol asked for it.

    Attributes:
        question: The question.
        text: The chosen choice, or the text that was generated.
        choice: Index of the chosen choice; None where there were none.
        log_likelihoods: Log-likelihood of each choice in nats.
    """

    question: QuestionRequest
    text: str
    choice: int | None = None
    log_likelihoods: tuple[float, ...] = ()


@dataclass(frozen=True)
class GenerationRequest:
    """A text to be continued.

    Attributes:
        prompt: What the model reads after `<|bos|>` (and the image), as `models.sequence.prompt.chat_text` renders a
            conversation or as it comes for a plain completion; or the ids of its tokens.
        image: The bytes of an image file; None asks blind.
        max_new_tokens: Tokens at most; None for as many as the settings and the context allow, and never more.
        stop: Strings before which the text ends.
        sampling: How tokens are drawn.
        top_logprobs: How many alternatives to each token are given with their log-probabilities; 0 for the token's
            own alone, None for no log-probabilities.
        choices: The answers to choose from (guided choice): the text is one of them, drawn by likelihood.
        strip: Whether white space before the answer is left out; an answer in a conversation begins with a space.
    """

    prompt: str | tuple[int, ...]
    image: bytes | None = None
    max_new_tokens: int | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    top_logprobs: int | None = None
    choices: tuple[str, ...] = ()
    strip: bool = True

    @property
    def view(self) -> ServedView:
        """Which view of the prompt the model is given."""
        return "blind" if self.image is None else "visual"


@dataclass(frozen=True)
class TokenLogprob:
    """How likely a token was where it stands.

    Attributes:
        id: Its id.
        text: Its text; bytes that are no character by themselves are U+FFFD.
        bytes: Its bytes; none for a special token.
        logprob: Its log-probability in nats given all before it; None for the first, which nothing is before.
        top: The most likely tokens in its place, the most likely first; without alternatives of their own.
    """

    id: int
    text: str
    bytes: bytes
    logprob: float | None
    top: tuple["TokenLogprob", ...] = ()


@dataclass(frozen=True)
class Delta:
    """What one or more steps add to a generated answer.

    Attributes:
        text: The further text.
        tokens: Tokens generated so far, without the one that ends the answer.
        finish: "stop" where the model or a stop string ended the answer, "length" where the limit did; None if it goes
            on.
        logprobs: The further tokens with their log-probabilities, if they were asked for; those of a stop string are
            left out.
        log_likelihoods: Log-likelihood of each choice in nats, of a guided choice.
    """

    text: str
    tokens: int
    finish: Finish | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    log_likelihoods: tuple[float, ...] = ()
