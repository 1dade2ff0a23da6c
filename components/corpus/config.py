"""Settings of the corpus stage."""

from typing import ClassVar

from pydantic import Field, field_validator

from inkling.components.config import ConfigError, StageConfig
from inkling.components.corpus.catalogue import source


class CorpusConfig(StageConfig):
    """How much text of which sources."""

    stage: ClassVar[str] = "corpus"

    seed: int = Field(0, ge=0, description="decides which documents are taken first and which are held out")
    sources: list[str] = Field(
        ["web-crawl", "encyclopedia", "academia", "literature", "math", "code"],
        min_length=1,
        description="names in sources.yaml; by default those of LSBS Table 2, which the recipes mix0 to mix10 need",
    )
    words_per_source: int = Field(
        400_000, ge=1_000, description="words of each source, at most; punctuation marks count"
    )
    segment_words: int = Field(
        1_024, ge=16, le=8_192, description="words of a segment, at most (LSBS labels 1,024 tokens)"
    )
    segments_per_document: int = Field(
        2, ge=1, description="segments of one document, at most; keeps the sources varied"
    )
    similarity: float | None = Field(
        None,
        gt=0,
        le=1,
        description="segments that repeat an earlier one at least so much are left out (Jaccard index of runs of five "
        "words; 1 for the same words only); none: all are kept",
    )
    heldout: float = Field(0.05, gt=0, lt=0.5, description="chance of a document to be held out from all training")

    @field_validator("sources")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            source(name)
        if len(set(names)) < len(names):
            raise ConfigError("a source is named twice")
        return names
