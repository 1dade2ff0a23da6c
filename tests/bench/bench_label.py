"""How fast segments are labelled and in how much memory; `N=1000000 python tests/bench/bench_label.py` does a million.

Segments have 1,024 words, drawn by a seed from the lexicon's own words and from made-up ones. Each row is a process of
its own, so that its peak is its own. The alternative is the lexicon written down plainly: Python's `re` and sets, a
text at a time; both must give the same flags. The embedding labeller is measured where its package is fetched.
"""

import os
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from inkling.components.artifacts.corpus import BATCH
from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label.config import LabelConfig
from inkling.components.label.embedding_encoder import PACKAGE
from inkling.components.label.labellers import labelling
from inkling.components.label.lexicon import LEAST, Lexicon
from inkling.components.packages import cache_directory, package

DEFAULT, ROUNDS, PLAIN, EMBEDDED = 30_000, 3, 400, 48
WORDS = 1_024


def segments(count: int) -> Iterator[list[str]]:
    """Batches as a corpus gives them; every segment differs."""
    random = np.random.default_rng(0)
    known = sorted(word for entry in Lexicon.load()._entries for word in entry.vocabulary())
    made_up = [
        "".join(chr(97 + letter) for letter in random.integers(0, 26, size)) for size in random.integers(2, 10, 20_000)
    ]
    vocabulary = np.array([*made_up, *known, "\n", "x = f(y)", "def g(x):", "in front of"])
    pool = [" ".join(vocabulary[random.integers(0, len(vocabulary), WORDS)]) for _ in range(BATCH)]
    for start in range(0, count, BATCH):
        yield [f"{start} {text}" for text in pool[: count - start]]


def label(labeller: str, workers: int, count: int) -> tuple[float, float]:
    """Labels so many segments: seconds, without the loading, and peak megabytes of all processes."""
    with labelling(LabelConfig(labeller=labeller, workers=workers)) as open_labeller:  # type: ignore[arg-type]
        open_labeller(["warm"] * 256 * workers)
        seconds = 0.0
        for batch in segments(count):
            started = time.perf_counter()
            open_labeller(batch)
            seconds += time.perf_counter() - started
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return seconds, (own + (workers if workers > 1 else 0) * children) / 1024


def plainly(texts: Sequence[str]) -> Flags:
    """The lexicon without Arrow: the same rule, one text and one word at a time."""
    entries = Lexicon.load()._entries
    rules = [
        (entry.vocabulary(), re.compile(entry.phrase_pattern()), [re.compile(one) for one in entry.patterns], entry)
        for entry in entries
    ]
    flags = np.zeros((len(texts), len(LABELS)), np.bool_)
    for row, text in enumerate(texts):
        lowered = text.lower()
        words = [word for word in re.split("[^a-z]+", lowered) if word]
        for column, (vocabulary, phrases, patterns, entry) in enumerate(rules):
            hits = sum(word in vocabulary for word in words)
            hits += sum(len(pattern.findall(text)) for pattern in patterns)
            hits += len(phrases.findall(lowered)) if entry.phrases else 0
            flags[row, column] = hits >= LEAST and 1_000 * hits >= entry.threshold * len(words)
    return flags


def against_plain(count: int) -> tuple[list[float], list[float]]:
    """Seconds of the lexicon and of the plain one on the same segments, in turns.

    Raises:
        AssertionError: If they disagree.
    """
    texts = next(segments(count))
    lexicon = Lexicon.load()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        fast = lexicon(texts)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        slow = plainly(texts)
        theirs.append(time.perf_counter() - started)
        assert (fast == slow).all()
    return ours, theirs


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Runs a function in a process of its own, which may have processes itself."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main() -> list[dict[str, Any]]:
    """Measures, prints a table and returns its rows."""
    count = int(os.environ.get("N", DEFAULT))
    cases = [("lexicon", 1, count // 10), ("lexicon", 1, count), ("lexicon", 2, count)]
    if (cache_directory() / package(PACKAGE).file).exists():
        cases.append(("embedding", 1, EMBEDDED))
    print(f"{'labeller':<12}{'processes':>10}{'segments':>12}{'seconds':>10}{'a million':>14}{'peak MB':>10}")
    rows = []
    for name, workers, size in cases:
        seconds, megabytes = apart(label, name, workers, size)
        row = {"labeller": name, "processes": workers, "segments": size, "seconds": seconds, "megabytes": megabytes}
        row["seconds_a_million"] = seconds / size * 1e6
        rows.append(row)
        print(
            f"{name:<12}{workers:>10}{size:>12,}{seconds:>10.1f}{row['seconds_a_million']:>12,.0f} s{megabytes:>10,.0f}"
        )
    ours, theirs = apart(against_plain, PLAIN)
    ratio = statistics.median(slow / fast for fast, slow in zip(ours, theirs, strict=True))
    rows.append({"labeller": "plain Python", "segments": PLAIN, "seconds": statistics.median(theirs), "ratio": ratio})
    print(f"plain Python takes {ratio:.1f} times as long for the same flags ({PLAIN} segments, {ROUNDS} turns)")
    print("'a million' is extrapolated from those labelled; from the first row to the second the peak should not grow")
    return rows


if __name__ == "__main__":
    main()
