"""How a GPU serves: an engine's answers on CUDA and on the CPU, and tokens/s of the engines and of transformers.

Networks have random weights, the same for all engines of a unit; a bundle in the kit's data is asked in their place.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from machine import lacking
from parts.answers import answers
from parts.random_model import Prompts, export, onnx_device, onnx_engine, random_model, random_tokens
from unit import ONE_AT_A_TIME, Figures, Row, Sizes, Unit

_MODULES: dict[str, tuple[str, ...]] = {"onnx": ("onnx", "onnxruntime"), "torch": (), "transformers": ()}
_ANSWERS = "answers, "
Decode = Callable[[Prompts, int], Prompts]
"""Continues prompts greedily by so many tokens each."""


class Serving:
    """A unit an engine that compares answers, and a unit a network in which the engines decode in turn."""

    name = "served"
    modules = ("torch", "transformers", "pydantic", "PIL")
    reads_data = False
    lanes = ONE_AT_A_TIME

    def units(self, sizes: Sizes, data: Path, work: Path) -> list[Unit]:
        """The answers, the networks in the order of the sizes, without engines that this machine lacks; ONNX's last."""
        common = {"device": sizes["device"], "threads": sizes["threads"]}
        units = []
        for engine, planned in sizes["answers"]["planned"].items():
            run = partial(answers, engine, {**sizes["answers"], **common}, data / "bundle", work)
            units.append(Unit(f"{_ANSWERS}{engine}", planned, run, modules=_MODULES[engine]))
        for name, network in sizes["networks"].items():
            engines = [engine for engine in network["engines"] if not lacking(_MODULES[engine])]
            name = ", without ".join([name, *sorted({*network["engines"]} - {*engines})])
            run = partial(decode, {**network, **common, "engines": engines}, work / name.replace(" ", "-"))
            units.append(Unit(name, network["planned"], run))
        return sorted(units, key=lambda unit: bool(unit.modules))

    def tables(self, rows: Sequence[Row]) -> str:
        """How far the answers are apart, and a line for each network, number of streams and engine."""
        found = {row.unit: row.figures for row in rows if row.figures}
        compared = {name: found.pop(name) for name in list(found) if name.startswith(_ANSWERS)}
        lines = _answers_table(compared) if compared else []
        lines += [
            "| network | streams | engine | tokens/s | of transformers | tokens as transformers |",
            "|---|--:|---|--:|--:|--:|",
        ]
        for name, network in found.items():
            lines += _rates_rows(name, network["streams"])
        return "\n".join(lines)


def _answers_table(compared: Mapping[str, Figures]) -> list[str]:
    lines = [
        "| unit | model | device | questions | same choice | nats apart | logits apart | allowed | narrowest lead |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {found['model']} | {found['device']} | {found['questions']} | {found['same']} "
        f"| {found['nats']:.1e} | {found['logits']:.1e} | {found['tolerance']:.0e} | {found['lead']:.1e} |"
        for name, found in compared.items()
    ]
    return [*lines, ""]


def _rates_rows(network: str, streams: Mapping[str, Mapping[str, Figures]]) -> list[str]:
    lines = []
    for count, engines in streams.items():
        base = engines.get("transformers", {}).get("rate")
        for name, one in engines.items():
            beside = f"{one['rate'] / base:.2f}" if base else ""
            lines.append(f"| {network} | {count} | {name} | {one['rate']:,.0f} | {beside} | {one['same']:.1%} |")
    return lines


def decode(sizes: Sizes, work: Path) -> Figures:
    """Lets each engine continue the same prompts with the same weights, in turn, for each number of streams."""
    import numpy as np
    import torch

    torch.set_num_threads(sizes["threads"])
    model = random_model(sizes).to(sizes["device"], getattr(torch, sizes["dtype"]))
    build = {"onnx": _onnx_decoder, "torch": _torch_decoder, "transformers": _transformers_decoder}
    engines: dict[str, Decode] = {name: build[name](model, sizes, work) for name in sizes["engines"]}
    random, found = np.random.default_rng(0), {}
    for streams in sizes["streams"]:
        prompts = random_tokens(random, [sizes["prompt"]] * streams, sizes["vocabulary"])
        found[str(streams)] = _rates(engines, prompts, sizes["new"], sizes["rounds"])
    return {"device": sizes["device"], "dtype": sizes["dtype"], "streams": found}


def _rates(engines: Mapping[str, Decode], prompts: Prompts, new: int, rounds: int) -> dict[str, Figures]:
    """New tokens a second of each engine in its fastest round, after a few tokens that are not counted."""
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
        name: {"rate": len(prompts) * new / min(taken), "same": _same_tokens(said[name], reference)}
        for name, taken in seconds.items()
    }


def _same_tokens(said: Prompts, expected: Prompts) -> float:
    """Share of the tokens that are the same; after the first that differs, all that follow may."""
    pairs = [pair for one, other in zip(said, expected, strict=True) for pair in zip(one, other, strict=True)]
    return sum(ours == theirs for ours, theirs in pairs) / len(pairs)


def _onnx_decoder(model: Any, sizes: Sizes, work: Path) -> Decode:
    device = onnx_device(sizes)
    graphs, context = export(model.cpu(), work), model.language.config.max_position_embeddings
    engine = onnx_engine(graphs, context, sizes["threads"], device)
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

    def run(prompts: Prompts, new: int) -> Prompts:
        ids = torch.tensor(prompts, device=network.device)
        with torch.inference_mode():
            whole = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, do_sample=False)
        return whole[:, ids.shape[1] :].tolist()

    return run
