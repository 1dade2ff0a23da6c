"""The Rehearsal artifact: what the real server answered to questions that the evaluator scored before."""

from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact
from inkling.models.strict_json import to_json

REHEARSAL = "rehearsal.json"


class Rehearsal(Artifact):
    """Whether the server answers as the evaluator did."""

    type: ClassVar[str] = "Rehearsal"
    schema: ClassVar[int] = 2

    def outcome(self) -> dict[str, Any]:
        """The questions, agreements with the evaluator by view, disagreements (none), and sample chats."""
        return self.read_json(REHEARSAL)


def write_rehearsal(directory: Path, outcome: dict[str, Any]) -> None:
    """Writes the outcome."""
    (directory / REHEARSAL).write_text(to_json(outcome, indent=2, ensure_ascii=False) + "\n")
