"""What a result depends on."""

from typing import ClassVar

from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.provenance import provenance


class ScenesLike(StageConfig):
    """Settings of a stage that has code."""

    stage: ClassVar[str] = "scenes"

    scenes: int = 3


def test_the_key_depends_on_the_config_and_on_the_inputs() -> None:
    key = provenance(ScenesLike(), {"corpus": "a"}).key
    assert key == provenance(ScenesLike(scenes=3), {"corpus": "a"}).key
    assert key != provenance(ScenesLike(scenes=4), {"corpus": "a"}).key
    assert key != provenance(ScenesLike(), {"corpus": "b"}).key
    assert key != provenance(ScenesLike(), {"text": "a"}).key
