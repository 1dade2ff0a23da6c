"""Shared test settings: what a test may need, and the reason where it is skipped."""

import pytest
from hypothesis import settings

from inkling.components.packages import cache_directory, default_packages


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers, and takes the time limit off property tests: a loaded machine is no failure."""
    settings.register_profile("house", deadline=None)
    settings.load_profile("house")
    config.addinivalue_line("markers", "data: needs the data packages that `make fetch` downloads")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line("markers", "soak: takes minutes; `make soak` runs it, `make test` does not")
    config.addinivalue_line("markers", "containers: needs a Docker daemon")
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "network: needs the network")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips, with the reason, what this machine lacks."""
    missing = [entry.name for entry in default_packages() if not (cache_directory() / entry.file).exists()]
    if missing:
        skip = pytest.mark.skip(reason=f"data packages not fetched (run `make fetch`): {', '.join(missing)}")
        for item in items:
            if "data" in item.keywords:
                item.add_marker(skip)
