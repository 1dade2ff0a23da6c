"""What is said to a request that is not answered, in OpenAI's form, and how a body is read in the first place."""

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from inkling.components.serve.protocols.refusals import KINDS, cut
from inkling.components.serve.request import BadRequest

_PROBLEMS = 3

Body = TypeVar("Body", bound=BaseModel)


class BadParameter(BadRequest):
    """A request with a parameter that cannot be honoured; `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        """Takes the parameter's place in the body, such as `messages.0.content`, and what is wrong."""
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter


class ErrorDetail(BaseModel):
    """What was wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorReply(BaseModel):
    """OpenAI's form of a refusal."""

    error: ErrorDetail


def error_reply(status: int, error: Exception | str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal.

    Args:
        status: HTTP status, 400 or above.
        error: What was wrong; its words are cut to a limited length.
        headers: Further headers, such as Retry-After.
    """
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = cut(str(error))
    parameter = error.parameter if isinstance(error, BadParameter) else None
    code = "model_not_found" if status == 404 and parameter == "model" else None
    detail = ErrorDetail(message=message, type=kind, param=parameter and cut(parameter), code=code)
    return JSONResponse({"error": detail.model_dump()}, status, headers)


def read_body(body: bytes, kind: type[Body]) -> Body:
    """A request's body, read.

    Unknown parameters are taken where they are null, since null asks for nothing.

    Raises:
        BadRequest: If it is no JSON object, or a parameter is unknown or cannot be honoured.
    """
    try:
        stated = orjson.loads(body)
    except ValueError as error:
        raise BadRequest(f"the request is not JSON: {error}") from None
    if not isinstance(stated, dict):
        raise BadRequest(f"the request must be a JSON object with {_required(kind)}")
    stated = {name: value for name, value in stated.items() if value is not None or name in kind.model_fields}
    try:
        return kind.model_validate(stated)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:_PROBLEMS]
    place, _, message = _explain(found[0], kind).partition(": ")
    raise BadParameter(place, "; ".join([message, *(_explain(item, kind) for item in found[1:])])) from None


def _explain(item: Any, kind: type[BaseModel]) -> str:
    """A problem as `place: words`; one of several parameters names its place itself."""
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{place}: is not supported. Supported: {', '.join(kind.model_fields)}"
    words = item["msg"].removeprefix("Value error, ")
    return f"{place}: {words}" if place else words


def _required(kind: type[BaseModel]) -> str:
    return " and ".join(f"'{name}'" for name, field in kind.model_fields.items() if field.is_required())
