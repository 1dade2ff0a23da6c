"""Documents of scenes: every scene stands in one, and what is said of two pictures holds by their annotations."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng

from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation
from inkling.components.artifacts.conversations import Conversations
from inkling.components.scenes.build import build_conversations
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.documents import compared, documents
from inkling.components.scenes.made import Made
from inkling.components.scenes.plan import training_jobs
from inkling.components.shared.config import ConfigError
from inkling.components.shared.wording import ORDINALS

CONFIG = ScenesConfig(seed=5, threads=1, train=42)
_SAID = re.compile(
    r"(?P<like>Like|Unlike) the (?P<which>\w+), it shows (?:no |an? |)(?P<word>[\w ]+)\."
    r"|It shows (?P<number>more|fewer|as many) things (?:than|as) the (?P<counted>\w+)\."
    r"|Its largest thing is (?P<size>larger|smaller) than that of the (?P<sized>\w+)\."
)


def holds(said: str, here: ImageAnnotation, row: list[ImageAnnotation]) -> str:
    """Checks a comparing sentence against the annotations; gives what it compares."""
    found = _SAID.fullmatch(said)
    assert found, said
    there = row[ORDINALS.index(found["which"] or found["counted"] or found["sized"])]
    if found["like"]:
        words = [{one.word for one in shown.objects} for shown in (here, there)]
        assert found["word"] in words[1] and (found["word"] in words[0]) == (found["like"] == "Like")
        return found["like"]
    if found["number"]:
        more = np.sign(len(here.objects) - len(there.objects))
        assert {"more": 1, "fewer": -1, "as many": 0}[found["number"]] == more
        return "number"
    areas = [max(one.area for one in shown.objects) for shown in (here, there)]
    assert (areas[0] > areas[1]) == (found["size"] == "larger")
    return "size"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conversations, Conversations]:
    """The scenes without documents and with documents of four."""
    root = tmp_path_factory.mktemp("documents")
    with_documents = CONFIG.model_copy(update={"documents": 4})
    return build_conversations(CONFIG, root / "without"), build_conversations(with_documents, root / "with")


@pytest.mark.data
def test_every_scene_stands_in_one_document_with_its_caption_and_what_is_so(
    built: tuple[Conversations, Conversations],
) -> None:
    made = built[1]
    found, shown = made.documents(), made.annotations()
    captions = {turn.image_id: turn.answer for turn in made.turns() if turn.kind == "caption"}
    assert [len(one.image_ids) for one in found] == [4] * 10 + [2]
    assert [image for one in found for image in one.image_ids] == list(made.images())
    kinds = set()
    for one in found:
        row = [shown[image] for image in one.image_ids]
        assert one.texts[0] == ""
        for place, (image, text) in enumerate(zip(one.image_ids, one.texts[1:], strict=True)):
            start = f"The {ORDINALS[place]} picture shows {captions[image]}."
            assert text.startswith(start) and (text == start) == (place == 0)
            if place:
                kinds.add(holds(text.removeprefix(f"{start} "), row[place], row[:place]))
    assert kinds >= {"Unlike", "number", "size"}


@pytest.mark.data
def test_documents_change_nothing_else_and_are_off_by_default(built: tuple[Conversations, Conversations]) -> None:
    bare, made = built
    assert bare.documents() == [] and bare.turns() == made.turns()
    for name in ("images.parquet", "annotations.parquet"):
        assert (bare.path / name).read_bytes() == (made.path / name).read_bytes()
    assert "documents" not in ScenesConfig().model_dump()


def test_every_comparison_is_so_whatever_is_drawn(things: Catalogue) -> None:
    jobs = training_jobs(things, 0, 11)

    def shown(*objects: tuple[str, float]) -> Made:
        found = tuple(AnnotatedObject("shape", word, "", "", (0, 0, 9, 9), area) for word, area in objects)
        return Made(jobs[0], *jobs[0].compose(things), objects=found)

    pictures = [shown(("star", 0.1)), shown(("star", 0.2), ("heart", 0.02)), shown(("owl", 0.1), ("ant", 0.01))]
    annotations = [ImageAnnotation(str(place), 224, 224, one.objects) for place, one in enumerate(pictures)]
    kinds = set()
    for seed in range(60):
        for place in (1, 2):
            for earlier in range(place):
                said = compared(pictures[place], pictures[earlier], ORDINALS[earlier], default_rng(seed))
                kinds.add(holds(said, annotations[place], annotations[:place]))
                if (place, earlier) == (2, 0):
                    assert "largest" not in said, "things of one size are not compared"
    assert kinds == {"Like", "Unlike", "number", "size"}
    assert [len(one.image_ids) for one in documents(pictures, 2, things)] == [2, 1]


@pytest.mark.parametrize("pictures", [-1, 9])
def test_a_number_of_pictures_that_has_no_name_is_refused(pictures: int) -> None:
    with pytest.raises(ConfigError, match=r"scenes\.documents"):
        ScenesConfig.parse({"scenes": {"documents": pictures}})


def test_documents_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="documents: 1 is one picture a document: state 2 or more, or 0"):
        ScenesConfig.parse({"scenes": {"documents": 1}})
    (tmp_path / "mine.json").write_text(
        '[{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}]'
    )
    mine = {"type": "llava", "path": str(tmp_path / "mine.json")}
    with pytest.raises(ConfigError, match="documents are made of rendered scenes, and 'conversations' stands in their"):
        ScenesConfig.parse({"scenes": {"documents": 4, "conversations": mine}})
