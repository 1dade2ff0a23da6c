import json
from pathlib import Path

import pytest

from inkling.components.shared.launch.record import record


def _fail() -> None:
    raise ArithmeticError("this rank cannot count")


def test_what_a_rank_raises_stands_in_its_error_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "error.json"
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(file))
    with pytest.raises(ArithmeticError):
        record(_fail)()
    assert json.loads(file.read_text())["message"]["message"] == "ArithmeticError: this rank cannot count"
    assert list(tmp_path.iterdir()) == [file]


def test_a_rank_ended_while_it_writes_leaves_no_error_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(data: object, file: object) -> None:
        raise SystemExit(143)

    file = tmp_path / "error.json"
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(file))
    monkeypatch.setattr(json, "dump", ended)
    with pytest.raises(SystemExit):
        record(_fail)()
    assert not file.exists()


def test_without_torchrun_it_only_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_ERROR_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArithmeticError):
        record(_fail)()
    assert not list(tmp_path.iterdir())
