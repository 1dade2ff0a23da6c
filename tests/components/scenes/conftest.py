"""What the tests of the stage share."""

import pytest

from inkling.components.scenes.catalogue import Catalogue, catalogue


@pytest.fixture
def things() -> Catalogue:
    """The catalogue that ships with the stage."""
    return catalogue()
