"""Triton's HTTP client, unmodified: binary tensors and JSON, with gzip and without."""

import numpy as np
import pytest

triton = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("sent", [None, "gzip"])
@pytest.mark.parametrize("received", [None, "gzip"])
def test_infer(serving, binary, sent, received):
    question = triton.InferInput("question", [1], "BYTES")
    question.set_data_from_numpy(np.array([b"What colour is the disc?"], dtype=object), binary_data=binary)
    outputs = [triton.InferRequestedOutput("view", binary_data=binary)]
    with triton.InferenceServerClient(serving.removeprefix("http://")) as client:
        found = client.infer(
            "inkling", [question], outputs=outputs, request_compression_algorithm=sent,
            response_compression_algorithm=received,
        )  # fmt: skip
    assert found.as_numpy("view")[0] in (b"blind", "blind")
