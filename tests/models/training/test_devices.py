import pytest
import torch

from inkling.models.training.devices import available_memory, device, device_names, matrix_rate


def test_every_kind_can_be_planned_for() -> None:
    assert {"cpu", "h100"} <= set(device_names())
    for name in device_names():
        kind = device(name)
        assert kind.memory > 1e8 and 0 < kind.share < 1 and kind.rate(True) >= kind.rate(False) > 1e8


def test_memory_is_what_is_left_of_this_machine() -> None:
    assert 1e8 < available_memory() < 1e14


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown device 'h1000'. Valid: auto, a100-80gb, cpu, h100"):
        device("h1000")


def test_the_rate_of_matrix_products_draws_no_random_number():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert matrix_rate(64, 32, 64, "cpu", bf16=False) > 1e6
    assert torch.equal(torch.rand(2), expected)
