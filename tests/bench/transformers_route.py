"""What Inkling's server is held against: transformers' `generate` behind a bare FastAPI route, one answer at a time.

Run by `bench_serve.py`: `python transformers_route.py SIZE PORT THREADS`.
"""

import base64
import json
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any


def main(size: str, port: int, threads: int) -> None:
    import torch
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse
    from served_models import multimodal, tokenizer
    from transformers.generation.streamers import BaseStreamer

    from inkling.models.sequence.prompt import prompt_ids
    from inkling.models.vision.preprocess import preprocess

    torch.set_num_threads(threads)
    words, (model, pixels) = tokenizer(), multimodal(size)
    one_at_a_time = threading.Lock()

    class Tokens(BaseStreamer):
        """Hands over each token as it comes."""

        def __init__(self) -> None:
            self.queue: SimpleQueue[list[int] | None] = SimpleQueue()

        def put(self, value: Any) -> None:
            self.queue.put(value.tolist())

        def end(self) -> None:
            self.queue.put(None)

    @torch.inference_mode()
    def generate(body: dict[str, Any], streamer: Tokens | None = None) -> list[int]:
        ids = torch.tensor([prompt_ids(words, body["question"])])
        image = base64.b64decode(body["image"]) if body.get("image") else None
        with one_at_a_time:
            options = {
                "do_sample": False,
                "max_new_tokens": body["max_tokens"],
                "pad_token_id": 2,
                "streamer": streamer,
            }
            if image is None:
                made = model.language.generate(ids, attention_mask=torch.ones_like(ids), **options)
                return made[0, ids.shape[1] :].tolist()
            features = model.encoder(torch.from_numpy(preprocess(image, pixels))[None])
            text = model.language.get_input_embeddings()(ids)
            inputs = torch.cat([text[:, :1], model.connector(*features), text[:, 1:]], dim=1)
            mask = torch.ones(inputs.shape[:2], dtype=torch.int64)
            return model.language.generate(inputs_embeds=inputs, attention_mask=mask, **options)[0].tolist()

    app = FastAPI()

    @app.get("/ready")
    def ready() -> bool:
        return True

    @app.post("/whole")
    def whole(body: dict[str, Any]) -> dict[str, Any]:
        found = generate(body)
        return {"text": words.decode(found), "tokens": len(found)}

    @app.post("/stream")
    def stream(body: dict[str, Any]) -> StreamingResponse:
        tokens = Tokens()

        def lines() -> Iterator[str]:
            worker = threading.Thread(target=generate, args=(body, tokens))
            worker.start()
            tokens.queue.get()  # generate() begins with the prompt
            while (found := tokens.queue.get()) is not None:
                yield f"data: {json.dumps({'text': words.decode(found)})}\n\n"
            worker.join()

        return StreamingResponse(lines(), media_type="text/event-stream")

    generate({"question": "Ready?", "max_tokens": 2})
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
