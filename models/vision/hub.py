"""Where a published encoder lies: a local folder in Hugging Face's layout, or a repository of the hub, in its cache.

A repository is pinned by a commit, so that it never changes. It is downloaded where there is a network and it was not
before; no code of it is run, and of its weights safetensors alone are read, since others are pickles.
"""

import json
import re
from pathlib import Path
from typing import Any

CONFIG, PREPROCESSOR, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
_INDEX, _PICKLED = f"{WEIGHTS}.index.json", ("pytorch_model.bin", "pytorch_model.bin.index.json")
_NAME, _COMMIT = re.compile(r"[\w.-]+/[\w.-]+"), re.compile(r"[0-9a-f]{40}")


def folder_of(path: str, revision: str | None, weights: bool) -> Path:
    """The folder of an encoder.

    Args:
        path: A folder, or a repository of the hub, `owner/name`.
        revision: The commit of the repository; None for a folder.
        weights: Whether its weights are needed, or only what describes it.

    Raises:
        ValueError: If there is none, it cannot be downloaded, or it lacks a file; the message says what to do.
    """
    folder = Path(path)
    if not folder.is_dir() and _NAME.fullmatch(path) and not path.startswith("."):
        folder = _from_hub(path, revision, weights)
    elif revision is not None:
        raise ValueError(f"{path} is a folder, which has no revision: leave it out")
    if not (folder / CONFIG).is_file():
        raise ValueError(f"{path} is no folder of an encoder: it has no {CONFIG}")
    if weights or folder == Path(path):
        weight_files(folder, path)
    return folder


def weight_files(folder: Path, path: str) -> list[Path]:
    """The files with the weights: one, or the shards that an index names.

    Raises:
        ValueError: If there is none, one is missing, or there are only pickles.
    """
    found = [folder / WEIGHTS]
    if not found[0].is_file() and (folder / _INDEX).is_file():
        shards = set(read_mapping(folder / _INDEX).get("weight_map", {}).values())
        found = [folder / name for name in sorted(shards)] or found
    for file in found:
        if not file.is_file():
            pickled = any((folder / name).is_file() for name in _PICKLED)
            hint = (
                "; its weights are pickled, which are not read: save them with `safe_serialization`" if pickled else ""
            )
            raise ValueError(f"{path} is no folder of an encoder: it has no {file.name}{hint}")
    return found


def read_mapping(path: Path) -> dict[str, Any]:
    """A JSON file that holds a mapping.

    Raises:
        ValueError: If it does not, or cannot be read.
    """
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} cannot be read: it holds no mapping")
    return found


def _from_hub(name: str, revision: str | None, weights: bool) -> Path:
    """A repository's folder in the hub's cache."""
    if revision is None or not _COMMIT.fullmatch(revision):
        raise ValueError(
            f"there is no folder {name}; for the repository {name} of the hub give `revision`, the commit of 40 "
            "hexadecimal digits under its files and versions"
        )
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = [CONFIG, PREPROCESSOR, *(["*.safetensors", _INDEX] if weights else [])]
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=wanted, local_files_only=True))
        if (folder / CONFIG).is_file() and not (weights and _lacks_weights(folder)):
            return folder
    except LocalEntryNotFoundError:
        pass
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
        if weights and constants.HF_HUB_OFFLINE and _lacks_weights(folder):
            raise OSError("its weights are not there, and HF_HUB_OFFLINE is set")
        return folder
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ValueError(
            f"the repository {name} at {revision} is not in the hub's cache and cannot be downloaded: {error}. Where "
            f"there is a network, run `hf download {name} --revision {revision}`, or copy its folder here and name that"
        ) from None


def _lacks_weights(folder: Path) -> bool:
    try:
        weight_files(folder, str(folder))
    except ValueError:
        return True
    return False
