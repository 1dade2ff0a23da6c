"""Killed at random moments, an evaluation asks nothing again whose reply is on disk, and ends in the same bytes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.contract import Asked
from inkling.components.evaluate.scoring import order, reply_key

CONFIG = EvaluateConfig(seed=1, threads=1, batch_size=3)

KILLING = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path
import torch
from inkling.components.evaluate import scoring
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.config import EvaluateConfig
from inkling.models.inference import answering, torch_engine

kills, asked = int(sys.argv[1]), Path(sys.argv[6])
output, drawn = Path(sys.argv[5]), random.Random(kills)
log, ask = output.with_name(".answers.scratch") / "scenes.jsonl", scoring.ask

def ask_slowly(method, model, members, view):
    with asked.with_suffix(f".{number}").open("a") as file:
        file.write(json.dumps([[view, one.question.question_id] for one in members]) + "\\n")
    time.sleep(drawn.uniform(0.03, 0.05))
    return ask(method, model, members, view)

scoring.ask = ask_slowly
def begun(number):
    mark = asked.with_suffix(f".{number}")
    return mark.read_bytes().count(b"\\n") if mark.exists() else 0

for number in range(kills + 1):
    last = number == kills
    child = os.fork()
    if not child:
        build_evaluate(EvaluateConfig(seed=1, threads=1, batch_size=3), *sys.argv[2:6])
        os._exit(0)
    if not last:
        batches = drawn.randint(2, 2 + 12 // kills)
        while begun(number) < batches and not output.exists():
            time.sleep(0.001)
        time.sleep(drawn.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert status == (0 if last else signal.SIGKILL), (number, status)
    if not last:
        shutil.copy(log, f"{asked}.log.{number}")
"""


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.soak)])
def test_killed_at_random_it_asks_nothing_twice_and_ends_in_the_same_bytes(world, tmp_path: Path, kills: int) -> None:
    places = [str(place) for place in (world.model, world.questions, world.features, tmp_path / "answers")]
    marks = tmp_path / "asked"
    subprocess.run([sys.executable, "-c", KILLING, str(kills), *places, str(marks)], check=True, timeout=200)
    keys = {
        (view, one.question_id): reply_key(Asked(one, order(one, CONFIG.seed)), view, CONFIG)
        for view in ("visual", "blind", "mismatched")
        for one in Questions.open(world.questions).questions()
    }
    asked = [
        [tuple(one) for line in marks.with_suffix(f".{run}").read_text().splitlines() for one in json.loads(line)]
        for run in range(kills + 1)
    ]
    kept: list[int] = []
    for run, before in enumerate(asked[1:]):
        log = Path(f"{marks}.log.{run}").read_bytes()
        on_disk = {one for one, key in keys.items() if key.encode() in log[: log.rfind(b"\n") + 1]}
        kept.append(len(on_disk))
        assert not on_disk.intersection(before), f"asked again after kill {run}"
    assert kept == sorted(kept) and 0 < kept[-1] < len(keys), "the kills came while it was scoring"
    undisturbed = build_evaluate(CONFIG, world.model, world.questions, world.features, tmp_path / "whole" / "answers")
    assert Answers.open(tmp_path / "answers").digest == undisturbed.digest
