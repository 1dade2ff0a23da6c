"""What is kept of every run, also of one that failed: how it ended and what it was."""

from pathlib import Path

from inkling.components.shared.config import read_mapping
from inkling.components.shared.runtime.progress import note
from inkling.models.strict_json import to_json


def write_summary(config: str, state: str, error: str, output: str | Path) -> None:
    """Writes the summary of a run and logs it.

    Args:
        config: The whole profile, as YAML text.
        state: The state that KFP reports, such as SUCCEEDED or FAILED.
        error: KFP's message, empty if the run succeeded.
        output: File that the summary goes to.
    """
    profile = read_mapping(config)
    summary = {
        "state": state,
        "error": error,
        "recipe": (profile.get("mixture") or {}).get("recipe"),
        "seed": profile.get("seed", 0),
    }
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(summary, indent=2) + "\n")
    note(f"the run ended: {state}{f' ({error})' if error else ''}")
