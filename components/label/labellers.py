"""The registry of labellers, and how a stage holds one: in several processes, or asking an endpoint."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from multiprocessing import get_context
from typing import Any, Protocol

import numpy as np

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label import config as settings
from inkling.components.label.config import LabelConfig
from inkling.components.shared.runtime.partitions import Advance

Labeller = Callable[[Sequence[str]], Flags]
"""Turns texts into flags, (texts, 6) in the order of `LABELS`; each text is judged on its own."""
_STEP = 256  # texts that a process takes at a time


class OpenLabeller(Protocol):
    """A labeller in use.

    Attributes:
        unlabelled: How many texts of the current source got no answer; they carry no label.
    """

    unlabelled: int

    def begin(self, source: str, texts: int) -> None:
        """Begins a source of so many texts."""

    def __call__(self, texts: Sequence[str], advance: Advance = ...) -> Flags:
        """Flags of each text, (texts, 6)."""


def _class(labeller: str, name: str) -> Any:
    """A labeller's class, of the module that its name stands for."""
    return getattr(importlib.import_module(settings.LABELLERS[labeller]), name)


LABELLERS: dict[str, Callable[[], Labeller]] = {
    "lexicon": lambda: _class("lexicon", "Lexicon").load(),
    "embedding": lambda: _class("embedding", "Embedding").load(),
}
"""The labellers that need nothing but the text, by name; `llm` is the other one."""


@contextmanager
def labelling(config: LabelConfig) -> Iterator[OpenLabeller]:
    """Opens the configured labeller.

    Raises:
        ConfigError: If what it needs from the environment is missing.
        FetchError: If its package cannot be had.
    """
    if config.labeller == "llm" and config.llm:
        with _class("llm", "LlmLabeller")(config.llm) as labeller:
            yield labeller
    elif config.workers == 1:
        yield _Local(partial(map, LABELLERS[config.labeller]()))
    else:
        with ProcessPoolExecutor(config.workers, get_context("spawn")) as pool:
            yield _Local(partial(pool.map, partial(_label, config.labeller)))


class _Local:
    """A labeller on this machine. Texts are cut into the same steps whatever the number of processes."""

    def __init__(self, map_steps: Callable[[Sequence[Sequence[str]]], Iterator[Flags]]) -> None:
        self._map_steps = map_steps
        self.unlabelled = 0

    def begin(self, source: str, texts: int) -> None:
        """Nothing to prepare."""

    def __call__(self, texts: Sequence[str], advance: Advance = lambda done: None) -> Flags:
        flags = [np.empty((0, len(LABELS)), np.bool_)]
        for found in self._map_steps([texts[start : start + _STEP] for start in range(0, len(texts), _STEP)]):
            flags.append(found)
            advance(len(found))
        return np.concatenate(flags)


def _label(name: str, texts: Sequence[str]) -> Flags:
    return _loaded(name)(texts)


@cache
def _loaded(name: str) -> Labeller:
    """The labeller of one of several processes; loading one can take longer than labelling with it."""
    return LABELLERS[name]()
