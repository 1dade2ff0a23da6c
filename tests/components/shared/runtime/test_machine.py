"""The machine that an artifact was made on: what is read of it, and how two are told apart."""

import dataclasses
import json
from pathlib import Path

import pytest

from inkling.components.shared.runtime import machine
from inkling.components.shared.runtime.machine import Machine, processor

HERE = Machine("registry/train@sha256:1", "Model A", ("avx2", "fma"), 2, "cpu")


@pytest.mark.parametrize(
    ("described", "model", "extensions"),
    [
        ("model name : EPYC\nflags : fpu avx2 sse avx512f\n\nmodel name : other\n", "EPYC", ("avx2", "avx512f")),
        ("Features : fp asimd sve\nmodel name : Neoverse\n", "Neoverse", ("asimd", "sve")),
    ],
)
def test_model_and_vector_extensions_are_read(described: str, model: str, extensions: tuple[str, ...]) -> None:
    assert processor(described) == (model, extensions)


def test_a_system_that_describes_no_processor_still_names_one() -> None:
    model, extensions = processor("")
    assert model and extensions == ()


def test_the_image_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(machine.IMAGE_VARIABLE, raising=False)
    assert Machine.here().image is None
    monkeypatch.setenv(machine.IMAGE_VARIABLE, "registry/train@sha256:1")
    assert Machine.here().image == "registry/train@sha256:1"


def test_what_is_otherwise_is_reported_in_words() -> None:
    other = Machine(None, "Model B", (), 4, "NVIDIA H100")
    assert HERE.differences(HERE) == []
    assert other.differences(HERE) == [
        "image here none, was registry/train@sha256:1",
        "processor here Model B, was Model A",
        "instructions here none, was avx2 fma",
        "threads here 4, was 2",
        "device here NVIDIA H100, was cpu",
    ]
    assert dataclasses.replace(HERE, threads=None).differences(HERE) == []


def test_ranks_leave_word_of_their_machine(tmp_path: Path) -> None:
    assert machine.recorded(tmp_path) == Machine.here()
    machine.record(tmp_path)
    (record,) = tmp_path.iterdir()
    record.write_text(json.dumps({**json.loads(record.read_text()), "device": "NVIDIA H100"}))
    assert machine.recorded(tmp_path).device == "NVIDIA H100"
