"""The Part artifact: work that one of several tasks has made ready, for the task that puts it together.

A part holds finished units of a stage's work under the paths that they have in that stage's scratch directory; its
provenance records for which result they were made. Whoever gathers parts makes what none of them holds, so how the work
was shared out can cost time and change no byte.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from inkling.components.shared.config import ConfigError, StageConfig
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import MANIFEST
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, link, produce, stored_path

GATHERED = ("parts", "prepared")
"""Inputs of components that hold parts; they are no inputs of what is made."""


class Part(Artifact):
    """Units of a stage's work."""

    type: ClassVar[str] = "Part"


@dataclass(frozen=True)
class Share:
    """What falls to one of several tasks.

    Attributes:
        number: Which task it is, from 0.
        of: How many tasks there are.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        """Refuses a task that there is not."""
        if not 0 <= self.number < self.of:
            raise ConfigError(f"part {self.number} of {self.of}: parts are numbered from 0 to {self.of - 1}")

    @property
    def name(self) -> str:
        """The name of its part."""
        return f"part-{self.number}-of-{self.of}"

    def holds(self, source: int, unit: int) -> bool:
        """Whether a unit falls to this task: those of a source go round, each source begins with another task.

        Args:
            source: Place of the unit's source.
            unit: Place of the unit in its source.
        """
        return (source + unit) % self.of == self.number


def produce_part(
    output: str | Path,
    config: StageConfig,
    inputs: Mapping[str, Artifact],
    whole: str,
    name: str,
    make: Callable[[Draft], None],
) -> Part:
    """Makes a part, or an empty one where the store holds the whole already.

    Args:
        output: Where the part shall lie.
        config: The stage's configuration.
        inputs: The artifacts that the whole is made from, by name.
        whole: Name of the stage's output that the part is for.
        name: What tells the part from the others of that output.
        make: Writes the units into the draft, as for `produce`.
    """
    stored = stored_path(provenance(config, inputs), whole)
    if stored and (stored / MANIFEST).exists():
        return produce(Part, output, config, inputs, lambda draft: None, "part-of-nothing")
    return produce(Part, output, config, inputs, make, name)


def gather(parts: Sequence[str | Path], key: str, folder: Path, *patterns: str) -> None:
    """Puts the units of parts into a work folder, each whole or not at all.

    Args:
        parts: The parts; one that was made for another result is left aside, and its work done again.
        key: The key of the result.
        folder: The work folder; what it has already stays.
        patterns: Which paths of a part are units, in the order in which they go; a directory is one unit.

    Raises:
        ArtifactError: If a part is not what was written.
    """
    for place in parts:
        part = Part.open(place)
        if part.manifest.provenance.key != key:
            note(f"left aside, for it was made by other code or of other inputs: {place}")
            continue
        for path in (path for pattern in patterns for path in sorted(part.path.glob(pattern))):
            target = folder / path.relative_to(part.path)
            if path.name != MANIFEST and not target.exists():
                link(path, target)
