"""An encoder's description survives being stored, and a wrong one is refused."""

import pytest

from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.efficientnet import LITE0


def test_survives_being_stored() -> None:
    assert EncoderConfig.from_dict(LITE0.to_dict()) == LITE0
    assert LITE0.tokens == 16


@pytest.mark.parametrize(
    ("change", "message"),
    [({"grid": 0}, "grid"), ({"scale": -1}, "scale"), ({"depth": 3}, "exactly"), ({"channels": None}, "exactly")],
)
def test_refuses_what_cannot_be(change: dict[str, object], message: str) -> None:
    values = {**LITE0.to_dict(), **change}
    wrong = {name: value for name, value in values.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        EncoderConfig.from_dict(wrong)
