"""What an artifact was made on: what can decide the last bits of a result beside code, packages, config and inputs.

It stands in the manifest and enters neither the key nor the digest: the same bytes are the same artifact wherever they
were made.
"""

import dataclasses
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from inkling.models.strict_json import to_json

IMAGE_VARIABLE = "INKLING_IMAGE"
"""Environment variable of a task in a container: the reference of its image, with the digest where it is pinned."""
_PROCESSOR = Path("/proc/cpuinfo")
# Vector extensions by which torch, oneDNN, OpenBLAS and ONNX Runtime choose among their kernels, and so the order of
# sums: on x86-64, then on ARM.
_EXTENSIONS = (
    "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16",
    "asimd", "asimddp", "sve", "sve2", "bf16", "i8mm",
)  # fmt: skip
RECORD = "build_environment.json"
"""File in a draft's `work`, see `record`."""


@dataclass(frozen=True)
class Machine:
    """A machine, as far as it decides bits.

    Attributes:
        image: Reference of the container's image; None outside of a container.
        processor: Model of the CPU.
        instructions: Its vector extensions.
        threads: Threads of torch, None for what was made without torch.
        device: "cpu", or the model of the GPU.
    """

    image: str | None
    processor: str
    instructions: tuple[str, ...]
    threads: int | None
    device: str

    @classmethod
    def here(cls) -> Self:
        """This process's machine; torch is queried only where it is in use already."""
        torch = sys.modules.get("torch")
        threads, device = None, "cpu"
        if torch:
            threads = torch.get_num_threads()
            device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
        model, extensions = processor(_PROCESSOR.read_text() if _PROCESSOR.exists() else "")
        return cls(os.environ.get(IMAGE_VARIABLE), model, extensions, threads, device)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Reads what a manifest holds."""
        return cls(**{**raw, "instructions": tuple(raw["instructions"])})

    def differences(self, other: Self) -> list[str]:
        """What of this machine, the one here, is otherwise than on another that was recorded; in words."""
        found = []
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine != theirs and not (field.name == "threads" and None in (mine, theirs)):
                found.append(f"{field.name} here {_words(mine)}, was {_words(theirs)}")
        return found


def processor(described: str) -> tuple[str, tuple[str, ...]]:
    """Model and vector extensions of the CPU.

    Args:
        described: Linux's `/proc/cpuinfo`; empty on another system, where only the architecture is known.
    """
    lines = (line.partition(":") for line in described.splitlines())
    facts: dict[str, str] = {}
    for name, _, value in lines:
        facts.setdefault(name.strip(), value.strip())
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    model = facts.get("model name") or platform.processor() or platform.machine()
    return model, tuple(name for name in _EXTENSIONS if name in flags)


def record(work: Path) -> None:
    """Records in a draft's `work` that the artifact is made on this machine, not on that of the stage's process."""
    work.mkdir(parents=True, exist_ok=True)
    (work / RECORD).write_text(to_json(dataclasses.asdict(Machine.here())))


def recorded(work: Path) -> Machine:
    """The machine that `record` has recorded; else this one."""
    path = work / RECORD
    return Machine.parse(json.loads(path.read_text())) if path.exists() else Machine.here()


def _words(value: object) -> str:
    if value is None:
        return "none"
    return " ".join(value) or "none" if isinstance(value, tuple) else str(value)
