"""The scan of gRPC messages: it counts what protobuf finds, and ends where that is too much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol

from inkling.components.serve.limits.wire_scan import MalformedMessage, count_fields

MANY = 1000


def request(inputs: int, values: int, parameters: int, outputs: int) -> protocol.ModelInferRequest:
    """A request of so many inputs, with values and parameters each."""
    made = protocol.ModelInferRequest(model_name="inkling", id="a" * 300)
    for number in range(inputs):
        tensor = made.inputs.add(name=f"{number}", datatype="BYTES", shape=[values] * 3)
        tensor.contents.bytes_contents.extend([b"x" * 200] * values)
        tensor.contents.int64_contents.extend([1] * values)
        tensor.contents.fp64_contents.extend([0.5] * values)
        for key in range(parameters):
            tensor.parameters[f"{key}"].int64_param = key
    made.outputs.extend([protocol.ModelInferRequest.InferRequestedOutputTensor(name="answer")] * outputs)
    made.raw_input_contents.extend([b"\x00" * 50] * values)
    return made


@given(*(st.integers(0, 5) for _ in range(4)))
def test_counts_what_the_message_has(inputs, values, parameters, outputs):
    made = request(inputs, values, parameters, outputs)
    numbers = 2 * ((values > 0) + values)  # two fields of so many each
    of_each = 8 + values + numbers + 4 * parameters
    assert count_fields(made.SerializeToString(), MANY) == 2 + inputs * of_each + 2 * outputs + values


@pytest.mark.parametrize(
    "message",
    [
        b"\x2a\x00" * 2000,  # empty inputs
        b"\x3a\x00" * 2000,  # empty raw contents
        b"\x2a\xd0\x0f" + b"\x0a\x00" * 1000 + b"\x2a\x00" * 2000,  # names within an input
        b"\x22\x02\x12\x00" * 600,  # parameters
        b"\x2a\xd3\x0f\x1a\xd0\x0f" + bytes(2000),  # numbers of a shape
        b"\x2a\xd6\x0f\x2a\xd3\x0f\x1a\xd0\x0f" + bytes(2000),  # numbers of a tensor
    ],
)
def test_many_fields_are_refused(message):
    with pytest.raises(MalformedMessage, match="more than the 1,000 fields"):
        count_fields(message, MANY)


@given(st.binary(max_size=100))
def test_nonsense_is_counted_or_refused(message):
    try:
        assert 0 <= count_fields(message, MANY) <= 100
    except MalformedMessage:
        return


@pytest.mark.parametrize("message", [b"\x0a\x05ab", b"\x0b", b"\x80" * 11, b"\x0d\x00", b"\x2a\x02\x0a\x05"])
def test_cut_messages_are_refused(message):
    with pytest.raises(MalformedMessage):
        count_fields(message, MANY)
