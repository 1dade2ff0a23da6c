"""Under mixed load with faults of clients: no failure, no other's answer, nothing kept, no accepted request lost."""

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from inkling.components.artifacts.questions import Questions
from inkling.components.serve.process import running_server
from inkling.tests.components.serve.hostile import binary_attacks, image_attacks, json_attacks
from inkling.tests.components.serve.load import Example, Load
from inkling.tests.components.serve.watching import Memory

GOOD, BAD = 12, 6  # clients at a time
SECONDS = float(os.environ.get("INKLING_SOAK_SECONDS", "600"))


def some_examples(served) -> list[Example]:
    """Six questions about images, and three blind ones."""
    artifact = Questions.open(served.questions)
    images, asked = artifact.images(), list(artifact.questions())[:6]
    shown = [Example(one.question, tuple(one.choices), images[one.image_id]) for one in asked]
    return [*shown, *(Example(f"{one.question} {number}", one.choices, None) for number, one in enumerate(shown[:3]))]


@pytest.mark.parametrize("seconds", [4.0, pytest.param(SECONDS, marks=pytest.mark.soak)])
def test_every_request_has_its_own_answer_until_the_end(served, tmp_path, seconds):
    long = seconds > 60
    attacks = [*json_attacks(1_000), *binary_attacks(50_000), *(json_attacks(100_000) if long else ())]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log, settings, kept = tmp_path / "log", tmp_path / "settings.yaml", []
    settings.write_text(json.dumps({"threads": 1, "cache_mib": 2}))
    options = ("--grpc-port", str(port), "--settings", str(settings))

    async def scenario() -> None:
        memory = Memory(process.pid)
        async with load:
            await load.learn()
            asking = asyncio.create_task(load.run(GOOD, BAD))
            for _ in range(int(seconds)):
                await asyncio.sleep(1)
                kept.append(memory.now())
                assert not asking.done()
            load.end()
            process.terminate()
            await asking

    with running_server(served.bundle, log, *options) as (url, process):
        images = image_attacks() if long else ()
        load = Load(url, f"127.0.0.1:{port}", some_examples(served), [*attacks, *images], 1)
        asyncio.run(scenario())
        assert process.wait(40) == 0
    busy, outside = load.refused, len(load.unanswered)
    print(f"\n{seconds:.0f} s: {dict(load.answered)}; {busy} told to come again, {outside} not let in at the end")
    print("resident MB:", [round(one / 1e6) for one in kept[:: max(len(kept) // 20, 1)]])
    assert not load.faults, load.faults[:5]
    assert len(load.answered) == 8  # seven kinds of good requests, and the bad ones
    assert load.refused < 0.1 * load.answered.total()
    assert_none_is_lost(load, log)
    if long:
        settled, last = kept[len(kept) // 5 : len(kept) // 4], kept[-len(kept) // 20 :]
        assert sum(last) / len(last) < 1.1 * sum(settled) / len(settled)


def assert_none_is_lost(load: Load, log: Path) -> None:
    """Who got no answer had not been let in: the server's log has no line of it."""
    text = log.read_text()
    assert "Traceback" not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    statuses = {line["request_id"]: line["status"] for line in lines if "status" in line}
    assert len(statuses) > load.answered.total() / 4
    assert not {one: statuses[one] for one in load.unanswered if one in statuses}
