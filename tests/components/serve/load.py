"""Clients of every protocol that know the answer they must get, beside others that do all that clients can do wrong."""

import asyncio
import base64
import gzip
import json
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
import numpy as np
from grpc import aio
from kserve import InferInput, InferRequest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from inkling.tests.components.serve.hostile import CHAT, INFER, PREDICT, Attack
from inkling.tests.components.serve.hostile_grpc import SERVICE
from inkling.tests.components.serve.mutations import odd_calls, odd_requests

GONE = (httpx.TransportError, ConnectionError, asyncio.IncompleteReadError)
"""How a client sees that a server has ended, or that it was cut."""


@dataclass(frozen=True)
class Example:
    """A question with choices, about an image or blind."""

    question: str
    choices: tuple[str, ...]
    image: bytes | None

    @property
    def uri(self) -> str:
        """The image as a data URI."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.image or b'').decode()}"


Answer = tuple[Any, ...]
Kind = Callable[[Example, str], Awaitable[Answer]]


@dataclass
class Load:
    """Requests to one server, and what came of them.

    Attributes:
        url: Its address.
        grpc_address: That of its gRPC port, host:port.
        examples: What is asked.
        attacks: What bad clients send, beside much else.
        seed: Draws what is asked when.
        faults: What went wrong, in words.
        answered: How many requests were answered as they must be, by kind.
        refused: How many good requests were told to come again.
        unanswered: Ids of good requests whose connection ended without an answer.
    """

    url: str
    grpc_address: str
    examples: Sequence[Example]
    attacks: Sequence[Attack]
    seed: int
    faults: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unanswered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begins with nothing asked."""
        self._draw = random.Random(self.seed)
        self._expected: dict[tuple[str, int], Answer] = {}
        self._ending = False

    async def __aenter__(self) -> "Load":
        """Opens connections as they are needed."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=40)
        self._http = httpx.AsyncClient(base_url=self.url, timeout=120, trust_env=False, limits=limits)
        self._calls = aio.insecure_channel(self.grpc_address)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes them."""
        await self._http.aclose()
        await self._calls.close()

    async def learn(self) -> None:
        """Asks everything once, alone: these are the answers that must come again."""
        for name, kind in self._kinds.items():
            for number, example in enumerate(self.examples):
                self._expected[name, number] = await kind(example, uuid.uuid4().hex)

    async def run(self, good: int, bad: int) -> None:
        """Lets so many good and bad clients ask until `end`, each as soon as it has its last answer."""
        schema = (await self._http.get("/openapi.json")).json()
        await asyncio.gather(
            *(self._good() for _ in range(good)), *(self._bad(number, schema) for number in range(bad))
        )

    def end(self) -> None:
        """Marks that the server was sent SIGTERM: a client without an answer from now on does not retry."""
        self._ending = True

    @property
    def _kinds(self) -> dict[str, Kind]:
        return {
            "chat": self._chat, "stream": self._stream, "completion": self._completion, "v1": self._v1, "v2": self._v2,
            "v2 binary": self._v2_binary, "grpc": self._grpc,
        }  # fmt: skip

    async def _good(self) -> None:
        while not self._ending:
            name, number = self._draw.choice(list(self._kinds)), self._draw.randrange(len(self.examples))
            identifier = uuid.uuid4().hex
            try:
                found = await self._kinds[name](self.examples[number], identifier)
            except _Busy:
                self.refused += 1
                await asyncio.sleep(0.05)
                continue
            except (*GONE, aio.AioRpcError) as error:
                self.unanswered.append(identifier)
                if not self._ending:
                    self.faults.append(f"{name}: {type(error).__name__} {str(error)[:300]}")
                continue
            if not _same(found, self._expected[name, number]):
                self.faults.append(f"{name}: {found} where {self._expected[name, number]} was the answer")
            self.answered[name] += 1

    async def _post(self, path: str, identifier: str, **body: Any) -> httpx.Response:
        headers = {"X-Request-ID": identifier, **body.pop("headers", {})}
        response = await self._http.post(path, headers=headers, **body)
        return self._checked(response, identifier)

    def _checked(self, response: httpx.Response, identifier: str) -> httpx.Response:
        if response.status_code == 429:
            raise _Busy
        if response.headers["X-Request-ID"] != identifier:
            self.faults.append(f"an answer with the id of another request: {response.headers}")
        if response.status_code != 200:
            self.faults.append(f"a good request to {response.url}: {response.status_code}")
        return response

    async def _chat(self, example: Example, identifier: str) -> Answer:
        body = {"model": "inkling", "messages": _messages(example), "max_tokens": 8, "logprobs": True}
        found = (await self._post(CHAT, identifier, json=body)).json()
        choice = found["choices"][0]
        return found["view"], choice["message"]["content"], [one["logprob"] for one in choice["logprobs"]["content"]]

    async def _stream(self, example: Example, identifier: str) -> Answer:
        body = {"model": "inkling", "messages": _messages(example), "max_tokens": 8, "stream": True}
        headers = {"X-Request-ID": identifier}
        async with self._http.stream("POST", CHAT, json=body, headers=headers) as response:
            self._checked(response, identifier)
            text = (await response.aread()).decode()
        if not text.endswith("data: [DONE]\n\n"):
            raise httpx.ReadError("the stream is cut")
        chunks = [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n")[:-2]]
        said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        return chunks[0]["view"], said

    async def _completion(self, example: Example, identifier: str) -> Answer:
        body = {"model": "inkling", "prompt": [example.question, " ".join(example.choices)], "max_tokens": 4}
        found = (await self._post("/v1/completions", identifier, json=body)).json()
        return tuple(choice["text"] for choice in found["choices"])

    async def _v1(self, example: Example, identifier: str) -> Answer:
        instance: dict[str, Any] = {"question": example.question, "choices": example.choices}
        if example.image is not None:
            instance["image"] = example.uri
        body = {"instances": [instance, {"question": example.question}]}
        first, second = (await self._post(PREDICT, identifier, json=body)).json()["predictions"]
        return first["view"], first["answer"], first["log_likelihoods"], second["answer"]

    async def _v2(self, example: Example, identifier: str) -> Answer:
        own = self._draw.random() < 0.5  # an id in the body, which is else made by the server
        inputs = [_tensor("question", example.question), _tensor("choices", *example.choices)]
        if example.image is not None:
            inputs.append(_tensor("image", base64.b64encode(example.image).decode()))
        found = (
            await self._post(INFER, identifier, json={"inputs": inputs, **({"id": identifier} if own else {})})
        ).json()
        if own and found["id"] != identifier:
            self.faults.append(f"v2: the id of another request, {found['id']}")
        outputs = {one["name"]: one["data"] for one in found["outputs"]}
        return outputs["view"][0], outputs["answer"][0], outputs["log_likelihoods"]

    async def _v2_binary(self, example: Example, identifier: str) -> Answer:
        inputs = _inputs(example)
        for one in inputs:
            one.set_data_from_numpy(np.array(one.data, dtype=object), binary_data=True)
        body, length = InferRequest("inkling", inputs).to_rest()
        headers = {"Inference-Header-Content-Length": str(length), "Content-Type": "application/octet-stream"}
        found = (await self._post(INFER, identifier, content=body, headers=headers)).json()
        outputs = {one["name"]: one["data"] for one in found["outputs"]}
        return outputs["view"][0], outputs["answer"][0], outputs["log_likelihoods"]

    async def _grpc(self, example: Example, identifier: str) -> Answer:
        request = InferRequest("inkling", _inputs(example), request_id=identifier).to_grpc()
        method = self._calls.unary_unary(
            f"{SERVICE}/ModelInfer", pb.ModelInferRequest.SerializeToString, pb.ModelInferResponse.FromString
        )
        try:
            found = await method(request, timeout=120, metadata=(("x-request-id", identifier),))
        except aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise _Busy from None
            raise
        if found.id != identifier:
            self.faults.append(f"grpc: the id of another request, {found.id}")
        outputs = {one.name: one.contents for one in found.outputs}
        return (
            outputs["view"].bytes_contents[0].decode(), outputs["answer"].bytes_contents[0].decode(),
            list(outputs["log_likelihoods"].fp64_contents),
        )  # fmt: skip

    async def _bad(self, number: int, schema: dict[str, Any]) -> None:
        odd = odd_requests(1_000_000, self.seed + number, schema)
        calls = odd_calls(1_000_000, self.seed + number)
        bomb = Attack("bomb", CHAT, gzip.compress(bytes(40_000_000), 1), {"Content-Encoding": "gzip"})
        oversize = Attack("oversize", PREDICT, b" " * 13_000_000)
        while not self._ending:
            try:
                match self._draw.randrange(12):
                    case 0 | 1 | 2:
                        one = next(odd)
                        headers = {name: value.encode("latin-1") for name, value in one.headers.items()}
                        response = await self._http.request(one.method, one.path, content=one.body, headers=headers)
                        self._not_failed(one.path, response)
                    case 3 | 4:
                        attack = self._draw.choice(self.attacks)
                        response = await self._http.post(attack.path, content=attack.body, headers=attack.headers)
                        self._not_failed(attack.name, response)
                    case 5:
                        attack = self._draw.choice((bomb, oversize))
                        response = await self._http.post(attack.path, content=attack.body, headers=attack.headers)
                        self._not_failed(attack.name, response)
                    case 6 | 7:
                        call = next(calls)
                        try:
                            await self._calls.unary_unary(f"{SERVICE}/{call.method}")(call.message, timeout=60)
                        except aio.AioRpcError as error:
                            if error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
                                self.faults.append(f"{call.method} {call.message[:200]!r}: {error.details()}")
                    case 8:
                        await self._slowly()
                    case _:
                        await self._leave()
            except (*GONE, aio.AioRpcError) as error:
                if not self._ending and not isinstance(error, httpx.WriteError | httpx.ReadError):
                    self.faults.append(f"a bad client: {type(error).__name__} {error}")
            self.answered["bad"] += 1

    def _not_failed(self, name: str, response: httpx.Response) -> None:
        if response.status_code >= 500 and response.status_code != 501 and not self._ending:
            self.faults.append(f"{name}: {response.status_code} {response.text[:300]}")

    async def _slowly(self) -> None:
        """Sends a body byte by byte, and then no more."""
        _, writer = await asyncio.open_connection(*self._address)
        writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n".encode())
        for _ in range(20):
            writer.write(b"[")
            await asyncio.sleep(0.1)
        writer.close()

    async def _leave(self) -> None:
        """Asks, and closes the connection at some moment: in the midst of the body, of the work or of the stream."""
        example = self._draw.choice(self.examples)
        body = json.dumps({
            "model": "inkling", "messages": _messages(example), "n": 4, "max_tokens": 60,
            "stream": self._draw.random() < 0.5, "user": "a" * self._draw.choice((0, 0, 500_000)),
        }).encode()  # fmt: skip
        _, writer = await asyncio.open_connection(*self._address)
        head = f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nX-Request-ID: leaver\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body[: len(body) // self._draw.choice((1, 1, 2))])
        await asyncio.sleep(self._draw.random() * 0.2)
        writer.transport.abort()

    @property
    def _address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)


class _Busy(Exception):
    """A good request that was answered 429."""


def _messages(example: Example) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": example.question}]
    if example.image is not None:
        parts.append({"type": "image_url", "image_url": {"url": example.uri}})
    return [{"role": "user", "content": parts}]


def _tensor(name: str, *values: str) -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": list(values)}


def _inputs(example: Example) -> list[InferInput]:
    inputs = [
        InferInput("question", [1], "BYTES", [example.question.encode()]),
        InferInput("choices", [len(example.choices)], "BYTES", [one.encode() for one in example.choices]),
    ]
    if example.image is not None:
        inputs.append(InferInput("image", [1], "BYTES", [example.image]))
    return inputs


def _same(found: Answer, expected: Answer) -> bool:
    """Whether two answers are the same, log-likelihoods within 1e-4."""
    return len(found) == len(expected) and all(
        np.allclose(one, other, rtol=0, atol=1e-4) if isinstance(other, list) else one == other
        for one, other in zip(found, expected, strict=True)
    )
