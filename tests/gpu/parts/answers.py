"""A model asked in two ways, on a GPU and on the CPU: whether it gives the same answers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parts.random_model import (
    Prompts,
    export,
    image_size,
    onnx_device,
    onnx_engine,
    random_model,
    random_tokens,
)
from unit import Figures, Sizes

Ask = Callable[[Prompts, list[Prompts], Any], list[list[Any]]]
"""Maps prompts, the choices of each, and pixels (questions, 3, size, size) to the logits of each choice."""


@dataclass(frozen=True)
class Asked:
    """A model that is asked in two ways.

    Attributes:
        name: What it is.
        ways: On the device, and on the CPU.
        vocabulary: Its token ids.
        image_size: Height and width of its pixels.
    """

    name: str
    ways: tuple[Ask, Ask]
    vocabulary: int
    image_size: int


def answers(engine: str, sizes: Sizes, bundle: Path, work: Path) -> Figures:
    """Asks an engine the same questions about the same images on the device and on the CPU."""
    from inkling.components.export.config import ExportConfig

    asked = _asked_graphs(sizes, bundle, work / "answers") if engine == "onnx" else _asked_network(sizes)
    found = compare(asked, sizes["questions"], sizes["batch"])
    tolerance = ExportConfig().tolerance
    return {
        "model": asked.name,
        "device": sizes["device"],
        "tolerance": tolerance,
        "right": found["same"] == found["questions"] and found["logits"] <= tolerance,
        **found,
    }


def compare(asked: Asked, questions: int, batch: int) -> Figures:
    """How far the answers are apart on random questions of four choices about random images.

    Returns:
        Questions, to how many both give the same choice, the largest difference of a log-likelihood and of a logit,
        and the narrowest lead of a choice, in nats.
    """
    import numpy as np

    random, same, nats, logits, leads = np.random.default_rng(0), 0, 0.0, 0.0, []
    for _ in range(questions // batch):
        prompts = random_tokens(random, random.integers(3, 30, batch), asked.vocabulary)
        choices = [random_tokens(random, random.integers(1, 5, 4), asked.vocabulary) for _ in prompts]
        pixels = random.normal(size=(batch, 3, asked.image_size, asked.image_size)).astype(np.float32)
        answered = [ask(prompts, choices, pixels) for ask in asked.ways]
        for found, expected, group in zip(*answered, choices, strict=True):
            logits = max(logits, *(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True)))
            own, other = (np.array(_likelihoods(one, group)) for one in (found, expected))  # each (choices,)
            nats = max(nats, float(np.abs(own - other).max()))
            same += int(own.argmax() == other.argmax())
            second, best = np.sort(other)[-2:]
            leads.append(float(best - second))
    return {"questions": len(leads), "same": same, "nats": nats, "logits": logits, "lead": min(leads)}


def _likelihoods(logits: Sequence[Any], choices: Sequence[Sequence[int]]) -> list[float]:
    from inkling.models.inference.likelihood import log_likelihood

    return [log_likelihood(one, choice) for one, choice in zip(logits, choices, strict=True)]


def _asked_graphs(sizes: Sizes, bundle: Path, work: Path) -> Asked:
    """The kit's bundle where there is one, else the graphs of a network with random weights."""
    device = onnx_device(sizes)
    if bundle.exists():
        from tokenizers import Tokenizer

        settings = json.loads((bundle / "preprocessing.json").read_text())
        vocabulary = Tokenizer.from_file(str(bundle / "tokenizer.json")).get_vocab_size()
        name, graphs, context = "the kit's bundle", bundle, settings["context"]
        size = settings["image"]["image_size"]
    else:
        model = random_model(sizes)
        name, vocabulary, size = _random_name(sizes), sizes["vocabulary"], image_size()
        graphs, context = export(model, work), model.language.config.max_position_embeddings

    def way(where: str) -> Ask:
        engine = onnx_engine(graphs, context, sizes["threads"], where)
        return lambda prompts, choices, pixels: engine.choice_logits(prompts, choices, engine.embed_images(pixels))

    return Asked(name, (way(device), way("cpu")), vocabulary, size)


def _asked_network(sizes: Sizes) -> Asked:
    """A network with random weights in torch; its encoder, which has no part in it, stays on the CPU."""
    import torch

    from inkling.models.inference.torch_engine import TorchEngine

    torch.set_num_threads(sizes["threads"])

    def way(where: str) -> Ask:
        model = random_model(sizes)
        encoder, model.encoder = model.encoder, None
        engine = TorchEngine(model.to(where))

        def ask(prompts: Prompts, choices: list[Prompts], pixels: Any) -> list[list[Any]]:
            with torch.inference_mode():
                (grid,) = encoder(torch.from_numpy(pixels))
            return engine.choice_logits(prompts, choices, {"grid": grid})

        return ask

    return Asked(_random_name(sizes), (way(sizes["device"]), way("cpu")), sizes["vocabulary"], image_size())


def _random_name(sizes: Sizes) -> str:
    return f"{sizes['preset']}, random weights"
