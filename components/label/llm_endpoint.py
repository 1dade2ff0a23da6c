"""One request to an OpenAI-compatible endpoint: structured output, retries where it is busy, errors otherwise."""

import os
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import tenacity
from pydantic import BaseModel, ConfigDict, ValidationError

from inkling.components.label.config import LlmConfig
from inkling.components.shared.config import ConfigError, read_mapping
from inkling.components.shared.text import printable

_PROMPT = Path(__file__).with_name("prompt.yaml")
_BUSY = {408, 409, 425, 429, 500, 502, 503, 504}
_FATAL = {401, 403, 404, 405}
_LONGEST_WAIT = 60.0
_TOKENS = 200  # of an answer: six keys with their values are about 40
_WORDS = 200  # characters of the endpoint's answer that an error quotes


class ChatEndpointError(RuntimeError):
    """An endpoint that will answer nothing, or too little; the message quotes it."""


class UnansweredError(RuntimeError):
    """A segment that the endpoint gave no usable answer for; the message quotes it."""


class _BusyError(UnansweredError):
    """The endpoint may answer later."""

    def __init__(self, message: str, after: float = 0) -> None:
        super().__init__(message)
        self.after = after


class LabelAnswer(BaseModel):
    """An answer: whether the segment carries each label, in the order of `LABELS`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    code: bool
    math: bool
    science: bool
    concept: bool
    attribute: bool
    relationship: bool


def prompt() -> str:
    """The system message that comes before a segment."""
    return str(read_mapping(_PROMPT.read_text())["system"])


class ChatEndpoint:
    """Requests labels of segments from an endpoint; safe to be used from several threads."""

    def __init__(self, config: LlmConfig) -> None:
        """Opens the connections.

        Raises:
            ConfigError: If the variable that should hold the key is not set.
        """
        headers = {}
        if config.key:
            if not os.environ.get(config.key):
                raise ConfigError(f"label.llm.key: the environment variable {config.key} is not set")
            if not os.environ[config.key].isascii():
                raise ConfigError(f"label.llm.key: {config.key} holds characters beyond ASCII, as no key does")
            headers["Authorization"] = f"Bearer {os.environ[config.key]}"
        limits = httpx.Limits(max_connections=config.concurrency, max_keepalive_connections=config.concurrency)
        # No proxy, netrc or redirect: text goes to the allowed host and nowhere else.
        self._client = httpx.Client(headers=headers, timeout=config.timeout, limits=limits, trust_env=False)
        self._config = config
        self._prompt = prompt()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def label(self, text: str, stop: Event) -> LabelAnswer:
        """The model's labels of a segment.

        Args:
            text: The segment.
            stop: Set to give up waiting.

        Raises:
            ChatEndpointError: If the endpoint refuses every request (wrong key, URL or model).
            UnansweredError: If there is no usable answer, after all tries where a further try could help.
        """
        patient = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_BusyError),
            stop=tenacity.stop_after_attempt(1 + self._config.retries) | tenacity.stop_when_event_set(stop),
            wait=self._wait,
            sleep=tenacity.sleep_using_event(stop),
            reraise=True,
        )
        return patient(self._request_once, text)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wanted = error.after if isinstance(error, _BusyError) else 0.0
        doubled = self._config.backoff * 2.0 ** (state.attempt_number - 1)
        return min(max(doubled, wanted), _LONGEST_WAIT)

    def _request_once(self, text: str) -> LabelAnswer:
        try:
            response = self._client.post(f"{self._config.url.rstrip('/')}/chat/completions", json=self._body(text))
        except httpx.TimeoutException:
            raise _BusyError(f"no answer within {self._config.timeout:g} seconds") from None
        except httpx.TransportError as error:
            raise _BusyError(f"{type(error).__name__}: {error}") from None
        status = f"{response.status_code} {response.reason_phrase}: {response.text[:_WORDS]}"
        if response.status_code in _BUSY:
            raise _BusyError(status, _seconds(response.headers.get("Retry-After")))
        if response.status_code in _FATAL:
            raise ChatEndpointError(f"{self._config.url} refuses to label with '{self._config.model}': {status}")
        if response.status_code != httpx.codes.OK:
            raise UnansweredError(status)
        return _read(response)

    def _body(self, text: str) -> dict[str, Any]:
        return {
            "model": self._config.model,
            "messages": [
                {"role": "system", "content": self._prompt},
                {"role": "user", "content": f"<piece>\n{text}\n</piece>"},
            ],
            "temperature": 0,
            "seed": 0,
            "max_tokens": _TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "labels", "strict": True, "schema": LabelAnswer.model_json_schema()},
            },
        }


def _read(response: httpx.Response) -> LabelAnswer:
    try:
        content = response.json()["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        raise UnansweredError(f"no chat completion: {response.text[:_WORDS]}") from None
    try:
        return LabelAnswer.model_validate_json(printable(content) if isinstance(content, str) else "")
    except ValidationError:
        raise UnansweredError(f"not the six labels: {printable(str(content))[:_WORDS]}") from None


def _seconds(header: str | None) -> float:
    """Seconds of a Retry-After header; its other form, a date, counts as none."""
    return float(header) if header and header.isdecimal() else 0.0
