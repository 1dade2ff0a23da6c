"""What holds for every loader: whatever a record holds is read, or refused in words; settings name what they need."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.scenes.loaders import LOADERS
from inkling.components.scenes.loaders.contract import (
    READING,
    DocumentExample,
    Example,
    LoaderSpec,
    RecordError,
    Said,
)
from inkling.models.spec import Spec

KEYS = st.sampled_from(
    ["id", "image", "images", "video", "conversations", "from", "value", "text_list", "image_info", "image_name",
     "matched_text_index", "caption", "bbox", "segmentation", "counts", "size", "height", "width", "file_name"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=6)
    | st.sampled_from(["human", "gpt", "<image>", "0.jpg", "\ud83d", "<|eos|>"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
NAMES = LOADERS.names()


def spec(name: str) -> LoaderSpec:
    """A loader's settings by default; no file is there to be looked at."""
    return LOADERS.find(name).model_construct(path=("mine.json",))


def test_there_are_loaders() -> None:
    assert "llava" in NAMES


@pytest.mark.parametrize("name", NAMES)
@given(value=VALUES)
def test_whatever_a_record_holds_is_read_or_refused(name: str, value: Any) -> None:
    loader = spec(name).build()
    assert isinstance(loader.name(value), str)
    try:
        found = loader.examples(value)
    except RecordError:
        return
    assert found
    for example in found:
        assert isinstance(example, Example | DocumentExample | RecordError)
        if isinstance(example, Example):
            assert all(isinstance(said, Said) for said in example.said)
            assert all(text.strip() for said in example.said for text in (said.question, said.answer))
        if isinstance(example, DocumentExample):
            assert any(example.texts) and len(example.texts) == len(example.images) + 1 > 1


@pytest.mark.parametrize("name", NAMES)
def test_a_loader_brings_its_own_code_into_the_key_and_is_no_part_of_a_model(name: str) -> None:
    found = spec(name)
    assert isinstance(found, Spec) and not found.runs_in_model
    assert {found.target.partition(":")[0], READING} == set(found.modules())
    assert found.places() == ["mine.json"]
