"""An OpenAI-compatible endpoint as `Answering`: a question a request, retries where it is busy, lies found out.

Likelihoods of choices are asked over KServe's V2 where our own server answers, which has them; others generate only.
"""

import base64
import contextlib
import email.utils
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from threading import Event, Lock
from typing import Any, Self

import httpx

from inkling.components.evaluate.endpoint_settings import EndpointSettings
from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import printable
from inkling.models.sequence.views import BLANK_IMAGE
from inkling.models.vision.blank import blank_image

_BUSY = {408, 409, 425, 429, 500, 502, 503, 504}
_FATAL = {401, 403, 404, 405}
_LONGEST_WAIT = 60.0
_LARGEST = 16 << 20  # bytes of a response
_QUOTED = 200
_BLANK_SIDE = 224
_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp", b"GIF8": "gif", b"BM": "bmp"}


class EndpointRefusedError(RuntimeError):
    """An endpoint that is not to be asked further: it refuses all, or is not what it says; the message says which."""


class NoReplyError(RuntimeError):
    """A question without a usable reply, after all tries where another could help; the message quotes the endpoint."""


class _BusyError(NoReplyError):
    """The endpoint may answer later."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class EndpointAnswering:
    """Asks an endpoint; is `Answering`, safe to be used from several threads, and a context manager.

    Attributes:
        stopping: Set to give up waiting for a busy endpoint.
    """

    def __init__(self, settings: EndpointSettings, pictures: Mapping[str, bytes]) -> None:
        """Opens the connections.

        Args:
            settings: Where it is.
            pictures: Bytes of the images that it may be shown, by id.

        Raises:
            ConfigError: If the variable that should hold the key is not set.
        """
        self.stopping = Event()
        self._settings, self._pictures = settings, pictures
        limits = httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
        self._http = httpx.Client(
            headers=authorization(settings.key), timeout=settings.timeout, limits=limits, trust_env=False
        )
        self._lock, self._not_before = Lock(), 0.0

    def __enter__(self) -> Self:
        """Keeps connections open."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes them."""
        self.stopping.set()
        self._http.close()

    def prompt_length(self, question: str) -> int:
        """Characters of a question: tokens are not known."""
        return len(question)

    def answer_tokens(self, answer: str) -> list[int]:
        """Nobody knows.

        Raises:
            ConfigError: Always; it names what can be done.
        """
        raise ConfigError(
            f"this method needs the model's tokenizer, which {self._settings.url} does not give: take --method generate"
        )

    def score(
        self, questions: Sequence[str], choices: Sequence[Sequence[str]], images: Sequence[str] | None
    ) -> list[list[float]]:
        """As `Answering` says, over V2, a request a question.

        Raises:
            EndpointRefusedError: If it refuses all, or lies.
            NoReplyError: If it does not answer one.
        """
        shown = _shown(images, len(questions))
        return [self._score(*one) for one in zip(questions, choices, shown, strict=True)]

    def generate(self, questions: Sequence[str], limits: Sequence[int], images: Sequence[str] | None) -> list[str]:
        """As `Answering` says, over chat completions at temperature 0, a request a question; errors as of `score`."""
        shown = _shown(images, len(questions))
        return [self._generate(*one) for one in zip(questions, limits, shown, strict=True)]

    def _generate(self, question: str, limit: int, image: str | None) -> str:
        parts: list[dict[str, Any]] = [{"type": "text", "text": question}]
        if image is not None:
            parts.append({"type": "image_url", "image_url": {"url": data_uri(self._bytes(image))}})
        body = {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": parts}],
            "temperature": 0,
            "max_tokens": limit,
        }
        found = self._post(f"{self._settings.url}/chat/completions", body)
        try:
            content = found["choices"][0]["message"]["content"]
        except (LookupError, TypeError):
            raise NoReplyError(f"no chat completion: {_quoted(found)}") from None
        if not isinstance(content, str):
            raise NoReplyError(f"the content is no text: {_quoted(content)}")
        self._believe(found.get("model"), found.get("view"), image)
        return printable(content).strip()

    def _score(self, question: str, choices: Sequence[str], image: str | None) -> list[float]:
        inputs = [_tensor("question", [question]), _tensor("choices", choices)]
        if image is not None:
            inputs.append(_tensor("image", [base64.b64encode(self._bytes(image)).decode()]))
        found = self._post(f"{self._settings.choices_url}/infer", {"inputs": inputs})
        try:
            outputs = {tensor["name"]: tensor["data"] for tensor in found["outputs"]}
            values, view = [float(value) for value in outputs["log_likelihoods"]], outputs["view"][0]
        except (LookupError, TypeError, ValueError):
            raise NoReplyError(f"no likelihoods: {_quoted(found)}") from None
        if len(values) != len(choices) or not all(map(math.isfinite, values)):
            raise NoReplyError(f"no likelihood for each of {len(choices)} choices: {_quoted(values)}")
        self._believe(found.get("model_name"), view, image)
        return values

    def _bytes(self, image: str) -> bytes:
        return blank_image(_BLANK_SIDE) if image == BLANK_IMAGE else self._pictures[image]

    def _believe(self, model: Any, view: Any, image: str | None) -> None:
        """Refuses an answer of another model, or to another view than was asked."""
        asked = self._settings.model
        # A name with a date behind it is the same model: what OpenAI's API answers to a name without one.
        if model is not None and model != asked and not str(model).startswith(f"{asked}-"):
            raise EndpointRefusedError(
                f"{self._settings.url} was asked for the model '{asked}' and answers as '{printable(str(model))}': "
                "state with --model which one is meant"
            )
        expected = "blind" if image is None else "visual"
        if view is not None and view != expected:
            raise EndpointRefusedError(
                f"{self._settings.url} was asked in the view '{expected}' and says that it answered in the view "
                f"'{printable(str(view))}': its answers cannot be used"
            )

    def _post(self, url: str, body: Any) -> Any:
        """A response's JSON, tried again where the endpoint is busy."""
        tries = 1 + self._settings.retries
        for number in range(tries):
            self._pause()
            try:
                return self._post_once(url, body)
            except _BusyError as error:
                last = number + 1 == tries
                if error.after > _LONGEST_WAIT:
                    raise NoReplyError(f"{error}; it asks for a pause of {error.after:.0f} seconds") from None
                self._postpone(max(error.after, 0.0 if last else self._settings.backoff * 2.0**number))
                if last or self.stopping.is_set():
                    raise NoReplyError(str(error)) from None
        raise AssertionError("unreachable")

    def _pause(self) -> None:
        """Waits until the endpoint wants to be asked again; all threads do."""
        with self._lock:
            wait = self._not_before - time.monotonic()
        if wait > 0:
            self.stopping.wait(wait)

    def _postpone(self, seconds: float) -> None:
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + min(seconds, _LONGEST_WAIT))

    def _post_once(self, url: str, body: Any) -> Any:
        deadline, content = time.monotonic() + self._settings.timeout, bytearray()
        try:
            with self._http.stream("POST", url, json=body) as response:
                for block in response.iter_bytes():
                    content += block
                    if time.monotonic() > deadline:
                        raise _BusyError(f"no whole answer within {self._settings.timeout:g} seconds")
                    if len(content) > _LARGEST:
                        raise NoReplyError(f"an answer of more than {_LARGEST:,} bytes")
        except httpx.TimeoutException:
            raise _BusyError(f"no answer within {self._settings.timeout:g} seconds") from None
        except httpx.HTTPError as error:
            raise _BusyError(f"the connection broke: {type(error).__name__}") from None
        return _read(self._settings.url, response, bytes(content))


