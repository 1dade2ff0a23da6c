"""lmms-eval's OpenAI-compatible model, unmodified: images and text as its tasks send them."""

import io

import pytest
from PIL import Image

openai = pytest.importorskip("lmms_eval.models.chat.openai", reason="lmms-eval is not installed")


def test_questions_with_their_images(serving, client, picture_file, monkeypatch):
    from lmms_eval.api.instance import Instance

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    scene = Image.open(io.BytesIO(picture_file)).convert("RGB")
    asked = ["What colour is the disc?", "What is in the picture?"]
    model = openai.OpenAICompatible(
        model_version="inkling", base_url=f"{serving}/v1", timeout=60, max_retries=1, httpx_trust_env=False
    )
    model.task_dict = {"scenes": {"test": dict(enumerate(asked))}}

    def messages(question: str) -> list[dict]:
        return [
            {"role": "user", "content": [{"type": "image", "url": scene}, {"type": "text", "text": question}]}
        ]  # fmt: skip

    settings = {"max_new_tokens": 8, "temperature": 0, "do_sample": False}
    requests = [
        Instance(
            "generate_until", (question, messages, settings, number, "scenes", "test"), 0,
            {"task": "scenes", "doc_id": number, "repeats": 1},
        )
        for number, question in enumerate(asked)
    ]  # fmt: skip
    found = model.generate_until(requests)
    for question, one in zip(asked, found, strict=True):
        assert "LMMS_EVAL_REQUEST_FAILED" not in one.text
        parts = [{"type": "text", "text": question}]
        body = {"model": "inkling", "max_tokens": 8, "messages": [{"role": "user", "content": parts}]}
        assert (
            client.post("/v1/chat/completions", json=body).json()["usage"]["prompt_tokens"]
            < one.token_counts.input_tokens
        )
