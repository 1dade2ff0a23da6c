"""Settings that cannot be used are refused with what is valid."""

import pytest

from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.config import ConfigError


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"batch": 3}, r"unknown key 'evaluate.batch'.*batch_size"),
        ({"batch_size": 0}, r"evaluate.batch_size"),
        ({"threads": 0}, r"evaluate.threads"),
        ({"seed": -1}, r"evaluate.seed"),
    ],
)
def test_unusable_settings_are_refused(section: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EvaluateConfig.parse({"evaluate": section})


def test_shared_settings_are_taken_from_the_profile() -> None:
    config = EvaluateConfig.parse({"seed": 5, "threads": 1, "evaluate": {"batch_size": 8}, "pretrain": {"steps": 3}})
    assert (config.seed, config.threads, config.batch_size) == (5, 1, 8)
