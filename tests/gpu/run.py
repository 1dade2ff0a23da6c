"""What only a GPU can tell, part after part: is it right, does reading help seeing, how fast, how it serves.

Each unit of work ends with a row in the ledger; a run that was cut off goes on behind its last row.

Examples:
    python tests/gpu/run.py                          # all parts, at most 8 minutes
    python tests/gpu/run.py --part fast --minutes 4  # one of them; what is done is not done again
    python tests/gpu/run.py --only "bf16, killed"    # units by a part of their name
    python tests/gpu/run.py --sizes rehearsal        # every part on a CPU, in minutes
"""

import argparse
import datetime
import importlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger import Ledger
    from unit import Part, Unit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PARTS = ("correct", "reading", "fast", "served")
_TRAINING = ("lightning", "nemo", "omegaconf", "pydantic")
_END = 5.0  # seconds kept for ending what runs, and for the tables


def parts(names: Sequence[str]) -> list["Part"]:
    """The parts of these names."""
    from parts.correct import Correct
    from parts.reading import Reading
    from parts.serving import Serving
    from parts.throughput import Throughput

    return [part for part in (Correct(), Reading(), Throughput(), Serving()) if part.name in names]


def main() -> None:
    """Runs what is left to run, then prints and writes the tables."""
    arguments = _arguments()
    end = time.monotonic() + 60 * arguments.minutes - _END
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a script starts in the background ignores it
    sys.path.insert(0, str(HERE))
    import machine

    rehearsal = arguments.sizes == "rehearsal"
    if rehearsal:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    found = {"date": datetime.date.today().isoformat(), **machine.look(arguments.work, cuda=not rehearsal)}
    print(", ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    _prepare_path(arguments.kit, arguments.work)
    import yaml
    from data import unpack
    from ledger import Ledger
    from schedule import run_part

    sizes = yaml.safe_load((HERE / "sizes.yaml").read_text())[arguments.sizes]
    chosen = parts(arguments.part or PARTS)
    data = arguments.work / "data"
    kit = {"data": unpack(arguments.kit, data).digest} if any(part.reads_data for part in chosen) else {}
    ledger = Ledger(
        arguments.ledger, {part.name: {**sizes[part.name], **(kit if part.reads_data else {})} for part in chosen}
    )
    left: dict[str, list[Unit]] = {}
    skipped: dict[str, list[str]] = {}
    stopped = False
    try:
        broken = _import()
        for number, part in enumerate(chosen):
            units = _named(part.units(sizes[part.name], data, arguments.work / part.name), arguments.only)
            units, skipped[part.name] = _possible(part, units, broken)
            # What a part does not use of its share, the next ones may.
            share = sizes["seconds"][part.name] / sum(sizes["seconds"][one.name] for one in chosen[number:])
            until = time.monotonic() + (end - time.monotonic()) * share
            done = len(ledger.done(part.name))
            print(f"{part.name}: {len(units)} units, {done} done, {until - time.monotonic():.0f} s", flush=True)
            logs = arguments.work / "logs" / part.name
            lanes = dict.fromkeys(part.lanes, 1) if rehearsal else part.lanes
            left[part.name] = run_part(part, units, ledger, logs, until, lanes, sizes["grace"])
    except (OSError, KeyboardInterrupt) as error:
        stopped, why = True, str(error) or "interrupted"
        print(f"stopped: {why}; the ledger {arguments.ledger} keeps what was done, the same command goes on")
    finally:
        report = _report(found, chosen, ledger, left, skipped)
        print(report, flush=True)
        try:
            arguments.ledger.with_suffix(".md").write_text(report)
        except OSError as error:
            print(f"the tables could not be written to a file: {error}")
    sys.exit(
        stopped
        or any(row.failure or row.figures.get("right") is False for part in chosen for row in ledger.of(part.name))
    )


def _possible(part: "Part", units: list["Unit"], broken: Mapping[str, str]) -> tuple[list["Unit"], list[str]]:
    """The units for which this machine and the kit have the modules, and a line for each of the others."""
    import machine

    possible, skipped = [], []
    for unit in units:
        modules = (*part.modules, *unit.modules)
        absent = sorted({*machine.lacking(modules), *(broken[name] for name in modules if name in broken)})
        if absent:
            skipped.append(f"skipped: {unit.name}: this machine and the kit lack {', '.join(absent)}")
            print(f"{part.name}: {skipped[-1]}")
        else:
            possible.append(unit)
    return possible, skipped


def _named(units: list["Unit"], text: str) -> list["Unit"]:
    """The units whose name contains a text, and those that they need."""
    names = {unit.name for unit in units if text in unit.name}
    names |= {need for unit in units if unit.name in names for need in unit.needs}
    return [unit for unit in units if unit.name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; repeatable")
    parser.add_argument("--only", default="", help="only units whose name contains this, with those that they need")
    parser.add_argument("--sizes", choices=("h100", "rehearsal"), default="h100", help="a set of sizes.yaml")
    parser.add_argument("--minutes", type=float, default=8.0, help="when to stop; units that would end later are left")
    parser.add_argument("--kit", type=Path, default=ROOT / ".build" / "gpu-kit", help="what `make gpu-kit` made")
    parser.add_argument("--work", type=Path, default=ROOT / ".build" / "gpu", help="scratch space on a disk")
    parser.add_argument("--ledger", type=Path, help="file of the rows; in the work folder if not given")
    arguments = parser.parse_args()
    arguments.ledger = arguments.ledger or arguments.work / f"{arguments.sizes}.jsonl"
    return arguments


def _prepare_path(kit: Path, work: Path) -> None:
    """Makes `inkling` and the kit's packages importable, here and in the processes that are started."""
    tree, site = work / "tree", work / "site"
    tree.mkdir(parents=True, exist_ok=True)
    if not (tree / "inkling").exists():
        (tree / "inkling").symlink_to(ROOT, target_is_directory=True)
    first = [str(site), str(tree), str(HERE)]
    sys.path[:0] = first
    from kit import install, left_out

    for wheel in left_out(kit):
        print(f"not in the kit, which had no room for it: {wheel}")
    installed = install(kit, site)
    importlib.invalidate_caches()
    if installed:
        print(f"installed from the kit: {', '.join(installed)}", flush=True)
    os.environ["PYTHONPATH"] = os.pathsep.join([*first, os.environ.get("PYTHONPATH", "")])
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # asking whether there is a GPU must not touch it
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(work / "inductor"))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _import() -> dict[str, str]:
    """Imports once, for all the forks; no import may touch CUDA.

    Returns:
        The modules of training if they cannot be imported, each with the module that they lack.
    """
    import machine

    broken: dict[str, str] = {}
    if not machine.lacking(_TRAINING):
        from inkling.models.training.process import quiet_frameworks

        quiet_frameworks()
        try:
            from inkling.models.training import trainer

            if machine.lacking(("tensorboard",)):  # its logs are not read here, and it does not fit the kit
                settings = trainer._manager_config
                trainer._manager_config = lambda work: {**settings(work), "create_tensorboard_logger": False}
        except ModuleNotFoundError as error:
            broken = dict.fromkeys(("lightning", "nemo"), str(error.name))
    import torch

    if torch.cuda.is_initialized():
        raise machine.Unfit("an import has touched CUDA, so that no process can be forked any more")
    return broken


def _report(
    found: Mapping[str, object],
    chosen: Sequence["Part"],
    ledger: "Ledger",
    left: Mapping[str, list["Unit"]],
    skipped: Mapping[str, list[str]],
) -> str:
    lines = [", ".join(f"{name} {value}" for name, value in found.items())]
    for part in chosen:
        rows = ledger.of(part.name)
        failed = [row for row in rows if row.failure]
        seconds = sum(row.seconds for row in rows)
        lines += ["", f"## {part.name}", "", f"{len(rows) - len(failed)} units, {seconds:.0f} s", ""]
        lines += [part.tables(rows)] if rows else []
        lines += [f"- failed: {row.unit}: {row.failure}" for row in failed]
        lines += [f"- {line}" for line in skipped.get(part.name, ())]
        lines += (
            [f"- left for want of time, the same command goes on: {', '.join(unit.name for unit in left[part.name])}"]
            if left.get(part.name)
            else []
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
