"""What was computed of recent images and prompts, within a limit of memory: the least recently used goes first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from inkling.components.serve.metrics import CACHE_HITS, CACHE_MISSES


class RecentResults:
    """Results by what they were computed of; safe to use from several threads.

    Attributes:
        keeps: Whether anything is kept at all.
    """

    def __init__(self, max_bytes: int) -> None:
        """Takes how many bytes may be kept; nothing is with 0."""
        self.keeps = max_bytes > 0
        self._max, self._held = max_bytes, 0
        self._entries: OrderedDict[tuple[str, Hashable], tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, kind: str, key: Hashable) -> Any | None:
        """A result that is kept, which is then the last to go; None for none. The metrics count both, by kind."""
        with self._lock:
            found = self._entries.get((kind, key))
            if found is not None:
                self._entries.move_to_end((kind, key))
        (CACHE_MISSES if found is None else CACHE_HITS).labels(kind).inc()
        return None if found is None else found[0]

    def put(self, kind: str, key: Hashable, result: Any, size: int) -> None:
        """Keeps a result of so many bytes, unless it alone is too large."""
        if size > self._max:
            return
        with self._lock:
            self._held += size - self._entries.pop((kind, key), (None, 0))[1]
            self._entries[kind, key] = result, size
            while self._held > self._max:
                self._held -= self._entries.popitem(last=False)[1][1]
