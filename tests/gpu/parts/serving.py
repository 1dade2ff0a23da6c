"""How a GPU serves: ONNX Runtime's answers on CUDA and on the CPU, and tokens/s of the engines and of transformers.

Networks have random weights, the same for all engines of a unit; a bundle in the kit's data is asked in their place.
"""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from unit import Figures, Row, Sizes, Unit

SHARPNESS = 4.0
"""The last layer is multiplied by it: choices of a random network are then as far apart as those of a trained one."""
_MODULES: dict[str, tuple[str, ...]] = {"onnx": ("onnx", "onnxruntime"), "torch": (), "transformers": ()}
_ENCODER, _CUDA = "tiny-random", "CUDAExecutionProvider"
Decode = Callable[[list[list[int]], int], list[list[int]]]
"""Continues prompts greedily by so many tokens each."""


class Serving:
    """A unit that compares answers, and one a network in which the engines decode in turn."""

    name = "served"
    modules = ("torch", "transformers", "pydantic")
    at_once = 1

    def units(self, sizes: Sizes, data: Path, work: Path) -> list[Unit]:
        """The answers first, then the networks in the order of the sizes."""
        common = {"device": sizes["device"], "threads": sizes["threads"]}
        asked = partial(answers, {**sizes["answers"], **common}, data / "bundle", work / "answers")
        units = [Unit("answers", sizes["answers"]["planned"], asked, modules=_MODULES["onnx"])]
        for name, network in sizes["networks"].items():
            modules = tuple(module for engine in network["engines"] for module in _MODULES[engine])
            run = partial(decode, {**network, **common}, work / name.replace(" ", "-"))
            units.append(Unit(name, network["planned"], run, modules=modules))
        return units

    def tables(self, rows: Sequence[Row]) -> str:
        """How far the answers are apart, and a line for each network, number of streams and engine."""
        found = {row.unit: row.figures for row in rows if row.figures}
        compared = found.pop("answers", None)
        lines = _answers_table(compared) if compared else []
        lines += [
            "| network | streams | engine | tokens/s | of transformers | tokens as transformers |",
            "|---|--:|---|--:|--:|--:|",
        ]
        for name, network in found.items():
            lines += _rates_rows(name, network["streams"])
        return "\n".join(lines)


def _answers_table(found: Figures) -> list[str]:
    return [
        "| model | device | questions | same choice | nats apart | logits apart | allowed | narrowest lead |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
        f"| {found['model']} | {found['device']} | {found['questions']} | {found['same']} | {found['nats']:.1e} "
        f"| {found['logits']:.1e} | {found['tolerance']:.0e} | {found['lead']:.1e} |",
        "",
    ]


def _rates_rows(network: str, streams: Mapping[str, Mapping[str, Figures]]) -> list[str]:
    lines = []
    for count, engines in streams.items():
        base = engines.get("transformers", {}).get("rate")
        for name, one in engines.items():
            beside = f"{one['rate'] / base:.2f}" if base else ""
            lines.append(f"| {network} | {count} | {name} | {one['rate']:,.0f} | {beside} | {one['same']:.1%} |")
    return lines


def answers(sizes: Sizes, bundle: Path, work: Path) -> Figures:
    """Asks the same questions about the same images on the device and on the CPU."""
    from inkling.components.export.config import ExportConfig

    device = _onnx_device(sizes)
    graphs, context, vocabulary, image_size = _graphs(sizes, bundle, work)
    ours, theirs = (_onnx_engine(graphs, context, sizes["threads"], where) for where in (device, "cpu"))
    found = compare(ours, theirs, sizes["questions"], sizes["batch"], vocabulary, image_size)
    tolerance = ExportConfig().tolerance
    return {
        "model": "the kit's bundle" if bundle.exists() else f"{sizes['preset']}, random weights",
        "device": device,
        "tolerance": tolerance,
        "right": found["same"] == found["questions"] and found["logits"] <= tolerance,
        **found,
    }


