"""Building a corpus: memory that does not grow with the text, and repeats found beside datasketch's own index.

`N=1000000 python tests/bench/bench_corpus.py` chooses among a million segments; a twentieth of them repeat another in
nine places of ten. Text and signatures are synthetic, seed 0. The alternative puts the same sketches into datasketch's
`MinHashLSH`, asks it for candidates and compares these, one segment after the other.
"""

import json
import os
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import Row, peak_memory, report, rounds

SEGMENTS, PAIRED, ROUNDS = 200_000, 20_000, 3
SMALL, LARGE = 5_000, 50_000
SIMILARITY, WORDS, PIECE = 0.8, 40, 2_048


def write_text(folder: Path, documents: int) -> None:
    """A catalogue with one source of JSON lines, `WORDS` words a document."""
    draw = random.Random(0)
    words = [f"word{number}" for number in range(5_000)]
    with (folder / "text.jsonl").open("w") as file:
        for _ in range(documents):
            file.write(json.dumps({"text": " ".join(draw.choices(words, k=WORDS))}) + "\n")
    entry = {"quality": "real", "description": "synthetic", "licence": "CC0-1.0", "files": ["*.jsonl"]}
    (folder / "mine.yaml").write_text(json.dumps({"notes": entry}))


def build(folder: Path) -> None:
    """Builds a corpus of a written catalogue."""
    from inkling.components.corpus.build import build_corpus
    from inkling.components.corpus.config import CorpusConfig

    config = {"catalogue": str(folder / "mine.yaml"), "words_per_source": 10**9}
    build_corpus(CorpusConfig.parse({"corpus": config}), folder / "corpus")


def sketches(count: int) -> list[np.ndarray]:
    """Sketches of so many segments in pieces; every twentieth repeats the one before it in nine places of ten."""
    draw = np.random.default_rng(0)
    whole = draw.integers(0, 1 << 32, (count, 128), np.uint32)
    repeats = np.arange(19, count, 20)
    same = draw.random((len(repeats), 128)) < 0.9
    whole[repeats] = np.where(same, whole[repeats - 1], whole[repeats])
    return np.split(whole, range(PIECE, count, PIECE))


def ours(pieces: list[np.ndarray]) -> int:
    """Segments that the corpus keeps."""
    from inkling.components.corpus.duplicates import first_of_similar

    return len(first_of_similar(pieces, np.arange(sum(map(len, pieces))), SIMILARITY))


def theirs(pieces: list[np.ndarray]) -> int:
    """Segments that are kept with datasketch's index."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(SIMILARITY, num_perm=128, weights=(0.05, 0.95))
    kept: list[MinHash] = []
    for row in np.concatenate(pieces):
        sketch = MinHash(num_perm=128, hashvalues=row, scheme="affine32")
        if not any(sketch.jaccard(kept[other]) >= SIMILARITY for other in index.query(sketch)):
            index.insert(len(kept), sketch)
            kept.append(sketch)
    return len(kept)


def memory() -> list[Row]:
    """Peak memory of building a small corpus and one ten times larger."""
    rows: list[Row] = []
    for documents in (SMALL, LARGE):
        with tempfile.TemporaryDirectory() as folder:
            write_text(Path(folder), documents)
            seconds, megabytes = peak_memory([__file__, "build", folder])
        rows.append({"segments": documents, "seconds": round(seconds, 1), "MB": round(megabytes)})
    return rows


def main() -> None:
    """Measures and reports."""
    if sys.argv[1:2] == ["build"]:
        build(Path(sys.argv[2]))
        return
    if sys.argv[1:2] == ["choose"]:
        ours(sketches(int(sys.argv[2])))
        return
    pieces, count = sketches(PAIRED), int(os.environ.get("N", SEGMENTS))
    if ours(pieces) != theirs(pieces):
        raise SystemExit("the two ways do not keep the same number of segments")
    timed = rounds({"one band at a time": lambda: ours(pieces), "MinHashLSH": lambda: theirs(pieces)}, ROUNDS)
    seconds, megabytes = peak_memory([__file__, "choose", str(count)])
    whole = [
        {
            "segments": count,
            "seconds": round(seconds, 1),
            "MB": round(megabytes),
            "of that sketches": count * 512 // 10**6,
        }
    ]
    report(
        "corpus",
        {"text": f"synthetic, seed 0, {WORDS} words a document", "similarity": SIMILARITY},
        {"building": memory(), "repeats, paired": timed.table(PAIRED, "segments"), "repeats, all in memory": whole},
    )


if __name__ == "__main__":
    main()
