"""Labels as of a day through Feast, a partition at a time: seconds, and memory that does not grow with the corpus.

The labels are synthetic: flags drawn from a seed, of two days; the first day's are asked for. The alternative reads
the rows of that day with a Parquet filter, which is what Feast must find, and cannot say what held on a day between
two labellings. What Feast costs beyond it is the price of asking the same store as everybody else.
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from harness import Row, peak_memory, report, rounds

PAIRED, SIZES, ROUNDS = 65_536, (2 * 65_536, 20 * 65_536), 3
SOURCE = "web-crawl"
FIRST, BETWEEN, LAST = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def prepare(home: Path, segments: int) -> Path:
    """Writes labels of so many segments of two days."""
    import pyarrow as pa

    from inkling.components.artifacts import labels as layout
    from inkling.components.label.shares import write_shares
    from inkling.components.shared.store.manifest import Manifest, Provenance

    random, path = np.random.default_rng(0), home / f"labels-{segments}"
    versions = [layout.Version(day, "bench") for day in (FIRST, LAST)]
    for index, start in enumerate(range(0, segments, layout.PARTITION)):
        numbers = range(start, min(start + layout.PARTITION, segments))
        documents, places = [f"package:document-{n // 4}" for n in numbers], [n % 4 for n in numbers]
        dated = [
            layout.labels_table(
                SOURCE, version, layout.SegmentLabels(documents, places, random.random((len(places), 6)) < 0.2)
            )
            for version in versions
        ]
        layout.write_table(path / layout.partition("labels", SOURCE, index), pa.concat_tables(dated))
    write_shares(path, versions, {SOURCE: segments}, {SOURCE: {}}, {})
    made = Provenance("bench", "", "", {}, {}, {})
    Manifest.describe(path, layout.Labels.type, layout.Labels.schema, made).write(path)
    return path


def ours(path: Path) -> list[np.ndarray]:
    """The flags of each partition as Feast finds them."""
    from inkling.components.artifacts.labels import Labels
    from inkling.components.mixture.retrieval import retrieve

    with tempfile.TemporaryDirectory() as folder:
        found = retrieve(Labels.open(path), BETWEEN, Path(folder))
        return [part.flags for part in found.read_partitions(SOURCE)]


def filtered(path: Path) -> list[np.ndarray]:
    """The same by a filter on the day of the version that held, written as `retrieve` writes it."""
    import pyarrow.parquet as pq

    from inkling.components.artifacts.labels import (
        EVENT_TIMESTAMP,
        Labels,
        Version,
        day_start,
        labels_table,
        segment_labels,
        write_table,
    )  # fmt: skip

    flags = []
    with tempfile.TemporaryDirectory() as folder:
        for place in Labels.open(path).partitions(SOURCE):
            found = segment_labels(pq.read_table(place, filters=[(EVENT_TIMESTAMP, "=", day_start(FIRST))]))
            write_table(Path(folder) / place.name, labels_table(SOURCE, Version(FIRST, "bench"), found))
            flags.append(found.flags)
    return flags


def main() -> None:
    """Runs the bench, or one size of it for the measurement of memory."""
    if len(sys.argv) > 1:
        ours(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        small = prepare(home, PAIRED)
        for feast, plain in zip(ours(small), filtered(small), strict=True):
            if not np.array_equal(feast, plain):
                raise SystemExit("the two ways do not find the same labels")
        contestants: dict[str, Callable[[], object]] = {
            "Feast": lambda: ours(small), "a Parquet filter": lambda: filtered(small),
        }  # fmt: skip
        timed = rounds(contestants, ROUNDS)
        rows: list[Row] = []
        for segments in SIZES:
            seconds, megabytes = peak_memory([__file__, str(prepare(home, segments))])
            rows.append({"segments": segments, "seconds": round(seconds, 1), "MB": round(megabytes)})
    report(
        "retrieval",
        {"labels": "synthetic, seed 0, of two days", "partition": f"{PAIRED} segments"},
        {"one partition, paired": timed.table(PAIRED, "segments"), "retrieving, with Feast's start": rows},
    )


if __name__ == "__main__":
    main()
