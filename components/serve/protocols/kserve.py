"""Questions out of KServe's V1 and V2 requests, and answers back into their responses."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson
from kserve import InferInput, InferOutput, InferRequest, InferResponse
from kserve.errors import InvalidInput
from pydantic import ValidationError

from inkling.components.serve.protocols.images import decode_base64
from inkling.components.serve.protocols.v2_body import binary_values
from inkling.components.serve.request import BadRequest, QuestionRequest, QuestionResponse
from inkling.components.serve.settings import Settings
from inkling.components.shared.config import Section

INPUTS: dict[str, list[int]] = {"question": [1], "image": [1], "choices": [-1]}
OUTPUTS: dict[str, tuple[str, list[int]]] = {
    "answer": ("BYTES", [1]), "view": ("BYTES", [1]), "choice": ("INT64", [1]), "log_likelihoods": ("FP64", [-1])
}  # fmt: skip
_MAX_RANK = 8
_SIGNATURES = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"RIFF",
    b"GIF8",
    b"BM",
)  # how image files begin; base64 of one begins otherwise


class Instance(Section):
    """A question of a V1 request.

    Attributes:
        question: The question.
        image: The image in base64 or as a data URI; blind without.
        choices: Answers to choose from; none for a generated answer.
    """

    question: str
    image: str | None = None
    choices: tuple[str, ...] = ()


def questions_of_v1(body: Any, settings: Settings) -> list[QuestionRequest]:
    """Decodes a V1 request.

    Args:
        body: The body, decoded or (where its content type was not JSON) as it came.
        settings: Limits.

    Raises:
        BadRequest: If it is not `{"instances": [{"question": ..., "image": ..., "choices": [...]}, ...]}`.
    """
    if isinstance(body, (bytes, str)):
        try:
            body = orjson.loads(body)
        except ValueError:
            raise BadRequest("unrecognized request format: the body is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("instances"), list) or not body["instances"]:
        raise BadRequest(
            'the body must be {"instances": [{"question": "...", "image": "<base64>", "choices": ["...", "..."]}]}'
        )
    if len(body["instances"]) > settings.max_instances:
        raise BadRequest(
            f"{len(body['instances'])} instances in one request; at most {settings.max_instances} are taken"
        )
    return [_question_of_instance(index, value, settings) for index, value in enumerate(body["instances"])]


def questions_of_v2(request: InferRequest, settings: Settings) -> list[QuestionRequest]:
    """Decodes a V2 request (REST or gRPC): one question.

    Raises:
        BadRequest: If its inputs are not `question`, and where wanted `image` and `choices`, all of them BYTES.
    """
    if request.id and not request.id.isprintable():
        raise BadRequest("the id must be printable text")
    names = [tensor.name for tensor in request.inputs]
    for name in names:
        if name not in INPUTS or names.count(name) > 1:
            raise BadRequest(f"input '{name[:100]}' is unknown or given twice. Valid inputs: {', '.join(INPUTS)}")
    tensors = {tensor.name: _values(tensor, settings.max_json_items) for tensor in request.inputs}
    if "question" not in tensors:
        raise BadRequest("the input 'question' is missing")
    for name in ("question", "image"):
        if len(tensors.get(name, [b""])) != 1:
            raise BadRequest(f"input '{name}' must have shape [1]: one question a request")
    image = _image(tensors["image"][0]) if "image" in tensors else None
    choices = tuple(_text("choices", value) for value in tensors.get("choices", []))
    return [_checked(QuestionRequest(_text("question", tensors["question"][0]), image, choices), settings)]


def v1_response(answers: Sequence[QuestionResponse]) -> dict[str, Any]:
    """The V1 response."""
    predictions = []
    for answer in answers:
        prediction: dict[str, Any] = {"answer": answer.text, "view": answer.question.view}
        if answer.choice is not None:
            prediction |= {"choice": answer.choice, "log_likelihoods": list(answer.log_likelihoods)}
        predictions.append(prediction)
    return {"predictions": predictions}


def v2_response(answer: QuestionResponse, request: InferRequest, model: str) -> InferResponse:
    """The V2 response."""
    values: dict[str, list[Any]] = {"answer": [answer.text], "view": [answer.question.view]}
    if answer.choice is not None:
        values |= {"choice": [answer.choice], "log_likelihoods": list(answer.log_likelihoods)}
    outputs = [InferOutput(name, [len(data)], OUTPUTS[name][0], data) for name, data in values.items()]
    return InferResponse(
        response_id=request.id or uuid.uuid4().hex, model_name=model, infer_outputs=outputs,
        requested_outputs=request.request_outputs, use_binary_outputs=request.use_binary_outputs,
    )  # fmt: skip


def check_tensors(tensors: Iterable[Any]) -> None:
    """Checks what tensors say of themselves, before their values are looked at.

    Raises:
        BadRequest: If one is not of texts, or of more dimensions than any can be.
    """
    for tensor in tensors:
        if tensor.datatype != "BYTES":
            raise BadRequest(f"input '{tensor.name[:100]}' has datatype {tensor.datatype[:100]}; it must be BYTES")
        if len(tensor.shape) > _MAX_RANK:
            raise BadRequest(f"input '{tensor.name[:100]}' has more than {_MAX_RANK} dimensions")


def refused(error: BadRequest) -> InvalidInput:
    """The error as KServe knows it: 400, or INVALID_ARGUMENT over gRPC."""
    return InvalidInput(str(error))


def _question_of_instance(index: int, value: Any, settings: Settings) -> QuestionRequest:
    try:
        instance = Instance.model_validate(value)
    except ValidationError as error:
        item = error.errors()[0]
        place = ".".join(str(part) for part in ("instances", index, *item["loc"]))
        raise BadRequest(f"{place}: {item['msg']}") from None
    image = None if instance.image is None else decode_base64(instance.image)
    return _checked(QuestionRequest(instance.question, image, instance.choices), settings)


def _checked(question: QuestionRequest, settings: Settings) -> QuestionRequest:
    count = len(question.choices)
    if count == 1 or count > settings.max_choices:
        raise BadRequest(f"{count} choices; give 2 to {settings.max_choices}, or none for a generated answer")
    return question


def _values(tensor: InferInput, most: int) -> list[Any]:
    """The values of a tensor in the order of its shape, at most so many."""
    check_tensors([tensor])
    try:
        if min(tensor.shape, default=0) < 0:
            raise ValueError
        raw = tensor._raw_data  # of gRPC; KServe would make a list of however many values it holds
        values = tensor.data if raw is None else binary_values(tensor.name, raw, most)
        return list(np.array(values, dtype=object).reshape(tensor.shape).reshape(-1))
    except (ValueError, TypeError, OverflowError, InvalidInput) as error:
        if isinstance(error, BadRequest):
            raise
        raise BadRequest(
            f"the data of input '{tensor.name}' does not fill its shape {list(tensor.shape)[:_MAX_RANK]}"
        ) from None


def _text(name: str, value: Any) -> str:
    try:
        if isinstance(value, (bytes, str)):
            return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        pass
    raise BadRequest(f"input '{name}' must hold UTF-8 text")


def _image(value: Any) -> bytes:
    """An image as raw bytes (gRPC, binary tensors) or in base64 (JSON)."""
    if isinstance(value, bytes) and value.startswith(_SIGNATURES):
        return value
    return decode_base64(_text("image", value))
