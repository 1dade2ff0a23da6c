"""KServe's own clients, unmodified: V1 and V2 over REST, V2 over gRPC."""

import asyncio

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig


def test_infer(serving):
    async def ask(protocol: str, request):
        client = InferenceRESTClient(RESTConfig(protocol=protocol))
        try:
            return await client.infer(serving, request, model_name="inkling")
        finally:
            await client.close()

    question = InferInput("question", [1], "BYTES", ["What colour is the disc?"])
    found = asyncio.run(ask("v2", InferRequest("inkling", [question])))
    outputs = {output.name: output.data for output in found.outputs}
    v1 = asyncio.run(ask("v1", {"instances": [{"question": "What colour is the disc?"}]}))
    assert v1["predictions"] == [{"answer": outputs["answer"][0], "view": "blind"}]


def test_infer_over_grpc(both_addresses):
    question = InferInput("question", [1], "BYTES")
    question.set_data_from_numpy(np.array([b"What colour is the disc?"], dtype=object), binary_data=True)

    async def ask():
        client = InferenceGRPCClient(both_addresses[1], timeout=60)
        try:
            ready = await client.is_model_ready("inkling")
            found = await client.infer(InferRequest("inkling", [question]))
        finally:
            await client.close()
        return ready, {output.name: output.as_numpy() for output in found.outputs}

    ready, outputs = asyncio.run(ask())
    assert ready
    assert outputs["view"][0] in (b"blind", "blind")
