"""What a run prints of its probes."""

import io

from rich.console import Console

from inkling.components.shared.report.screen import show
from inkling.pipelines.local.summary import _probe

ROW = {"name": "grid", "suite": "", "layer": "mean of layers", "value": 0.0817, "low": 0.0779, "high": 0.0856,
       "null_low": 0.0194, "null_high": 0.0207}  # fmt: skip


def printed(shares: bool) -> str:
    probe = {"title": "Alignment", "shares": shares, "models": {"pretrained": [ROW], "no_pretraining": [ROW]}}
    title, table = _probe(probe)
    screen = io.StringIO()
    show(table, Console(file=screen, width=100))
    return f"{title}\n{screen.getvalue()}"


def test_a_probe_has_a_row_a_model_with_its_interval_and_what_chance_would_give() -> None:
    title, _, first, second = printed(True).splitlines()
    assert title == "Alignment, in per cent with 95 % intervals"
    assert first.split() == ["grid,", "mean", "of", "layers", "pre-trained", "8.2", "[7.8,", "8.6]", "1.9", "to", "2.1"]
    assert "no pretraining" in second


def test_what_is_no_share_is_printed_as_it_is() -> None:
    assert "0.0817 [0.0779, 0.0856]" in printed(False) and "0.0194 to 0.0207" in printed(False)
