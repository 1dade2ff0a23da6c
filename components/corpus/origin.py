"""Where the text of a corpus came from, and whom to thank for it."""

from inkling.components import packages
from inkling.components.corpus.catalogue import FileSource, PackageSource
from inkling.components.corpus.collect import parts_of
from inkling.components.corpus.config import CorpusConfig
from inkling.components.packages import package


def used_packages(config: CorpusConfig) -> list[str]:
    """Names of the packages that a corpus is read from."""
    return sorted({used for name in config.sources for used in versions(name, config)})


def versions(name: str, config: CorpusConfig) -> dict[str, str]:
    """Version of each package that a source is read from."""
    if not isinstance(config.chosen[name], PackageSource):
        return {}
    return {part.package: package(part.package).version for part, _ in parts_of(name, config)}


def attribution(config: CorpusConfig) -> str:
    """The text of the corpus's `ATTRIBUTION.md`: its packages, and what the catalogue says of the other sources."""
    entries = ((name, entry) for name, entry in config.chosen.items() if isinstance(entry, FileSource))
    lines = [f"- {name}: {entry.attribution or 'files of the user'} ({entry.licence})\n" for name, entry in entries]
    return packages.attribution(used_packages(config)) + "".join(sorted(lines))
