"""What an attacker sends over HTTP: for the tests of the server's doors."""

import base64
import gzip
import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

CHAT = "/openai/v1/chat/completions"
INFER = "/v2/models/inkling/infer"
PREDICT = "/v1/models/inkling:predict"


@dataclass(frozen=True)
class Attack:
    """A request that costs little to send.

    Attributes:
        name: What it tries.
        path: Where it goes.
        body: Its body.
        headers: Its headers.
    """

    name: str
    path: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)


def filled(before: str, part: str, after: str, size: int) -> bytes:
    """A text of about a size, in bytes, with a part repeated in its middle."""
    return (before + part * max((size - len(before) - len(after)) // len(part), 1)).encode() + after.encode()


def json_attacks(size: int) -> Iterator[Attack]:
    """Bodies of a size that are JSON: many items, many levels, long texts."""
    around = {
        "messages": (CHAT, '{"model":"inkling","messages":[', '{}]}'),
        "parts": (CHAT, '{"model":"inkling","messages":[{"role":"user","content":[', "{}]}]}"),
        "instances": (PREDICT, '{"instances":[', "{}]}"),
        "choices": (PREDICT, '{"instances":[{"question":"a","choices":[', '"b"]}]}'),
        "inputs": (INFER, '{"inputs":[', "{}]}"),
        "shape": (INFER, '{"inputs":[{"name":"question","datatype":"BYTES","data":["a"],"shape":[', "1]}]}"),
        "data": (INFER, '{"inputs":[{"name":"question","datatype":"BYTES","shape":[1],"data":[', '"a"]}]}'),
        "outputs": (INFER, '{"inputs":[],"outputs":[', "{}]}"),
        "prompts": ("/v1/completions", '{"model":"inkling","prompt":[', '"a"]}'),
        "ids": ("/openai/v1/completions", '{"model":"inkling","prompt":[', "1]}"),
    }  # fmt: skip
    for name, (path, before, after) in around.items():
        for part in ("{},", "0,", '"",', '{"a":[[]]},', "[[[[[]]]]],", '"\\u0041\\"",'):
            yield Attack(f"{name} of {part}", path, filled(before, part, after, size))
    user = '"messages":[{"role":"user","content":'
    tensor = '{"inputs":[{"shape":[1],"data":["a"],'
    texts = {
        "question": (PREDICT, '{"instances":[{"question":"', '"}]}'),
        "image": (PREDICT, '{"instances":[{"question":"a","image":"', '"}]}'),
        "model": (CHAT, f'{{{user}"a"}}],"model":"', '"}'),
        "content": (CHAT, f'{{"model":"inkling",{user}"', '"}]}'),
        "url": (CHAT, f'{{"model":"inkling",{user}[{{"type":"image_url","image_url":{{"url":"http://', '"}}]}]}'),
        "tensor": (INFER, tensor + '"datatype":"BYTES","name":"', '"}]}'),
        "datatype": (INFER, tensor + '"name":"question","datatype":"', '"}]}'),
        "key": (CHAT, '{"model":"inkling","', '":1}'),
        "digits": (CHAT, '{"model":"inkling","seed":', "}"),
    }
    for name, (path, before, after) in texts.items():
        for part in ("1", "é", "\\u00e9", "\\n", " why"):
            yield Attack(f"{name} of {part}", path, filled(before, part, after, size))
    yield from _many_texts(size)
    for path in (CHAT, PREDICT, INFER, "/v1/completions", "/none"):
        for kind in ("application/json", "text/plain"):
            yield Attack(f"levels as {kind}", path, b"[" * size, {"Content-Type": kind})
        yield Attack("objects in objects", path, b'{"a":' * (size // 5))
        yield Attack("blanks", path, b" " * size)
        packed = gzip.compress(bytes(size * 100) if size < 200_000 else bytes(size), 1)
        yield Attack("gzip", path, packed, {"Content-Encoding": "gzip"})


def _many_texts(size: int) -> Iterator[Attack]:
    """As many long texts as a request may have, each as long as a server of the small model looks at."""
    for part in ("why ", "abc", "\u00e9", "?"):
        text = (part * 6_000)[: max(min(6_000, size // 300), 1)]
        question, user = {"question": text, "choices": ["b", *[text] * 15]}, {"role": "user", "content": text}
        for name, path, body in (
            ("choices", PREDICT, {"instances": [{**question, "question": "a"}] * 16}),
            ("questions", PREDICT, {"instances": [question] * 16}),
            ("echoed prompts", "/v1/completions", {"prompt": [text] * 32, "echo": True, "logprobs": 1}),
            ("prompts", "/v1/completions", {"prompt": [text] * 32}),
            ("guided choices", CHAT, {"messages": [{**user, "content": "a"}], "guided_choice": [text] * 16, "n": 16}),
            ("turns", CHAT, {"messages": [user, {**user, "role": "assistant"}] * 60 + [user]}),
            ("stops", CHAT, {"messages": [{**user, "content": "a"}], "stop": [text] * 16, "n": 16}),
        ):
            model = {} if path is PREDICT else {"model": "inkling"}
            yield Attack(f"{name} of {part}", path, json.dumps({**model, **body}, ensure_ascii=False).encode())


def binary_attacks(size: int) -> Iterator[Attack]:
    """V2 requests of a size with binary tensors: many values, and the same bytes many times."""
    for name, content in (("empty values", bytes(size)), ("one value", struct.pack("<I", size) + b"a" * size)):
        head = {"inputs": [{"name": "question", "shape": [len(content) // 4], "datatype": "BYTES",
                            "parameters": {"binary_data_size": len(content)}}]}  # fmt: skip
        text = json.dumps(head).encode()
        yield Attack(name, INFER, text + content, {"Inference-Header-Content-Length": str(len(text))})
    back = [{"name": "question", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": sign * size}}
            for sign in (1, -1) for _ in range(50)]  # fmt: skip
    text = json.dumps({"inputs": back}).encode()
    yield Attack("backwards", INFER, text + bytes(size), {"Inference-Header-Content-Length": str(len(text))})


def images() -> Iterator[tuple[str, bytes]]:
    """Small files that unfold to large images."""
    flat = Image.new("RGBA", (3600, 2700), (1, 2, 3, 40))
    for name, image, kind, options in (
        ("clear", flat, "PNG", {}), ("palette", flat.convert("P"), "PNG", {}), ("grey", flat.convert("LA"), "PNG", {}),
        ("sixteen bits", Image.fromarray(np.zeros((2700, 3600), np.uint16)), "PNG", {}),
        ("side", Image.new("L", (600, 16_384)), "PNG", {}), ("sliver", Image.new("L", (1, 65_000)), "PNG", {}),
        ("progressive", flat.convert("CMYK"), "JPEG", {"progressive": True, "subsampling": 0}),
        ("webp", flat.crop((0, 0, 2500, 1990)), "WEBP", {}), ("gif", flat.convert("P"), "GIF", {}),
        ("half a million", flat.resize((1980, 2000)), "PNG", {}),
    ):  # fmt: skip
        file = io.BytesIO()
        image.save(file, kind, **options)
        yield name, file.getvalue()


def image_attacks() -> Iterator[Attack]:
    """Each image once, and as often as a request may have it."""
    for name, data in images():
        text = base64.b64encode(data).decode()
        for count in (1, 16):
            body = json.dumps({"instances": [{"question": "a", "image": text, "choices": ["b", "c"]}] * count})
            yield Attack(f"image: {name}, {count} times", PREDICT, body.encode())
