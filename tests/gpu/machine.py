"""Whether this machine can do it: refusals in words, before any work, and what it is, for the report."""

import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

MINIMUM_PYTHON, ROOM = (3, 11), 4e9
_LOOK = (
    "import torch, json; torch.cuda.init(); free, whole = torch.cuda.mem_get_info(); print(json.dumps({"
    "'device': torch.cuda.get_device_name(), 'GiB': round(whole / 2**30, 1), 'GiB free': round(free / 2**30, 1), "
    "'CUDA': torch.version.cuda, 'bf16': torch.cuda.is_bf16_supported()}))"
)


class Unfit(SystemExit):
    """This machine cannot do it; the message says why and what to do."""


def look(work: Path, cuda: bool) -> dict[str, object]:
    """What this machine is.

    CUDA is asked in a process of its own: a process that has touched it cannot be forked.

    Args:
        work: The folder that will be written to.
        cuda: Whether a CUDA device is needed.

    Raises:
        Unfit: If it cannot run the parts.
    """
    if sys.platform != "linux" or sys.version_info[:2] < MINIMUM_PYTHON:
        raise Unfit(
            f"Linux and Python {MINIMUM_PYTHON[0]}.{MINIMUM_PYTHON[1]} are needed, "
            f"this is {platform.python_version()} on {sys.platform}"
        )
    absent = lacking(("torch", "transformers", "tokenizers", "safetensors", "pyarrow", "numpy", "yaml"))
    if absent:
        raise Unfit(f"{', '.join(absent)} must be installed already: the kit does not bring them")
    work.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(work).free
    if free < ROOM:
        raise Unfit(
            f"{work} has {free / 1e9:.1f} GB free, {ROOM / 1e9:.0f} are needed: name another folder with --work"
        )
    from importlib.metadata import version

    found: dict[str, object] = {
        "python": platform.python_version(), "torch": version("torch"), "transformers": version("transformers")
    }  # fmt: skip
    return {**(_device() if cuda else {"device": f"CPU ({platform.processor() or platform.machine()})"}), **found}


def lacking(modules: Iterable[str]) -> list[str]:
    """Which of these modules this Python cannot import."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


def _device() -> dict[str, object]:
    ended = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True)
    if ended.returncode == 0:
        driver = _driver()
        return {**json.loads(ended.stdout.splitlines()[-1]), "driver": driver}
    words = (ended.stderr.strip().splitlines() or [f"its process ended with status {ended.returncode}"])[-1]
    if "too old" in words or "forward compat" in words:
        raise Unfit(f"the NVIDIA driver ({_driver()}) is too old for this torch's CUDA: {words}")
    raise Unfit(
        f"torch finds no CUDA device: {words}. Without one, `make gpu-rehearsal` runs every part at small sizes"
    )


def _driver() -> str:
    try:
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip() or "unknown"
    except FileNotFoundError:
        return "unknown: there is no nvidia-smi"
