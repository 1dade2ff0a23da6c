"""What the fork server of local runs imports before it forks tasks (see `warm.py`); nothing else imports this."""

import atexit
import os
import shutil
import signal

if sockets := os.environ.get("INKLING_SOCKETS"):
    atexit.register(shutil.rmtree, sockets, ignore_errors=True)

# A Ctrl-C belongs to the run, not to these imports; what the frameworks print on import is of no use.
signal.signal(signal.SIGINT, signal.SIG_IGN)
_STDERR = 2
_stderr, _nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, _STDERR)
try:
    import kfp.dsl.executor_main  # noqa: F401

    import inkling.models.multimodal
    import inkling.models.training.trainer  # noqa: F401
finally:
    os.dup2(_stderr, _STDERR)
