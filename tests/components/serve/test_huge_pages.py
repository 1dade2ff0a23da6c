"""Large blocks of memory move into huge pages with their contents; what is not in memory is not brought there."""

import mmap
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.bundle import Bundle
from inkling.components.serve import model
from inkling.components.serve.huge_pages import use_huge_pages
from inkling.components.serve.settings import Settings

SIZE = 32 << 20
MODE = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def rolled_up(field: str) -> int:
    """Bytes of this process's memory of a kind."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{field}:"))


@pytest.fixture
def block() -> Iterator[mmap.mmap]:
    with mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as found:
        yield found


@pytest.fixture
def has_huge_pages() -> None:
    if not sys.platform.startswith("linux") or not MODE.is_file() or "[never]" in MODE.read_text():
        pytest.skip("this machine gives no huge pages")
    major, minor = (int(part) for part in Path("/proc/sys/kernel/osrelease").read_text().split(".")[:2])
    if (major, minor) < (6, 1):
        pytest.skip("this kernel cannot gather pages that are there")


def test_what_is_in_memory_moves_with_its_contents(has_huge_pages: None, block: mmap.mmap) -> None:
    values = np.frombuffer(block, np.uint8)
    values[:] = np.arange(SIZE, dtype=np.uint32).astype(np.uint8)
    before = rolled_up("AnonHugePages")
    moved = use_huge_pages()
    assert moved >= SIZE // 2 and rolled_up("AnonHugePages") >= before + SIZE // 2
    assert (values == np.arange(SIZE, dtype=np.uint32).astype(np.uint8)).all()
    del values


def test_what_is_not_in_memory_stays_out_of_it(has_huge_pages: None, block: mmap.mmap) -> None:
    block[0] = 1
    use_huge_pages()  # what there is besides
    before = rolled_up("Rss")
    use_huge_pages()
    assert rolled_up("Rss") < before + SIZE // 4


@pytest.mark.parametrize("large", [True, False])
def test_a_decoder_that_no_cache_holds_is_moved(served, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    moved: list[bool] = []
    monkeypatch.setattr(model, "use_huge_pages", lambda: moved.append(True))
    monkeypatch.setattr(model, "_LARGE", 1 if large else 1 << 40)
    served_model = model.InklingModel("inkling", Bundle.open(served.bundle), Settings(threads=1))
    assert served_model.load() and moved == [True] * large
