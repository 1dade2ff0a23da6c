"""The kit: a folder with what a GPU machine without a network lacks. Made where there is one, used from it alone.

Example:
    python tests/gpu/kit.py                 # wheels and data into .build/gpu-kit
    python tests/gpu/kit.py --room 512      # 512 MiB of it, so that ONNX Runtime comes along
    python tests/gpu/kit.py --sizes rehearsal --only data
"""

import argparse
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KIT, SIZES, WHEELS = (
    ROOT / ".build" / "gpu-kit",
    Path(__file__).with_name("sizes.yaml"),
    Path(__file__).with_name("wheels.yaml"),
)
PACKED, _LEFT_OUT = "data.tar.xz", "left_out.json"
TRIP = 64
"""MiB that go to the machine at a time."""


def constraints() -> dict[str, str]:
    """The versions that the project pins, by the normalised name of the package."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if "==" in line)
    return {normal(name): version.split(";")[0].split()[0] for name, version in pins}


def normal(name: str) -> str:
    """A package's name as indices compare it."""
    return name.lower().replace("_", "-").replace(".", "-")


def collect_wheels(folder: Path, wanted: Sequence[str], target: Mapping[str, Any]) -> list[Path]:
    """Downloads wheels for the target's Python and platform; what has none is built here, if it is pure Python.

    Args:
        folder: Takes them; emptied first.
        wanted: Names of packages, each at the version that the project pins.
        target: `python` and `platforms` of the machine.

    Raises:
        SystemExit: If pip finds no wheel of a package; its own words tell why.
    """
    from inkling.components.shared.runtime.progress import Progress

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pins = constraints()
    platforms = [part for platform in target["platforms"] for part in ("--platform", platform)]
    python = ["--python-version", target["python"], "--implementation", "cp"]
    with Progress("collecting wheels", len(wanted), "packages") as progress:
        for name in wanted:
            pinned = f"{name}=={pins[normal(name)]}"
            download = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder)]
            ended = subprocess.run(
                [*download, "--only-binary=:all:", *python, *platforms, pinned], capture_output=True, text=True
            )
            if ended.returncode:
                build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder)]
                built = subprocess.run([*build, pinned], capture_output=True, text=True)
                if built.returncode or not list(folder.glob(f"{name.replace('-', '_')}-*-none-any.whl")):
                    raise SystemExit(f"no wheel of {pinned} for the machine:\n{ended.stderr}{built.stderr}")
            progress.advance()
    return sorted(folder.glob("*.whl"))


def fitting(groups: Iterable[Sequence[Path]], room: int) -> tuple[list[Path], list[Path]]:
    """The files that fit, taken in their order, each group whole, and those left out."""
    taken: list[Path] = []
    left: list[Path] = []
    for group in groups:
        size = sum(file.stat().st_size for file in group)
        fits = size <= room
        (taken if fits else left).extend(group)
        room -= size if fits else 0
    return taken, left


def install(kit: Path, site: Path) -> list[str]:
    """Puts the wheels whose packages this Python lacks, or has in another version where that matters, into a folder.

    Args:
        kit: The kit.
        site: The folder; to be put in front of the path.

    Returns:
        The names of what was installed.

    Raises:
        SystemExit: If pip fails.
    """
    plan = yaml.safe_load(WHEELS.read_text())
    lacking = []
    for wheel in sorted((kit / "wheels").glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        here = _version(name)
        if here is None or (normal(name) in map(normal, plan["exact"]) and here != version):
            lacking.append(wheel)
    if not lacking:
        return []
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    ended = subprocess.run(
        [*pip, "--no-cache-dir", "--upgrade", "--target", str(site), *map(str, lacking)], capture_output=True, text=True
    )
    if ended.returncode:
        raise SystemExit(f"the kit's wheels could not be installed into {site}:\n{ended.stderr.strip()}")
    return [wheel.name.split("-")[0] for wheel in lacking]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def main() -> None:
    """Makes the kit and lists it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kit", type=Path, default=KIT, help="the folder")
    parser.add_argument("--sizes", default="h100", help="whose data: h100 or rehearsal")
    parser.add_argument("--only", choices=("wheels", "data"), help="one half of it")
    parser.add_argument("--room", type=int, default=TRIP, help="MiB that it may take")
    arguments = parser.parse_args()
    arguments.kit.mkdir(parents=True, exist_ok=True)
    if arguments.only != "wheels":
        from data import collect

        collect(arguments.kit, yaml.safe_load(SIZES.read_text())[arguments.sizes]["data"])
    if arguments.only != "data":
        fill(arguments.kit, yaml.safe_load(WHEELS.read_text()), arguments.room)
    _list(arguments.kit)


def fill(kit: Path, plan: Mapping[str, Any], room: int) -> None:
    """Puts wheels into a kit until it is full, and notes those left out with their sizes.

    Args:
        kit: The kit; its data are in it already.
        plan: The content of `wheels.yaml`.
        room: MiB that the kit may take.
    """
    groups = groups_of(plan)
    with tempfile.TemporaryDirectory(dir=kit) as temporary:
        found = collect_wheels(Path(temporary), [name for group in groups for name in group], plan["target"])
        by_name = {normal(wheel.name.split("-")[0]): wheel for wheel in found}
        ordered = [[by_name[normal(name)] for name in group] for group in groups]
        taken, left = fitting(ordered, (room << 20) - _size(kit / PACKED))
        shutil.rmtree(kit / "wheels", ignore_errors=True)
        (kit / "wheels").mkdir()
        for wheel in taken:
            wheel.rename(kit / "wheels" / wheel.name)
        (kit / _LEFT_OUT).write_text(json.dumps({wheel.name: _size(wheel) for wheel in left}, indent=1) + "\n")


def groups_of(plan: Mapping[str, Any]) -> list[list[str]]:
    """The names of the packages of a plan, in its order; those of a group are of no use without one another."""
    return [[entry] if isinstance(entry, str) else entry for entry in plan["wheels"]]


def left_out(kit: Path) -> list[str]:
    """The wheels that a kit had no room for, with their sizes."""
    path = kit / _LEFT_OUT
    sizes = json.loads(path.read_text()) if path.exists() else {}
    return [f"{name} ({size / 1e6:,.1f} MB)" for name, size in sizes.items()]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _list(kit: Path) -> None:
    files = [*sorted((kit / "wheels").glob("*.whl")), kit / PACKED]
    for file in files:
        print(f"{_size(file) / 1e6:>9.2f} MB  {file.name}")
    print(f"{sum(map(_size, files)) / 1e6:>9.2f} MB in {kit}")
    for wheel in left_out(kit):
        print(f"left out for want of room: {wheel}")


if __name__ == "__main__":
    main()
