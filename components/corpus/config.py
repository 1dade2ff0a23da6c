"""Settings of the corpus stage."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.artifacts.corpus import SOURCE_NAMES
from inkling.components.corpus.benchmarks import items_of_file
from inkling.components.corpus.catalogue import (
    SHIPPED,
    FileSource,
    HubSource,
    Name,
    PackageSource,
    Source,
    allowed_parts,
    read_catalogues,
)
from inkling.components.corpus.files import TextFile, checked_files, pinned
from inkling.components.corpus.readers import READERS
from inkling.components.shared.config import ConfigError, ExecutionOnly, StageConfig, unknown
from inkling.components.shared.storage.packages import Allowance, contents
from inkling.models.strict_json import to_json

_TABLE_2 = list(SOURCE_NAMES[:6])


class CorpusConfig(StageConfig):
    """How much text of which sources."""

    stage: ClassVar[str] = "corpus"

    seed: int = Field(0, ge=0, description="decides which documents are taken first and which are held out")
    catalogue: list[str] = Field(
        ["packages"],
        min_length=1,
        description="where sources are looked up: packages, hub, or YAML files of one's own; the later one wins",
    )
    sources: list[Name] = Field(
        _TABLE_2,
        min_length=1,
        description="names in the catalogue; by default those of LSBS Table 2, which the recipes mix0 to mix10 "
        "need, or, where only files of one's own are the catalogue, all of them",
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
        0.8,
        ge=0.3,
        le=1,
        description="segments that repeat another at least so much are left out (Jaccard index of runs of five words; "
        "1 for the same words only); null: all are kept",
    )
    heldout: float = Field(0.05, gt=0, lt=0.5, description="chance of a document to be held out from all training")
    allow: list[Allowance] = Field(
        [], description="what may be fetched beside wheels: apt, npm, non-commercial; enriches the sources of packages"
    )
    hub_revisions: dict[Name, str] = Field(
        {}, description="commits of data sets by source, in place of those of the catalogue (the hub's pin is a commit)"
    )
    benchmarks: list[str] = Field(
        [],
        description="JSON lines files with `question` and, if it likes, `answer`; training text that repeats one is "
        "left out, as text that repeats the run's own questions is",
    )
    workers: Annotated[int, ExecutionOnly()] = Field(1, ge=1, description="processes that read text at the same time")
    parts: Annotated[int, ExecutionOnly()] = Field(
        1, ge=1, le=256, description="tasks of the pipeline that share the reading; pods, on a cluster"
    )

    @model_validator(mode="before")
    @classmethod
    def _all_of_ones_own(cls, values: Any) -> Any:
        """Takes one catalogue for a list of one, and all sources where no shipped catalogue has the default ones."""
        if not isinstance(values, dict) or "catalogue" not in values:
            return values
        named = values["catalogue"]
        catalogue = [named] if isinstance(named, str) else named
        if not isinstance(catalogue, list) or not all(isinstance(name, str) for name in catalogue):
            return values
        filled = {**values, "catalogue": catalogue}
        return filled if set(SHIPPED) & set(catalogue) else {"sources": list(read_catalogues(catalogue)), **filled}

    @field_validator("sources")
    @classmethod
    def _once(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ConfigError("a source is named twice")
        return names

    @model_validator(mode="after")
    def _readable(self) -> Self:
        """Refuses what cannot be read, before any work: unknown sources, missing, truncated or undecodable files."""
        known = self.chosen, self.files, self.benchmark_files
        assert all(entry is not None for entry in known)
        return self

    @cached_property
    def chosen(self) -> dict[str, Source]:
        """The entry of each source, by name."""
        known = read_catalogues(self.catalogue)
        for name in self.sources:
            if name not in known:
                raise unknown("source", name, known)
        return {name: self._pinned(name, known[name]) for name in self.sources}

    def _pinned(self, name: str, entry: Source) -> Source:
        """An entry with the commit that the settings give it, or with the packages that they allow.

        Raises:
            ConfigError: If a data set of the hub has no commit, or what is given is none.
        """
        if isinstance(entry, PackageSource):
            return allowed_parts(name, entry, self.allow)
        if not isinstance(entry, HubSource):
            return entry
        revision = self.hub_revisions.get(name, entry.revision)
        if revision is None or not re.fullmatch(r"[0-9a-f]{40}", revision):
            found = "has no pinned revision" if revision is None else f"is pinned to '{revision}', which is no commit"
            raise ConfigError(
                f"source '{name}': data set {entry.dataset} {found}. Take the 40 digits of a commit from the data "
                f"set's list of files and versions and give --set corpus.hub_revisions.{name}=COMMIT, or state "
                "`revision` in a catalogue of your own"
            )
        return entry.model_copy(update={"revision": revision})

    @cached_property
    def files(self) -> dict[str, list[TextFile]]:
        """The files of each source that is made of the user's own, pinned by their digests."""
        return {
            name: checked_files(name, entry) for name, entry in self.chosen.items() if isinstance(entry, FileSource)
        }

    @cached_property
    def benchmark_files(self) -> list[TextFile]:
        """The files with questions that no training text may repeat, each read once to see that it can be."""
        for name in self.benchmarks:
            if not Path(name).is_file():
                raise ConfigError(f"corpus.benchmarks: there is no file '{name}'")
        files = [pinned(Path(name), Path(name).name) for name in self.benchmarks]
        for file in files:
            items_of_file(file)
        return files

    @classmethod
    def restored(cls, config: Mapping[str, Any], contents: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """The settings, with the recorded entries of the sources as their catalogue."""
        path = folder / "catalogue.yaml"
        path.write_text(to_json(contents["catalogue"], ensure_ascii=False), encoding="utf-8")
        return {**config, "catalogue": [str(path)]}

    def places(self) -> dict[str, list[str]]:
        """Catalogues of one's own with their text, data sets in a folder, and benchmarks."""
        text = [str(file.path) for found in self.files.values() for file in found]
        own = [name for name in self.catalogue if name not in SHIPPED]
        return {"catalogue": [*own, *text], "benchmarks": self.benchmarks}

    def modules(self) -> tuple[str, ...]:
        """Those of the readers of the chosen sources."""
        sources = [entry for entry in self.chosen.values() if isinstance(entry, PackageSource)]
        return tuple(READERS[part.reader] for entry in sources for part in entry.parts)

    def contents(self) -> dict[str, Any]:
        """What the catalogues say of each source and package, and the digests of files."""
        sources = [entry for entry in self.chosen.values() if isinstance(entry, PackageSource)]
        entries = {name: entry.model_dump(mode="json") for name, entry in self.chosen.items()}
        files = {name: {file.name: file.sha256 for file in found} for name, found in self.files.items()}
        return {
            "catalogue": entries,
            "hub_revisions": {},
            "allow": [],
            "packages": contents(part.package for entry in sources for part in entry.parts),
            "files": files,
            "benchmarks": sorted(file.sha256 for file in self.benchmark_files),
        }
