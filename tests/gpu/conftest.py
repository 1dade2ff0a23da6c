"""Puts the folder of the GPU check where its modules find one another, as `python tests/gpu/run.py` does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
