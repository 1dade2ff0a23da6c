"""KServe's REST client, unmodified, over V1 and V2."""

import asyncio

from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


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
