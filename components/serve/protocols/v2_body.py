"""A V2 request over REST: JSON, and binary tensors after it, read without making more of it than it may hold."""

from typing import Any

import orjson
from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from inkling.components.serve.request import BadRequest

_LENGTH_BYTES = 4  # before each value of a binary tensor, little-endian
_VALID = '{"inputs": [{"name": "question", "shape": [1], "datatype": "BYTES", "data": ["..."]}]}'


def v2_request(body: bytes, json_length: int, model: str, max_items: int) -> InferRequest:
    """Reads a V2 request.

    Args:
        body: JSON, and where inputs have the parameter `binary_data_size` their bytes after it.
        json_length: Bytes of the JSON.
        model: The model that was asked.
        max_items: Inputs, outputs and values that are read at most.

    Raises:
        BadRequest: If it is no V2 request.
    """
    try:
        document = orjson.loads(body[:json_length])
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the request cannot be read: it is no JSON ({error})") from None
    if not isinstance(document, dict) or not _tensors(document.get("inputs")):
        raise BadRequest(f"the request cannot be read: its inputs are not as in {_VALID}")
    outputs = document.get("outputs")
    if outputs is not None and not _tensors(outputs):
        raise BadRequest('the request cannot be read: its outputs are not as in {"outputs": [{"name": "answer"}]}')
    for values in (document, *document["inputs"], *(outputs or ())):
        if not isinstance(values.get("parameters") or {}, dict):
            raise BadRequest("the request cannot be read: parameters must be an object")
    identifier = document.get("id")
    if not isinstance(identifier, str | None):
        raise BadRequest("the request cannot be read: the id must be a text")
    tensors, start = [], json_length
    for value in document["inputs"]:
        tensor, start = _tensor(value, body, start, max_items)
        tensors.append(tensor)
    return InferRequest(
        model_name=model, request_id=identifier, parameters=document.get("parameters"), infer_inputs=tensors,
        request_outputs=None if outputs is None
        else [RequestedOutput(value["name"], value.get("parameters") or {}) for value in outputs],
    )  # fmt: skip


def _tensors(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in values
    )


def _tensor(value: dict[str, Any], body: bytes, start: int, max_items: int) -> tuple[InferInput, int]:
    """An input, and where the bytes of the next one begin."""
    name, shape, datatype = value["name"], value.get("shape"), value.get("datatype")
    if not isinstance(shape, list) or not isinstance(datatype, str):
        raise BadRequest(f"the request cannot be read: input '{name[:100]}' lacks shape or datatype. Valid: {_VALID}")
    parameters = dict(value.get("parameters") or {})
    data = value.get("data")
    if data is None:
        size = parameters.pop("binary_data_size", None)
        if not isinstance(size, int) or not 0 <= size <= len(body) - start:
            raise BadRequest(f"input '{name[:100]}' has neither data nor binary_data_size, or fewer bytes than it says")
        data, start = binary_values(name, body[start : start + size], max_items), start + size
    elif not isinstance(data, list):
        raise BadRequest(f"the data of input '{name[:100]}' must be a list")
    return InferInput(name, shape, datatype, data, parameters), start


def binary_values(name: str, content: bytes, max_items: int) -> list[bytes]:
    """The values of a tensor of texts: each its length, and then itself.

    Raises:
        BadRequest: If there are more than `max_items`, or the bytes are something else.
    """
    values: list[bytes] = []
    start = 0
    while start < len(content) and len(values) < max_items:
        length = int.from_bytes(content[start : start + _LENGTH_BYTES], "little")
        start += _LENGTH_BYTES + length
        values.append(content[start - length : start])
    if start != len(content):
        raise BadRequest(
            f"the bytes of input '{name[:100]}' are not at most {max_items:,} values, each after its length in 4 bytes"
        )
    return values
