"""Data of one's own beside rendered scenes: its share, the same part whatever the share, and every refusal."""

import dataclasses
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from inkling.components.artifacts.conversations import Conversations, Turn
from inkling.components.scenes.build import build_conversations
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.mixing import ReadConversations, share_of
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.artifact import ATTRIBUTION

PICTURES, TEXTS, SCENES = 24, 12, 22


def _turn(number: int, image: str) -> Turn:
    return Turn(f"turn-{number}", image, "instruct", "General", "other", "other", f"What is {number}?", "a thing")


OWN = ReadConversations(
    {f"picture-{number}": bytes([number]) for number in range(PICTURES)},
    [_turn(number, f"picture-{number % PICTURES}" if number < 2 * PICTURES else "") for number in range(60)],
    {},
)


def test_smaller_shares_are_within_larger_ones_and_keep_order_and_text() -> None:
    parts = [share_of(OWN, 24, share, seed=3) for share in (0.2, 1 / 3, 0.5)]
    assert [len(part.images) for part in parts] == [6, 12, 24]
    assert [sum(not turn.image_id for turn in part.turns) for part in parts] == [3, 6, 12]
    for smaller, larger in itertools.pairwise(parts):
        assert smaller.images.items() <= larger.images.items()
        assert {turn.id for turn in smaller.turns} <= {turn.id for turn in larger.turns}
        assert list(smaller.images) == [name for name in OWN.images if name in smaller.images]
    for part in parts:  # every turn about a picture that is taken, and none about another
        about = [turn for turn in part.turns if turn.image_id]
        assert about == [turn for turn in OWN.turns if turn.image_id in part.images]
    assert set(share_of(OWN, 24, 0.2, seed=4).images) != set(parts[0].images)


@pytest.mark.parametrize(("rendered", "share"), [(240, 0.5), (2, 0.1)])
def test_a_share_that_cannot_be_had_is_refused_with_the_one_that_can(rendered: int, share: float) -> None:
    with pytest.raises(ConfigError, match=r"scenes.own_share .* takes [\d,]+ pictures .* there are 24"):
        share_of(OWN, rendered, share, seed=0)


def test_documents_are_not_taken_in_part() -> None:
    with pytest.raises(ConfigError, match="scenes.conversations holds 3 documents, which are whole or nothing"):
        share_of(dataclasses.replace(OWN, documents=3), 24, 0.5, seed=0)


def test_a_share_of_nothing_is_refused_when_it_is_read() -> None:
    with pytest.raises(ConfigError, match="own_share is of the data that 'conversations' names"):
        ScenesConfig.parse({"scenes": {"own_share": 0.5}})


@pytest.fixture
def mixed(tmp_path: Path) -> Callable[[float, float], Conversations]:
    """Builds conversations of scenes and of a file of one's own, by the share of the latter and that of text alone."""
    folder, entries = tmp_path / "pictures", []
    folder.mkdir()
    for number in range(PICTURES):
        stored = io.BytesIO()
        Image.new("RGB", (32, 24), (10 * number, 0, 0)).save(stored, "PNG")
        (folder / f"{number}.png").write_bytes(stored.getvalue())
        said = [{"from": "human", "value": "<image>\nHow red?"}, {"from": "gpt", "value": str(number)}]
        entries.append({"id": f"{number}", "image": f"{number}.png", "conversations": said})
    said = [{"from": "human", "value": "What is two and one?"}, {"from": "gpt", "value": "three"}]
    entries += [{"id": f"text-{number}", "conversations": said} for number in range(TEXTS)]
    (tmp_path / "own.json").write_text(json.dumps(entries))
    stated = {"type": "llava", "path": str(tmp_path / "own.json"), "images": str(folder), "source": "ours"}

    def build(share: float, text_only: float) -> Conversations:
        scenes = {"train": SCENES, "conversations": stated, "own_share": share, "text_only": text_only}
        return build_conversations(ScenesConfig.parse({"scenes": scenes}), tmp_path / f"made-{share}-{text_only}")

    return build


@pytest.mark.data
def test_pictures_and_turns_of_both_stand_in_one_artifact(mixed: Callable[[float, float], Conversations]) -> None:
    made = mixed(0.5, 0.0)
    turns, images = made.turns(), made.images()
    rendered = [name for name in images if name.startswith("train-")]
    assert (len(rendered), len(images)) == (SCENES, 2 * SCENES)
    assert list(made.annotations()) == rendered
    assert {turn.image_id for turn in turns if turn.image_id} == set(images)
    own = [turn for turn in turns if turn.id.startswith("own-")]
    assert len([turn for turn in own if turn.image_id]) == SCENES
    assert len([turn for turn in own if not turn.image_id]) == round(TEXTS * SCENES / PICTURES)
    assert len({turn.id for turn in turns}) == len(turns)
    credits_ = (made.path / ATTRIBUTION).read_text()
    assert "own.json: ours" in credits_ and credits_.count("# Attribution") == 1 and "packages" in credits_
    less = mixed(0.25, 0.0)
    assert less.images().items() <= images.items()
    assert [turn for turn in less.turns() if not turn.id.startswith("own-")] == [
        turn for turn in turns if not turn.id.startswith("own-")
    ]


@pytest.mark.data
def test_the_share_of_text_alone_is_of_the_instructions_of_the_scenes(
    mixed: Callable[[float, float], Conversations],
) -> None:
    made = [turn for turn in mixed(0.5, 0.4).turns() if turn.kind == "instruct" and not turn.id.startswith("own-")]
    assert sum(not turn.image_id for turn in made) / len(made) == pytest.approx(0.4, abs=0.01)
