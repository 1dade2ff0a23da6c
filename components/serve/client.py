"""A client of a running server: V2 for choices, OpenAI chat for generated answers."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx

from inkling.components.serve.names import CHAT, MODEL
from inkling.components.shared.text import printable
from inkling.models.sequence.views import ServedView

_SECONDS = 120.0


class ServerRefused(RuntimeError):
    """A request that the server did not answer; the message holds its words.

    Attributes:
        status: The status of its reply.
    """

    def __init__(self, status: int, message: str) -> None:
        """Takes the words too."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ChatPart:
    """A part of an answer, as it comes.

    Attributes:
        text: The further text.
        view: The view that the server reports.
        tokens: Tokens of the whole answer, in the last part; None before it.
    """

    text: str
    view: ServedView
    tokens: int | None = None


class Client:
    """A connection to a server; a context manager."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Connects when first asked.

        Args:
            url: The server's address, such as `http://127.0.0.1:8080`.
            token: The bearer token that the server wants; None sends none.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, timeout=_SECONDS, trust_env=False, headers=headers)

    def __enter__(self) -> Self:
        """Keeps connections open."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes them."""
        self._http.close()

    def choose(self, question: str, choices: Sequence[str], image: bytes | None) -> tuple[int, ServedView, list[float]]:
        """Asks a question with choices over V2.

        Returns:
            Index of the choice, the view that the server reports, and each choice's log-likelihood.

        Raises:
            ServerRefused: If the server refuses.
            httpx.TransportError: If there is no server.
        """
        inputs = [_bytes_tensor("question", [question]), _bytes_tensor("choices", choices)]
        if image is not None:
            inputs.append(_bytes_tensor("image", [base64.b64encode(image).decode()]))
        response = _checked(self._http.post(f"/v2/models/{MODEL}/infer", json={"inputs": inputs}))
        outputs = {tensor["name"]: tensor["data"] for tensor in response.json()["outputs"]}
        return outputs["choice"][0], outputs["view"][0], outputs["log_likelihoods"]

    def chat(self, question: str, image_url: str | None) -> tuple[str, ServedView]:
        """Asks an open question over OpenAI chat.

        Returns:
            The answer, and the view that the server reports.

        Raises:
            ServerRefused: If the server refuses.
            httpx.TransportError: If there is no server.
        """
        response = _checked(self._http.post(CHAT, json=_request([user_message(question, image_url)]))).json()
        return printable(response["choices"][0]["message"]["content"]), response["view"]

    def options(
        self, messages: Sequence[dict[str, Any]], choices: Sequence[str]
    ) -> tuple[int, ServedView, list[float]]:
        """Ends a conversation by one of several options, over OpenAI chat.

        Args:
            messages: The conversation, as OpenAI's messages.
            choices: The options.

        Returns:
            As `choose`.

        Raises:
            ServerRefused: If the server refuses.
            httpx.TransportError: If there is no server.
        """
        request = {**_request(messages), "guided_choice": list(choices)}
        response = _checked(self._http.post(CHAT, json=request)).json()
        chosen = response["choices"][0]
        return chosen["choice"], response["view"], chosen["log_likelihoods"]

    def stream(self, messages: Sequence[dict[str, Any]]) -> Iterator[ChatPart]:
        """Continues a conversation over OpenAI chat and yields the answer as it is generated.

        Args:
            messages: The conversation, as OpenAI's messages.

        Raises:
            ServerRefused: If the server refuses, or ends the answer with an error.
            httpx.TransportError: If there is no server.
        """
        request = {**_request(messages), "stream": True, "stream_options": {"include_usage": True}}
        with self._http.stream("POST", CHAT, json=request) as response:
            if response.is_error:
                response.read()
            for line in _checked(response).iter_lines():
                data = line.removeprefix("data: ")
                if not line.startswith("data: ") or data == "[DONE]":
                    continue
                chunk = json.loads(data)
                if "error" in chunk:
                    raise ServerRefused(500, f"the server broke off: {printable(str(chunk['error'].get('message')))}")
                text = "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
                yield ChatPart(printable(text), chunk["view"], (chunk.get("usage") or {}).get("completion_tokens"))


def user_message(question: str, image_url: str | None = None) -> dict[str, Any]:
    """A question as OpenAI's message, with the address or data URI of an image or without."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": question}]
    if image_url is not None:
        parts.append({"type": "image_url", "image_url": {"url": image_url}})
    return {"role": "user", "content": parts}


def data_uri(image: bytes) -> str:
    """An image as a data URI; the server finds out the format itself."""
    return f"data:image/*;base64,{base64.b64encode(image).decode()}"


def _bytes_tensor(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": list(values)}


def _request(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"model": MODEL, "messages": list(messages)}


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        error = response.json()["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    raise ServerRefused(response.status_code, f"the server answered {response.status_code}: {printable(str(message))}")