def authorization(variable: str) -> dict[str, str]:
    """The header with a key.

    Args:
        variable: The environment variable that holds it; none where empty.

    Raises:
        ConfigError: If it is not set, or holds what no key does.
    """
    if not variable:
        return {}
    key = os.environ.get(variable, "")
    if not key or not key.isascii():
        raise ConfigError(
            f"the environment variable {variable} is not set, or holds characters beyond ASCII: it should hold the key"
        )
    return {"Authorization": f"Bearer {key}"}


def data_uri(image: bytes) -> str:
    """An image file as a data URI, with the type that its first bytes tell."""
    kind = next((name for mark, name in _KINDS.items() if image.startswith(mark)), "*")
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _read(url: str, response: httpx.Response, content: bytes) -> Any:
    """The JSON of a response that was read.

    Raises:
        EndpointRefusedError: If no other request would fare better.
        NoReplyError: If this one has no answer.
    """
    text = printable(content[:_QUOTED].decode(errors="replace"))
    status = f"{response.status_code} {response.reason_phrase}: {text}"
    if response.status_code in _BUSY:
        raise _BusyError(status, _seconds(response.headers.get("Retry-After", "")))
    if response.status_code in _FATAL:
        raise EndpointRefusedError(f"{url} refuses to answer: {status}")
    if response.status_code != httpx.codes.OK:
        raise NoReplyError(status)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise NoReplyError(f"no JSON: {text}") from None
    if not isinstance(found, dict):
        raise NoReplyError(f"no JSON object: {text}")
    return found


def _seconds(header: str) -> float:
    """Seconds of a Retry-After header in either of its forms; none where it cannot be read."""
    if header.strip().isdecimal():
        return float(header)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    return 0.0


def _shown(images: Sequence[str] | None, count: int) -> Sequence[str | None]:
    """The image of each of so many questions."""
    return [None] * count if images is None else images


def _tensor(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": list(values)}


def _quoted(value: Any) -> str:
    return printable(repr(value))[:_QUOTED]