def compare(ours: Any, theirs: Any, questions: int, batch: int, vocabulary: int, image_size: int) -> Figures:
    """How far two engines are apart on random questions of four choices about random images.

    Returns:
        Questions, to how many both give the same choice, the largest difference of a log-likelihood and of a logit,
        and the narrowest lead of a choice, in nats.
    """
    import numpy as np

    random, same, nats, logits, leads = np.random.default_rng(0), 0, 0.0, 0.0, []
    for _ in range(questions // batch):
        prompts = _random_tokens(random, random.integers(3, 30, batch), vocabulary)
        choices = [_random_tokens(random, random.integers(1, 5, 4), vocabulary) for _ in prompts]
        pixels = random.normal(size=(batch, 3, image_size, image_size)).astype(np.float32)
        answered = [engine.choice_logits(prompts, choices, engine.embed_images(pixels)) for engine in (ours, theirs)]
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


def decode(sizes: Sizes, work: Path) -> Figures:
    """Lets each engine continue the same prompts with the same weights, in turn, for each number of streams."""
    import numpy as np
    import torch

    torch.set_num_threads(sizes["threads"])
    model = _model(sizes).to(sizes["device"], getattr(torch, sizes["dtype"]))
    build = {"onnx": _onnx_decoder, "torch": _torch_decoder, "transformers": _transformers_decoder}
    engines: dict[str, Decode] = {name: build[name](model, sizes, work) for name in sizes["engines"]}
    random, found = np.random.default_rng(0), {}
    for streams in sizes["streams"]:
        prompts = _random_tokens(random, [sizes["prompt"]] * streams, sizes["vocabulary"])
        found[str(streams)] = _rates(engines, prompts, sizes["new"], sizes["rounds"])
    return {"device": sizes["device"], "dtype": sizes["dtype"], "streams": found}


def _rates(engines: Mapping[str, Decode], prompts: list[list[int]], new: int, rounds: int) -> dict[str, Figures]:
    """New tokens a second of each engine, the median over the rounds, after a few tokens that are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    said = {}
    for engine in engines.values():
        engine(prompts, 4)
    for _ in range(rounds):
        for name, engine in engines.items():
            began = time.perf_counter()
            said[name] = engine(prompts, new)
            seconds[name].append(time.perf_counter() - began)
    reference = said.get("transformers", said[next(iter(said))])
    return {
        name: {"rate": len(prompts) * new / statistics.median(taken), "same": _same_tokens(said[name], reference)}
        for name, taken in seconds.items()
    }


def _same_tokens(said: list[list[int]], expected: list[list[int]]) -> float:
    """Share of the tokens that are the same; after the first that differs, all that follow may."""
    pairs = [pair for one, other in zip(said, expected, strict=True) for pair in zip(one, other, strict=True)]
    return sum(ours == theirs for ours, theirs in pairs) / len(pairs)


def _onnx_decoder(model: Any, sizes: Sizes, work: Path) -> Decode:
    device = _onnx_device(sizes)
    graphs, context = _export(model.cpu(), work), model.language.config.max_position_embeddings
    engine = _onnx_engine(graphs, context, sizes["threads"], device)
    model.to(sizes["device"])
    return lambda prompts, new: engine.generate(prompts, [new] * len(prompts))


def _torch_decoder(model: Any, sizes: Sizes, work: Path) -> Decode:
    from inkling.models.inference.torch_engine import TorchEngine

    engine = TorchEngine(model)
    return lambda prompts, new: engine.generate(prompts, [new] * len(prompts))


def _transformers_decoder(model: Any, sizes: Sizes, work: Path) -> Decode:
    import torch
    from transformers import GenerationConfig

    network = model.language
    network.generation_config = GenerationConfig(pad_token_id=0)  # nothing ends a text but its length

    def run(prompts: list[list[int]], new: int) -> list[list[int]]:
        ids = torch.tensor(prompts, device=network.device)
        with torch.inference_mode():
            whole = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, do_sample=False)
        return whole[:, ids.shape[1] :].tolist()

    return run


def _random_tokens(random: Any, lengths: Any, vocabulary: int) -> list[list[int]]:
    return [random.integers(3, vocabulary, length).tolist() for length in lengths]


def _model(sizes: Sizes) -> Any:
    """A multimodal model on the CPU: random weights, the same at each call, and the tests' small encoder."""
    import torch

    from inkling.models.connectors import CONNECTORS
    from inkling.models.language.presets import load_preset
    from inkling.models.multimodal import MultimodalModel
    from inkling.models.vision import ENCODERS

    encoder = ENCODERS.read(_ENCODER)
    spec = load_preset(sizes["preset"]).model_copy(update=sizes.get("shape", {}))
    language = spec.build(sizes["vocabulary"], seed=1)
    with torch.no_grad():
        language.lm_head.weight.mul_(SHARPNESS)
    torch.manual_seed(1)
    connector = CONNECTORS.read("mlp").build({"grid": encoder.views["grid"]}, spec.hidden_size)
    return MultimodalModel(language, connector, encoder=encoder.build(["grid"])).eval()


def _graphs(sizes: Sizes, bundle: Path, work: Path) -> tuple[Path, int, int, int]:
    """Folder of the graphs, positions that they read at most, size of the vocabulary, and height of an image."""
    if bundle.exists():
        from tokenizers import Tokenizer

        settings = json.loads((bundle / "preprocessing.json").read_text())
        vocabulary = Tokenizer.from_file(str(bundle / "tokenizer.json")).get_vocab_size()
        return bundle, settings["context"], vocabulary, settings["image"]["image_size"]
    model = _model(sizes)
    return _export(model, work), model.language.config.max_position_embeddings, sizes["vocabulary"], _image_size()


def _export(model: Any, work: Path) -> Path:
    from inkling.components.export.graphs import export_graphs

    graphs = work / "graphs"
    graphs.mkdir(parents=True, exist_ok=True)
    export_graphs(model, _image_size(), graphs)
    return graphs


def _image_size() -> int:
    from inkling.models.vision import ENCODERS

    return int(ENCODERS.read(_ENCODER).preprocessing.image_size)


def _onnx_device(sizes: Sizes) -> str:
    """The device for ONNX Runtime, whose CUDA libraries torch has brought.

    Raises:
        RuntimeError: If it is to be CUDA and this build of ONNX Runtime does not know it.
    """
    import onnxruntime
    import torch  # noqa: F401 (its CUDA libraries are then in the process)

    if sizes["device"] == "cuda":
        if _CUDA not in onnxruntime.get_available_providers():
            raise RuntimeError(
                f"onnxruntime {onnxruntime.__version__} has no {_CUDA} (it has "
                f"{', '.join(onnxruntime.get_available_providers())}): install onnxruntime-gpu in its place"
            )
        if hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()
    return str(sizes["device"])


def _onnx_engine(graphs: Path, context: int, threads: int, device: str) -> Any:
    from inkling.models.inference.onnx_engine import OnnxEngine

    return OnnxEngine(graphs, context, threads, "cuda" if device == "cuda" else "cpu")
