"""From a corpus of a million labelled segments to the weights of a recipe: seconds and megabytes, and how they grow.

The corpus is synthetic: 16 sources, labels drawn from a seed, and no text, because counting reads none. There is no
alternative to compare with; better is less, and memory that does not grow with the corpus.
"""

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
from harness import peak_memory, report

SIZES = (100_000, 1_000_000)
TOKENS = 100_000_000


def prepare(home: Path, segments: int) -> None:
    """Writes a corpus of so many segments, and its labels."""
    from inkling.components.artifacts.corpus import SOURCE_NAMES, Segment, SourceSummary, write_segments, write_sources
    from inkling.components.artifacts.labels import (
        Labels,
        SegmentLabels,
        Version,
        labels_table,
        statistics_table,
        write_partition,
    )
    from inkling.components.label.shares import write_shares
    from inkling.components.shared.store.manifest import Manifest, Provenance

    random, version = np.random.default_rng(0), Version(date(2026, 1, 1), "bench")
    corpus, labels = home / f"corpus-{segments}", home / f"labels-{segments}"
    corpus.mkdir()
    labels.mkdir()
    each = segments // len(SOURCE_NAMES)
    for source in SOURCE_NAMES:
        rows = [
            Segment(source, f"{source}:{n}", 0, "", 700, "none", "heldout" if n % 20 == 0 else "train")
            for n in range(each)
        ]
        write_segments(corpus, source, rows)
        flags = random.random((each, 6)) < random.random(6) / 2
        table = labels_table(source, version, SegmentLabels([row.document for row in rows], [0] * each, flags))
        write_partition(labels, source, 0, table, statistics_table(rows, version.date))
    summary = SourceSummary("synthetic", "no text", 700 * each, each, each // 20, each, ["none"], {})
    write_sources(corpus, dict.fromkeys(SOURCE_NAMES, summary))
    made = Provenance("bench", "", "", {}, {}, {})
    Manifest.describe(corpus, "Corpus", 1, made).write(corpus)
    write_shares(labels, [version], dict.fromkeys(SOURCE_NAMES, each), {source: {} for source in SOURCE_NAMES})
    Manifest.describe(labels, Labels.type, Labels.schema, made).write(labels)


def solve(home: Path, segments: int) -> dict[str, float]:
    """Seconds of each part, once what they import is there."""
    import scipy.optimize  # noqa: F401

    from inkling.components.artifacts.corpus import Corpus
    from inkling.components.artifacts.labels import LABELS, Labels
    from inkling.components.mixture.cells import pooled
    from inkling.components.mixture.config import MixtureConfig
    from inkling.components.mixture.counting import count_cells
    from inkling.components.mixture.grid import grid
    from inkling.components.mixture.portions import mix

    start = time.perf_counter()
    corpus, labels = Corpus.open(home / f"corpus-{segments}"), Labels.open(home / f"labels-{segments}")
    opened = time.perf_counter()
    counts = count_cells(corpus, labels, LABELS, corpus.sources())
    cells = pooled(counts.cells)
    counted = time.perf_counter()
    recipe = MixtureConfig.model_validate({"recipe": {"labels": dict.fromkeys(LABELS, 0.25)}}).recipe
    mix(recipe, cells, LABELS, counts.patterns)
    solved = time.perf_counter()
    grid(corpus, labels, TOKENS)
    whole = time.perf_counter()
    return {
        "open and verify s": opened - start,
        "count by six labels s": counted - opened,
        "cells": len(cells),
        "solve six shares s": solved - counted,
        "count and solve Table 1 s": whole - solved,
    }


def main() -> None:
    """Runs the bench, or one size of it for the measurement of memory."""
    if len(sys.argv) > 1:
        solve(Path(sys.argv[1]), int(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as directory:
        rows = []
        for segments in SIZES:
            prepare(Path(directory), segments)
            taken = solve(Path(directory), segments)
            _, memory = peak_memory([__file__, directory, str(segments)])
            rows.append({"segments": segments, **{name: round(s, 3) for name, s in taken.items()}, "MB": round(memory)})
        report("solver", {"text": "synthetic, seed 0"}, {"labels to weights": rows})


if __name__ == "__main__":
    main()
