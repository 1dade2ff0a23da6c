"""Labelling a corpus by the lexicon: seconds, and memory that does not grow with the corpus.

`N=1000000 python tests/bench/bench_label.py` labels a million segments. The stage is measured as it runs: Parquet in,
labels and statistics out, each case in a process of its own. The text is real, what the data packages hold
(`make fetch`), repeated under other names until it fills N segments; the labeller remembers none of it. As the corpus
cuts it a segment has 320 words in the mean, because entries of dictionaries and web pages are short; segments of 900
words and more, near the 1,024 that there may be, are measured too. Memory should not grow beyond a partition of 65,536
segments. The alternative is the lexicon written down plainly: Python's `re` and sets, a text at a time; both must give
the same flags. The embedding labeller is measured where its package is fetched.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from harness import Row, peak_memory, report, rounds

DEFAULT, ROUNDS, PLAIN, EMBEDDED = 30_000, 3, 400, 48
WORDS_PER_SOURCE, FULL = 300_000, 900
SOURCE = "repeated"


def prepare(home: Path) -> None:
    """Makes the corpus whose text is repeated."""
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig

    build_corpus(CorpusConfig.parse({"corpus": {"words_per_source": WORDS_PER_SOURCE}}), home / "real")


def repeat(home: Path, name: str, count: int, least: int) -> float:
    """Writes a corpus of so many segments of at least so many words; returns the mean of their words."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from inkling.components.artifacts.corpus import Corpus, SegmentWriter, segments_path, write_sources
    from inkling.components.shared.store.manifest import Manifest

    real = Corpus.open(home / "real")
    rows = pa.concat_tables(pq.read_table(segments_path(real.path, source)) for source in real.sources())
    rows = rows.filter(pc.greater_equal(rows["words"], least))
    rows = rows.set_column(0, rows.schema.field(0), pa.array([SOURCE] * len(rows)))
    path, written = home / name, 0
    path.mkdir()
    with SegmentWriter(segments_path(path, SOURCE)) as writer:
        for copy in range(-(-count // len(rows))):
            named = pc.binary_join_element_wise(rows["document"], str(copy), "#")
            writer.write_table(rows.set_column(1, rows.schema.field(1), named).slice(0, count - written))
            written += len(rows)
    summary = next(iter(real.sources().values()))
    write_sources(path, {SOURCE: replace(summary, segments=count)})
    Manifest.describe(path, "Corpus", 1, real.manifest.provenance).write(path)
    return float(np.mean(rows["words"].to_numpy()))


def label(corpus: Path, labeller: str, workers: int) -> None:
    """Labels a corpus, and writes beside it the seconds of the processor that this took."""
    from inkling.components.label.build import build_labels
    from inkling.components.label.config import LabelConfig

    with tempfile.TemporaryDirectory(dir=corpus.parent) as folder:
        settings = {"labeller": labeller, "workers": workers}
        build_labels(LabelConfig.parse({"label": settings}), corpus, Path(folder) / "labels")
    spent = os.times()
    (corpus.parent / "spent.json").write_text(json.dumps(sum(spent[:4])))


def measured(home: Path, labeller: str, workers: int, count: int, least: int = 1) -> Row:
    """A row of the table: a corpus is written, labelled in a process of its own, and removed."""
    with tempfile.TemporaryDirectory(dir=home) as folder:
        corpus = Path(folder) / "corpus"
        (Path(folder) / "real").symlink_to(home / "real")
        words = repeat(Path(folder), corpus.name, count, least)
        seconds, megabytes = peak_memory([__file__, str(corpus), labeller, str(workers)])
        spent = json.loads((Path(folder) / "spent.json").read_text())
    row = {"labeller": labeller, "processes": workers, "segments": count, "words each": round(words)}
    row |= {"seconds": round(seconds, 1), "of the processor": round(spent, 1), "MB": round(megabytes)}
    print(row, flush=True)
    return row


def plainly(texts: Sequence[str]) -> np.ndarray:
    """The lexicon without Arrow: the same rule, one text and one word at a time."""
    from inkling.components.artifacts.labels import LABELS
    from inkling.components.label.lexicon import LEAST, Lexicon

    rules = [
        (entry.vocabulary(), re.compile(entry.phrase_pattern()), [re.compile(one) for one in entry.patterns], entry)
        for entry in Lexicon.load()._entries
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


def against_plain(home: Path) -> list[Row]:
    """The lexicon and the plain one on the same segments of each source, in turns."""
    from inkling.components.artifacts.corpus import Corpus
    from inkling.components.label.lexicon import Lexicon

    corpus = Corpus.open(home / "real")
    each = PLAIN // len(corpus.sources())
    texts = [one.text for source in corpus.sources() for one in corpus.segments(source)[:each]]
    lexicon = Lexicon.load()
    if not np.array_equal(lexicon(texts), plainly(texts)):
        raise SystemExit("the two ways do not give the same flags")
    timed = rounds({"lexicon": lambda: lexicon(texts), "plain Python": lambda: plainly(texts)}, ROUNDS)
    return timed.table(len(texts), "segments")


def main() -> None:
    """Measures and reports."""
    if len(sys.argv) > 1:
        corpus, labeller, workers = sys.argv[1:]
        label(Path(corpus), labeller, int(workers))
        return
    from inkling.components.label.config import ENCODER_PACKAGE
    from inkling.components.shared.storage.packages import cache_directory, package

    count = int(os.environ.get("N", DEFAULT))
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        prepare(home)
        paired = against_plain(home)
        cases = [("lexicon", 1, count // 10), ("lexicon", 1, count), ("lexicon", 2, count)]
        cases += [("lexicon", 1, count, FULL)]
        cases += [("embedding", 1, EMBEDDED)] if (cache_directory() / package(ENCODER_PACKAGE).file).exists() else []
        stage = [measured(home, *case) for case in cases]
    report(
        "label", {"text": "real, of the data packages, repeated"}, {"the stage": stage, "the lexicon, paired": paired}
    )


if __name__ == "__main__":
    main()
