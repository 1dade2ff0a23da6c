"""Prints the keys of all stages under all profiles, as JSON, for each change of a copy of the tree.

Reads lines of JSON, each the contents of files by path, and answers each with a line. Run with the directory that holds
the copy as its argument; the copy's modules are imported in a fork, so that the next change finds none of them.
"""

import functools
import json
import os
import sys
from pathlib import Path

import numpy  # noqa: F401 (what is imported here needs no import in every fork)
import pyarrow.parquet  # noqa: F401
import pydantic  # noqa: F401
import yaml

yaml.safe_load = functools.partial(yaml.load, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # ten times faster
MADE_BY = {"language_model": "pretrain", "features": "encode", "multimodal_model": "adapt"}
ORDER = ("pretrain", "encode", "adapt")
"""The stages that make what others run come first."""


def keys() -> dict[str, str]:
    """The key of each stage, by profile and stage; inputs always have the same content."""
    from inkling.components.shared.store.artifact import Artifact
    from inkling.components.shared.store.manifest import Manifest
    from inkling.components.shared.store.provenance import provenance
    from inkling.pipelines import profiles

    found = {}
    for profile in profiles.names():
        mapping, made = yaml.safe_load(profiles.load(profile)), {}
        for stage in dict.fromkeys((*ORDER, *profiles.STAGES, *profiles.OPTIONAL)):
            config = profiles.stage_config(stage).parse(mapping)
            inputs = {
                name: Artifact(Path(), Manifest("Any", 1, {"file": name}, made[MADE_BY[name]])) for name in config.runs
            }
            made[stage] = provenance(config, inputs)
            found[f"{profile}/{stage}"] = made[stage].key
    return found


def answer(root: Path, changed: dict[str, str]) -> None:
    """Prints the keys with some files changed, and puts the tree back."""
    before = {root / name: _state(root / name) for name in changed}
    for name, text in changed.items():
        (root / name).write_text(text)
    process = os.fork()
    if not process:
        try:
            print(json.dumps(keys()), flush=True)
        finally:
            os._exit(0)
    os.waitpid(process, 0)
    for path, state in before.items():
        if state is None:
            path.unlink()
        else:
            path.write_text(state[0])
            os.utime(path, ns=state[1:])  # by which Python tells that it has compiled another text


def _state(path: Path) -> tuple[str, int, int] | None:
    """Content and times of a file, if there is one."""
    return (path.read_text(), path.stat().st_atime_ns, path.stat().st_mtime_ns) if path.exists() else None


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    for line in sys.stdin:
        answer(folder / "inkling", json.loads(line))
