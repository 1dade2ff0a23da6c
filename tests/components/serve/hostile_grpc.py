"""What an attacker sends over gRPC: messages that cost little to send, as bytes."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

SERVICE = "/inference.GRPCInferenceService"


@dataclass(frozen=True)
class Call:
    """A call of one message.

    Attributes:
        name: What it tries.
        method: The method's name.
        message: The message as it goes over the wire.
        packed: Whether it is sent in gzip.
    """

    name: str
    method: str
    message: bytes = field(repr=False)
    packed: bool = False

    @property
    def bytes_sent(self) -> int:
        """About so many."""
        return len(zlib.compress(self.message, 6)) if self.packed else len(self.message)


def call_attacks(size: int) -> Iterator[Call]:
    """Messages of about a size: many fields, many values, long texts, and fewer bytes that unpack to them."""
    question = pb.ModelInferRequest.InferInputTensor(name="question", datatype="BYTES", shape=[1])
    repeated = {
        "inputs": pb.ModelInferRequest(inputs=[pb.ModelInferRequest.InferInputTensor()]),
        "questions": pb.ModelInferRequest(inputs=[question]),
        "outputs": pb.ModelInferRequest(outputs=[pb.ModelInferRequest.InferRequestedOutputTensor()]),
        "raw contents": pb.ModelInferRequest(raw_input_contents=[b""]),
        "parameters": pb.ModelInferRequest(parameters={"a": pb.InferParameter(int64_param=1)}),
    }
    for name, request in repeated.items():
        part = request.SerializeToString()
        yield Call(f"many {name}", "ModelInfer", _named() + part * (size // len(part)))
    for name, values in (
        ("shape", {"shape": [1] * size}),
        ("text", {"contents": {"bytes_contents": [b"a" * size]}}),
        ("texts", {"contents": {"bytes_contents": [b""] * (size // 2)}}),
        ("numbers", {"contents": {"int64_contents": [1] * size}}),
        ("truths", {"contents": {"bool_contents": [True] * size}}),
        ("other numbers", {"contents": {"fp64_contents": [0.0] * (size // 8)}, "datatype": "FP64"}),
        ("name", {"name": "a" * size}),
        ("datatype", {"datatype": "a" * size}),
    ):
        tensor = {"name": "question", "datatype": "BYTES", "shape": [1], **values}
        request = pb.ModelInferRequest(model_name="inkling", inputs=[tensor])
        yield Call(f"long {name}", "ModelInfer", request.SerializeToString())
    for name, content in (("empty values", bytes(size)), ("one value", size.to_bytes(4, "little") + b"a" * size)):
        raw = pb.ModelInferRequest(model_name="inkling", inputs=[question], raw_input_contents=[content])
        yield Call(f"raw {name}", "ModelInfer", raw.SerializeToString())
    yield Call("unknown fields", "ModelInfer", _named() + b"\xf8\x07\x01" * (size // 3))
    yield Call("groups", "ModelInfer", _named() + b"\xfb\x07" * (size // 2))
    yield Call("id", "ModelInfer", pb.ModelInferRequest(model_name="inkling", id="a" * size).SerializeToString())
    name = "é" * (size // 2)
    yield Call("model", "ModelInfer", pb.ModelInferRequest(model_name=name).SerializeToString())
    yield Call("model", "ModelReady", pb.ModelReadyRequest(name=name).SerializeToString())
    yield Call("model", "ModelMetadata", pb.ModelMetadataRequest(name=name).SerializeToString())
    yield Call("model", "RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name=name).SerializeToString())
    yield Call(
        "packed text",
        "ModelInfer",
        pb.ModelInferRequest(id="a" * min(900 * size, 400_000_000)).SerializeToString(),
        packed=True,
    )


def answer_of(channel: grpc.Channel, call: Call) -> tuple[grpc.StatusCode, str]:
    """The code of a call's answer, and what was said of a failure."""
    packing = grpc.Compression.Gzip if call.packed else None
    try:
        channel.unary_unary(f"{SERVICE}/{call.method}")(call.message, timeout=300, compression=packing)
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def _named() -> bytes:
    return pb.ModelInferRequest(model_name="inkling").SerializeToString()
