"""OpenAI's chat API on KServe's application: one question, with an image or blind, streamed or not.

KServe's own OpenAI routes need vLLM. Every answer has a further field, `view`: "visual" or "blind".
"""

import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from kserve.errors import ServerNotReady
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.types import Receive, Scope, Send

from inkling.components.serve.generation import Generation
from inkling.components.serve.model import InklingModel
from inkling.components.serve.names import OPENAI
from inkling.components.serve.protocols.images import load_url
from inkling.components.serve.record import current
from inkling.components.serve.request import BadRequest, GenerationRequest, QuestionRequest
from inkling.components.shared.config import Section
from inkling.models.sequence.prompt import chat_text
from inkling.models.strict_json import to_json


class TextPart(Section):
    """A part of a message that is text."""

    type: Literal["text"]
    text: str


class ImageURL(BaseModel):
    """Where an image is: a data URI, or an address on a host that the server allows."""

    url: str


class ImagePart(Section):
    """A part of a message that is an image."""

    type: Literal["image_url"]
    image_url: ImageURL


class Message(BaseModel):
    """The user's message."""

    role: Literal["user"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]]


class ChatRequest(BaseModel):
    """The part of OpenAI's chat request that means something to this model; anything that it cannot do is refused."""

    model_config = ConfigDict(extra="forbid")

    model: str
    messages: list[Message] = Field(min_length=1, max_length=1)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: Literal[0] | None = Field(None, description="answers are the most likely ones")
    top_p: float | None = Field(None, gt=0, le=1, description="of no effect on the most likely token")
    n: Literal[1] = 1
    seed: int | None = None
    user: str | None = None


class Stream(StreamingResponse):
    """A streaming response that always reports when it is over, whether the client stayed or left."""

    def __init__(self, content: AsyncIterator[str], over: Callable[[], None]) -> None:
        """Takes what to send and what to call at the end."""
        super().__init__(content, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


def chat_router(model: InklingModel) -> APIRouter:
    """The routes `/openai/v1/models` and `/openai/v1/chat/completions` for a model."""
    router = APIRouter(prefix=OPENAI, tags=["OpenAI"])
    started = int(time.time())

    @router.get("/models")
    async def models() -> dict[str, Any]:
        return {
            "object": "list",
            "data": [{"id": model.name, "object": "model", "created": started, "owned_by": "inkling"}],
        }

    @router.post("/chat/completions", response_model=None)
    async def chat_completions(request: Request) -> Response:
        try:
            chat = _parse(await request.body())
            if chat.model != model.name:
                return _error(404, f"the model '{chat.model}' does not exist. Available: {model.name}")
            question = await _question(chat.messages[0], model)
            return await _answer(chat, question, model)
        except BadRequest as error:
            return _error(400, str(error))
        except ServerNotReady as error:
            return _error(503, str(error), {"Retry-After": "1"})

    return router


async def _answer(chat: ChatRequest, question: QuestionRequest, model: InklingModel) -> Response:
    try:
        prompt = chat_text(question.text)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    limit = chat.max_completion_tokens or chat.max_tokens
    generation = await model.predictor.generate(GenerationRequest(prompt, question.image, limit))
    reply = _Reply(model, generation)
    current().answered(question.view, generation.prompt_tokens)
    if chat.stream:
        return Stream(reply.events(), generation.close)
    async with generation:
        return JSONResponse(await reply.completion())


class _Reply:
    """The model's answer to a question, as it goes over the wire."""

    def __init__(self, model: InklingModel, generation: Generation) -> None:
        self._generation = generation
        self._common = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model.name,
            "view": generation.view,
        }

    async def completion(self) -> dict[str, Any]:
        answer = await self._generation.whole()
        prompt_tokens = self._generation.prompt_tokens
        message = {"role": "assistant", "content": answer.text}
        return {
            **self._common,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": answer.finish}],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": answer.tokens,
                "total_tokens": prompt_tokens + answer.tokens,
            },
        }

    async def events(self) -> AsyncIterator[str]:
        yield self._event({"role": "assistant", "content": ""}, None)
        async for delta in self._generation:
            if delta.text:
                yield self._event({"content": delta.text}, None)
            if delta.finish:
                yield self._event({}, delta.finish)
        yield "data: [DONE]\n\n"

    def _event(self, delta: dict[str, str], finish: str | None) -> str:
        chunk = {
            **self._common,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        return f"data: {to_json(chunk)}\n\n"


def _parse(body: bytes) -> ChatRequest:
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise BadRequest("; ".join(_explain(item) for item in error.errors())) from None


def _explain(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    match item["type"], place:
        case "too_long", "messages":
            return "messages: this model was trained on single questions; send one user message"
        case "extra_forbidden", _:
            return f"{place} is not supported. Supported: {', '.join(ChatRequest.model_fields)}"
        case "literal_error", "temperature":
            return "temperature: only 0 is supported; answers are the most likely ones"
        case _:
            return f"{place}: {item['msg']}" if place else str(item["msg"])


async def _question(message: Message, model: InklingModel) -> QuestionRequest:
    if isinstance(message.content, str):
        return QuestionRequest(message.content)
    images = [part.image_url.url for part in message.content if isinstance(part, ImagePart)]
    if len(images) > 1:
        raise BadRequest(f"{len(images)} images in one question; at most one is taken")
    text = " ".join(part.text for part in message.content if isinstance(part, TextPart))
    return QuestionRequest(text, await load_url(images[0], model.settings) if images else None)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    kind = {400: "invalid_request_error", 404: "not_found_error"}.get(status, "server_error")
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": None}}, status, headers)
