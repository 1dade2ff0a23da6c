"""A client of a running server: V2 for choices, OpenAI chat for generated answers."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, Self

import httpx

from inkling.components.serve.names import CHAT, MODEL
from inkling.components.shared.text import printable
from inkling.models.sequence.views import ServedView

_SECONDS = 120.0


class ServerRefused(RuntimeError):
    """A request that the server did not answer; the message holds its words."""


class Client:
    """A connection to a server; a context manager."""

    def __init__(self, url: str) -> None:
        """Connects when first asked.

        Args:
            url: The server's address, such as `http://127.0.0.1:8080`.
        """
        self._http = httpx.Client(base_url=url, timeout=_SECONDS, trust_env=False)

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
        response = _checked(self._http.post(CHAT, json=_chat_request(question, image_url))).json()
        return printable(response["choices"][0]["message"]["content"]), response["view"]

    def stream(self, question: str, image_url: str | None) -> Iterator[tuple[str, ServedView]]:
        """Asks an open question over OpenAI chat and yields the answer as it is generated, each part with the view.

        Raises:
            ServerRefused: If the server refuses.
            httpx.TransportError: If there is no server.
        """
        request = {**_chat_request(question, image_url), "stream": True}
        with self._http.stream("POST", CHAT, json=request) as response:
            if response.is_error:
                response.read()
            for line in _checked(response).iter_lines():
                data = line.removeprefix("data: ")
                if not line.startswith("data: ") or data == "[DONE]":
                    continue
                chunk = json.loads(data)
                yield printable(chunk["choices"][0]["delta"].get("content", "")), chunk["view"]


def data_uri(image: bytes) -> str:
    """An image as a data URI; the server finds out the format itself."""
    return f"data:image/*;base64,{base64.b64encode(image).decode()}"


def _bytes_tensor(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": list(values)}


def _chat_request(question: str, image_url: str | None) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": question}]
    if image_url is not None:
        parts.append({"type": "image_url", "image_url": {"url": image_url}})
    return {"model": MODEL, "messages": [{"role": "user", "content": parts}]}


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        error = response.json()["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    raise ServerRefused(f"the server answered {response.status_code}: {printable(str(message))}")
