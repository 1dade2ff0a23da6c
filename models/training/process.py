"""What a training process sets up for itself before it starts: quiet frameworks, and memory that is kept."""

import ctypes
import logging
import warnings

# Parameters of glibc's mallopt(3), and its largest threshold below which memory comes from the heap.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LARGEST_THRESHOLD, _NEVER_TRIM, _GROWTH = 32 << 20, (1 << 31) - 1, 256 << 20


def quiet_frameworks() -> None:
    """Silences the notices and warnings of Lightning, NeMo and what they import: the console shows our progress."""
    warnings.filterwarnings("ignore", module=r"(lightning|nemo|torch|pytorch_lightning|megatron|pydantic)\b.*")
    import lightning.pytorch  # noqa: F401 (importing it sets the levels that are changed here)
    from nemo.utils import logging as nemo_logging

    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "nv_one_logger"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Its one error says that it has not tried sharded networks; ours are tested.
    nemo_logging.setLevel(logging.CRITICAL)


def keep_freed_memory() -> None:
    """Keeps tensors of up to 32 MiB on the heap and the heap from shrinking; changes no result.

    Without it every step gives its activations back to the kernel and faults them in again, page by page: on a CPU that
    costs up to a fifth of the speed. Does nothing where the C library is not glibc.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return
    for parameter, value in (
        (_MMAP_THRESHOLD, _LARGEST_THRESHOLD),
        (_TRIM_THRESHOLD, _NEVER_TRIM),
        (_TOP_PAD, _GROWTH),
    ):
        library.mallopt(parameter, value)
