"""Where the text of a corpus came from, and whom to thank for it."""

from collections.abc import Iterable

from inkling.components.corpus.catalogue import FileSource, HubSource, PackageSource
from inkling.components.corpus.collect import parts_of
from inkling.components.corpus.config import CorpusConfig
from inkling.components.shared.storage import packages
from inkling.components.shared.storage.packages import package


def used_packages(config: CorpusConfig, sources: Iterable[str]) -> list[str]:
    """Names of the packages that sources of a corpus are read from."""
    return sorted(
        {
            part.package
            for name in sources
            if isinstance(config.chosen[name], PackageSource)
            for part, _ in parts_of(name, config)
        }
    )


def versions(name: str, config: CorpusConfig) -> dict[str, str]:
    """Version of each package, or commit of the data set, that a source is read from."""
    entry = config.chosen[name]
    if isinstance(entry, HubSource):
        return {entry.dataset: str(entry.revision)}
    if not isinstance(entry, PackageSource):
        return {}
    return {part.package: package(part.package).version for part, _ in parts_of(name, config)}


def attribution(config: CorpusConfig) -> str:
    """The text of the corpus's `ATTRIBUTION.md`: its packages, and what the catalogue says of the other sources."""
    lines = []
    for name, entry in config.chosen.items():
        if isinstance(entry, FileSource):
            lines.append(f"- {name}: {entry.attribution or 'files of the user'} ({entry.licence})\n")
        elif isinstance(entry, HubSource):
            thanks = f"{entry.attribution}, " if entry.attribution else ""
            lines.append(f"- {name}: {thanks}data set {entry.dataset} at {entry.revision} ({entry.licence})\n")
    return packages.attribution(used_packages(config, config.sources)) + "".join(sorted(lines))
