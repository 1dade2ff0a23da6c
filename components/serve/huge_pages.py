"""Weights in pages of 2 MiB: a model that is read from memory once a token then waits less for the page tables.

Linux gives such pages to who asks (`/sys/kernel/mm/transparent_hugepage/enabled` is usually `madvise`); ONNX Runtime
does not.
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_PAGE = 2 << 20
_FULL = 0.9  # of a mapping that is in memory: one that is not, such as a thread's stack, would grow
_COLLAPSE = 25  # MADV_COLLAPSE of Linux 6.1: gather what is there into large pages, now
_MAPPING = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0 *(?:\[heap\])?$(?:\n(?![0-9a-f]+-).*)*?\nRss: +(\d+) kB", re.M
)


def use_huge_pages() -> int:
    """Puts the large blocks of this process's memory into huge pages; where that is not to be had, nothing is done.

    Returns:
        Bytes that were moved.
    """
    if not sys.platform.startswith("linux"):
        return 0
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return sum(size for start, size in _blocks() if libc.madvise(start, size, _COLLAPSE) == 0)


def _blocks() -> Iterator[tuple[int, int]]:
    """Start and size of the anonymous mappings that hold a huge page or more and are all in memory."""
    try:
        mappings = Path("/proc/self/smaps").read_text()
    except OSError:
        return
    for found in _MAPPING.finditer(mappings):
        start, end = int(found[1], 16), int(found[2], 16)
        first, last = -(-start // _PAGE) * _PAGE, end // _PAGE * _PAGE
        if first < last and int(found[3]) << 10 >= _FULL * (end - start):
            yield first, last - first
