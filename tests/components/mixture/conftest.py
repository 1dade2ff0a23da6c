"""A small corpus made with the real writers."""

from pathlib import Path

import pytest

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.shared.store.manifest import Manifest, Provenance

WORDS = ("red", "green", "large", "small", "zebra", "house", "return", "number", "light", "water", "table", "garden")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Two sources of 60 documents of two segments of 50 words; every fifth document is held out."""
    path = tmp_path / "corpus"
    path.mkdir()
    for source in ("code", "encyclopedia"):
        segments = []
        for document in range(60):
            split = "heldout" if document % 5 == 0 else "train"
            for index in range(2):
                words = [WORDS[(document * 7 + index * 3 + i * i) % 12] + source[i % 4] for i in range(50)]
                segments.append(
                    Segment(source, f"{source}:{document}", index, " ".join(words) + "\n", 50, "MIT", split)
                )
        write_segments(path, source, segments)
    summary = SourceSummary("real", "words", 6_000, 60, 12, 120, ["MIT"], {"package": "1.0"})
    write_sources(path, {"code": summary, "encyclopedia": summary})
    Manifest.describe(path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return Corpus.open(path)
