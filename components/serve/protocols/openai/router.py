"""OpenAI's routes on KServe's application, under `/openai/v1` and `/v1`; KServe's own need vLLM."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from inkling.components.serve.model import InklingModel
from inkling.components.serve.names import OPENAI
from inkling.components.serve.protocols.openai.chat import answer_chat
from inkling.components.serve.protocols.openai.chat_request import ChatRequest
from inkling.components.serve.protocols.openai.completion_request import CompletionRequest
from inkling.components.serve.protocols.openai.completions import answer_completion
from inkling.components.serve.protocols.openai.errors import Body, ErrorReply, error_reply, read_body
from inkling.components.serve.protocols.openai.models import ModelRegistry, UnknownModel
from inkling.components.serve.protocols.openai.responses import ChatCompletion, ModelList, ServedModel, TextCompletion
from inkling.components.serve.request import BadRequest

PREFIXES = (OPENAI, "/v1")
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorReply, "description": "What cannot be answered, and why"},
    404: {"model": ErrorReply, "description": "No such model"},
    408: {"model": ErrorReply, "description": "No whole answer within the server's limit"},
    429: {"model": ErrorReply, "description": "The queue is full; Retry-After says when to ask again"},
}


def openai_router(model: InklingModel) -> APIRouter:
    """OpenAI's routes for a model."""
    registry, router = ModelRegistry(model), APIRouter(tags=["OpenAI"])

    async def models() -> ModelList:
        return registry.list()

    async def retrieve(name: str) -> Any:
        try:
            return registry.retrieve(name)
        except UnknownModel as error:
            return error_reply(404, error)

    async def chat_completions(request: Request) -> Response:
        return await _answered(request, ChatRequest, answer_chat, model, registry)

    async def completions(request: Request) -> Response:
        return await _answered(request, CompletionRequest, answer_completion, model, registry)

    for prefix in PREFIXES:
        router.add_api_route(
            f"{prefix}/models", models, response_model=ModelList, name="openai_models", summary="Lists the models"
        )
        router.add_api_route(
            f"{prefix}/models/{{name}}", retrieve, response_model=ServedModel, responses={404: _REFUSALS[404]},
            name="openai_model", summary="Describes a model",
        )  # fmt: skip
        for path, endpoint, takes, gives, summary in (
            ("chat/completions", chat_completions, ChatRequest, ChatCompletion, "Answers a chat"),
            ("completions", completions, CompletionRequest, TextCompletion, "Continues texts, or scores them"),
        ):
            router.add_api_route(
                f"{prefix}/{path}", endpoint, methods=["POST"], summary=summary, response_model=None,
                responses={200: {"model": gives}, **_REFUSALS}, openapi_extra={"requestBody": _described(takes)},
            )  # fmt: skip
    return router


async def _answered(
    request: Request,
    kind: type[Body],
    answer: Callable[[Any, InklingModel], Awaitable[Response]],
    model: InklingModel,
    registry: ModelRegistry,
) -> Response:
    """Reads a body and answers it, or says why not."""
    try:
        asked: Any = read_body(await request.body(), kind)
        registry.retrieve(asked.model)
        return await answer(asked, model)
    except UnknownModel as error:
        return error_reply(404, error)
    except BadRequest as error:
        return error_reply(400, error)


def _described(kind: type[BaseModel]) -> dict[str, Any]:
    """A request's body for OpenAPI, with what it refers to written out, since its place there is not the root."""
    schema = kind.model_json_schema()
    definitions = schema.pop("$defs", {})

    def written(part: Any) -> Any:
        if isinstance(part, list):
            return [written(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return written(definitions[part["$ref"].rpartition("/")[2]])
        return {name: written(one) for name, one in part.items() if name != "discriminator"}

    return {"required": True, "content": {"application/json": {"schema": written(schema)}}}
