"""How a rank leaves its exception for torchrun: in one step, for torchrun reads while ranks are still failing.

torch's own error handler opens the file first and fills it then. A peer that fails in another rank's wake is ended in
between, and torchrun gives up over the empty file instead of telling which rank failed.
"""

from collections.abc import Callable
from pathlib import Path

from torch.distributed.elastic.multiprocessing.errors import ErrorHandler
from torch.distributed.elastic.multiprocessing.errors import record as record_with

_PART = ".part"


class _InOneStep(ErrorHandler):
    def _get_error_file_path(self) -> str | None:
        path = super()._get_error_file_path()
        return path + _PART if path else None

    def record_exception(self, e: BaseException) -> None:
        super().record_exception(e)
        if part := self._get_error_file_path():
            Path(part).replace(part.removesuffix(_PART))


def record(main: Callable[[], None]) -> Callable[[], None]:
    """Makes a rank's main function leave what it raises, with its traceback, where torchrun looks for it."""
    return record_with(main, error_handler=_InOneStep())
