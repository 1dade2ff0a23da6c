"""Encoding: images a second of each encoder and engine, what int8 costs, and cached features against encoding again.

Pictures are small rendered scenes; every engine gets the same pixels, in batches, on one thread. An engine that is
faster at the same features would be better; int8 is faster at other features, so its cost stands beside it: the largest
difference and the cosine to those of ONNX Runtime in fp32, and what a linear probe reads off both.

Example:
    python tests/bench/bench_encode.py --encoders dinov2-small --images 16 --train 660
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from harness import Row, report, rounds

ENCODERS = ("efficientnet-lite0", "dinov2-small", "small-vit", "pp-ocr")
FAMILIES = ("object", "colour", "position")
"""What the probe asks: names, surfaces and places."""
Runs = Callable[[np.ndarray], np.ndarray]


def int8(graph: bytes) -> bytes:
    """The graph with its matrices quantised to 8 bits, activations as they come (dynamic quantisation)."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(
            onnx.load_from_string(graph), path, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]
        )
        return path.read_bytes()


def session(graph: bytes) -> Runs:
    """ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    made = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda pixels: made.run(None, {"pixels": pixels})[0]


def engines(name: str, batch: int, view: str) -> dict[str, Runs]:
    """Each engine of an encoder, from pixels (batch, 3, size, size) to features (batch, tokens, channels)."""
    import torch

    from inkling.components.encode.encoding import export, published_encoder
    from inkling.models.vision import ENCODERS as REGISTRY

    spec = REGISTRY.read(name)
    network = published_encoder(spec, [view])
    example = torch.zeros(batch, 3, *2 * [spec.preprocessing.image_size])
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(network, example))
    graph = export(network, [view], spec.preprocessing.image_size, batch)

    def torch_run(made: Any) -> Runs:
        def run(pixels: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return made(torch.from_numpy(pixels))[0].numpy()

        return run

    return {
        "onnxruntime fp32": session(graph),
        "torch eager": torch_run(network),
        "torch traced": torch_run(traced),
        "onnxruntime int8": session(int8(graph)),
    }


def repeated(run: Runs, pixels: np.ndarray, times: int) -> Callable[[], object]:
    """Runs an engine on the same pixels several times."""
    return lambda: [run(pixels) for _ in range(times)]


def features(run: Runs, images: Sequence[bytes], how: Any, batch: int) -> np.ndarray:
    """Features of images (images, tokens * channels)."""
    from inkling.models.vision.preprocess import preprocess

    found = []
    for start in range(0, len(images), batch):
        pixels = np.stack([preprocess(image, how) for image in images[start : start + batch]])
        filled = np.concatenate([pixels, np.zeros((batch - len(pixels), *pixels.shape[1:]), np.float32)])
        found.append(run(filled)[: len(pixels)])
    return np.concatenate(found).reshape(len(images), -1)


def cost(runs: dict[str, Runs], how: Any, batch: int, talk: Any, asked: Any) -> Row:
    """What int8 changes: of the features, and of what a linear probe reads off them."""
    from inkling.components.shared.statistics.intervals import paired_difference
    from inkling.components.shared.statistics.linear_probe import linear_probe

    turns = [turn for turn in talk.turns() if turn.family in FAMILIES and turn.kind == "instruct" and turn.image_id]
    questions = [question for question in asked.questions() if question.family in FAMILIES and question.split == "test"]
    taught, shown = talk.images(), asked.images()
    names = sorted({turn.image_id for turn in turns}), sorted({question.image_id for question in questions})
    right: dict[str, np.ndarray] = {}
    made: dict[str, np.ndarray] = {}
    for kind in ("fp32", "int8"):
        run = runs[f"onnxruntime {kind}"]
        learnt, tested = (
            dict(zip(own, features(run, [of[name] for name in own], how, batch), strict=True))
            for own, of in zip(names, (taught, shown), strict=True)
        )
        made[kind] = np.stack(list(tested.values()))
        answers = []
        for family in FAMILIES:
            own = [turn for turn in turns if turn.family == family]
            about = [question for question in questions if question.family == family]
            answers.append(
                linear_probe(
                    np.stack([learnt[turn.image_id] for turn in own]), [turn.answer for turn in own],
                    np.stack([tested[question.image_id] for question in about]),
                    [question.choices for question in about], [question.answer for question in about],
                    [question.image_id for question in about],
                ).right
            )  # fmt: skip
        right[kind] = np.concatenate(answers)
    images = [question.image_id for family in FAMILIES for question in questions if question.family == family]
    lost = paired_difference(right["int8"], right["fp32"], images)
    first, second = made["fp32"], made["int8"]
    cosines = (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    return {
        "deviation of a feature": round(float(first.std()), 3),
        "largest difference": round(float(np.abs(first - second).max()), 3),
        "least cosine": round(float(cosines.min()), 4),
        "probe fp32": round(float(right["fp32"].mean()), 3),
        "probe int8": round(float(right["int8"].mean()), 3),
        "int8 less fp32": f"{lost.value:+.3f} ({lost.low:+.3f} to {lost.high:+.3f})" if lost.low is not None else "",
    }


def cached(
    folder: Path, name: str, talk: Any, asked: Any, threads: int
) -> tuple[Callable[[], object], Callable[[], object], int]:
    """An epoch's features in shuffled batches of 32, read from the cache; the same, encoded again; their number."""
    from inkling.components.artifacts.features import Features
    from inkling.components.encode.build import build_encode
    from inkling.components.encode.config import EncodeConfig
    from inkling.components.encode.encoding import Encoding

    config = EncodeConfig.parse({"encode": {"encoder": name, "threads": threads}})
    made: Features = build_encode(config, talk.path, asked.path, folder / f"features-{name}")
    images = list(talk.images().values())
    order = np.random.default_rng(0).permutation(len(images))

    def read() -> None:
        view = made.view("conversations")
        for start in range(0, len(order), 32):
            view[order[start : start + 32]].sum()

    def encode() -> None:
        with Encoding(made.encoder, made.load_encoder(["grid"]), ["grid"], config.batch, threads) as encoding:
            for start in range(0, len(order), 32):
                encoding.encode([images[row] for row in order[start : start + 32]], lambda _: None)

    return read, encode, len(images)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS))
    parser.add_argument("--images", type=int, default=16, help="images of a round")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", type=int, default=330, help="training scenes of the probe, 0: no probe and no cache")
    parser.add_argument("--test", type=int, default=10, help="test scenes of a family")
    parser.add_argument("--threads", type=int, default=2, help="of the comparison with the cache")
    arguments = parser.parse_args()
    import torch

    from inkling.components.scenes.build import build_scenes
    from inkling.components.scenes.config import ScenesConfig
    from inkling.models.vision import ENCODERS as REGISTRY

    torch.set_num_threads(1)
    tables: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder, talk, asked = Path(place), None, None
        if arguments.train:
            config = ScenesConfig(train=arguments.train, validation=2, test=arguments.test)
            build_scenes(config, folder / "conversations", folder / "questions")
            from inkling.components.artifacts.conversations import Conversations
            from inkling.components.artifacts.questions import Questions

            talk, asked = Conversations.open(folder / "conversations"), Questions.open(folder / "questions")
        losses: list[Row] = []
        for name in arguments.encoders:
            spec, batch = REGISTRY.read(name), arguments.batch
            runs = engines(name, batch, "grid")
            size = spec.preprocessing.image_size
            pixels = np.random.default_rng(0).normal(size=(batch, 3, size, size)).astype(np.float32)
            times = arguments.images // batch
            timed = rounds({who: repeated(run, pixels, times) for who, run in runs.items()}, arguments.rounds)
            title = f"{name}, {spec.multiply_adds() / 1e9:.2f} G multiply-adds an image"
            tables[title] = timed.table(times * batch, "images")
            if talk is not None:
                losses.append({"encoder": name, **cost(runs, spec.preprocessing, batch, talk, asked)})
        if talk is not None:
            tables["what int8 changes, view grid; families object, colour and position"] = losses
            for name in arguments.encoders[:1]:
                read, encode, count = cached(folder, name, talk, asked, arguments.threads)
                timed = rounds({"cached features": read, "encoded again": encode}, 1)
                tables[f"the features of an epoch, {name}"] = timed.table(count, "images")
    report("encode", {"batch": arguments.batch, "load": round(os.getloadavg()[0], 1)}, tables)


if __name__ == "__main__":
    main()
