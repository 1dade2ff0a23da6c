"""Counting the fields of a gRPC message in bytes, before protobuf makes objects of them."""

from collections.abc import Mapping
from typing import Any

# Numbers of the fields that hold messages, and theirs: a V2 request's parameters, inputs and outputs. Of a field that
# holds many numbers in one, the fewest bytes of each. Others are bytes, of which there are no more than were sent.
_PARAMETERS: Mapping[int, Any] = {2: {}}
_NUMBERS = {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 4, 7: 8}
NESTED: Mapping[int, Any] = {4: _PARAMETERS, 5: {3: 1, 4: _PARAMETERS, 5: _NUMBERS}, 6: {2: _PARAMETERS}}
_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_FIXED = {_EIGHT: 8, _FOUR: 4}
_VARINT_BYTES = 10


class MalformedMessage(ValueError):
    """A message that is no protobuf, or has more fields than are taken."""


def count_fields(message: bytes, most: int) -> int:
    """The fields of a V2 request, those of its inner messages and each number of many in one field included.

    Raises:
        MalformedMessage: As soon as there are more than `most`, or what stands there is no field.
    """
    try:
        return _count(message, 0, len(message), NESTED, most)
    except OverflowError:
        raise MalformedMessage(f"the message has more than the {most:,} fields that are taken") from None


def _count(message: bytes, start: int, end: int, nested: Mapping[int, Any], most: int) -> int:
    count = 0
    while start < end:
        count += 1
        tag, start = _varint(message, start, end)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            start = _varint(message, start, end)[1]
        elif kind == _LENGTH:
            length, start = _varint(message, start, end)
            if start + length > end:
                raise MalformedMessage("the message is cut short")
            inner = nested.get(number)
            if isinstance(inner, int):
                count += length // inner
            elif inner is not None:
                count += _count(message, start, start + length, inner, most - count)
            start += length
        elif kind in _FIXED:
            start += _FIXED[kind]
        else:
            raise MalformedMessage("the message is no protobuf of this protocol")
        if count > most:
            raise OverflowError
    if start != end:
        raise MalformedMessage("the message is cut short")
    return count


def _varint(message: bytes, start: int, end: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = 0
    for place in range(start, min(start + _VARINT_BYTES, end)):
        value |= (message[place] & 0x7F) << 7 * (place - start)
        if message[place] < 0x80:
            return value, place + 1
    raise MalformedMessage("the message is cut short")
