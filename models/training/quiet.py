"""Frameworks that talk a lot, brought down to errors: the console belongs to our own progress."""

import logging
import warnings


def quiet_frameworks() -> None:
    """Silences the notices and warnings of Lightning, NeMo and what they import."""
    warnings.filterwarnings("ignore", module=r"(lightning|nemo|torch|pytorch_lightning|megatron|pydantic)\b.*")
    import lightning.pytorch  # noqa: F401 (importing it sets the levels that are changed here)
    from nemo.utils import logging as nemo_logging

    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "nv_one_logger"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Its one error says that it has not tried sharded networks; ours are tested.
    nemo_logging.setLevel(logging.CRITICAL)
