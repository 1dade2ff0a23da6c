"""Documents are cut where the language model cannot read them whole, and nowhere else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from inkling.components.adapt.documents import fitted, pack_document, text_tokens
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.special_tokens import BOS_ID, EOS_ID

IMAGE = 4
TEXTS = st.lists(st.sampled_from(["", "a red square", "a green square on it"]), min_size=3, max_size=8).filter(any)


@given(texts=TEXTS, context=st.integers(40, 120))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_parts_fit_and_hold_every_picture_with_its_text(tokenizer: Tokenizer, texts: list[str], context: int) -> None:
    images = tuple(f"image{number}" for number in range(len(texts) - 1))
    document = InterleavedDocument("d", images, tuple(texts))
    parts = list(fitted([document], tokenizer, IMAGE, context))
    lengths = [pack_document(part, tokenizer).layout(IMAGE).depths.size for part in parts]
    assert all(length <= context for length in lengths)
    assert lengths == [text_tokens(part, tokenizer) + IMAGE * len(part.image_ids) for part in parts]
    shown = [image for part in parts for image in part.image_ids]
    assert shown == [image for image in images if image in shown]
    assert all(image in shown for image, text in zip(images, texts[1:], strict=True) if text)
    assert " ".join(text for part in parts for text in part.texts if text) == " ".join(text for text in texts if text)
    whole = pack_document(document, tokenizer).layout(IMAGE).depths.size
    assert parts == [document] or whole > context - 8, "a document is cut only where it must be"


def test_a_picture_that_does_not_fit_by_itself_is_refused(tokenizer: Tokenizer) -> None:
    document = InterleavedDocument("d", ("w", "x"), ("", "a red square", "a red square " * 20))
    with pytest.raises(ConfigError, match=r"document 'd-1' has \d+ tokens around one picture, its 4 included, and the"):
        list(fitted([document], tokenizer, IMAGE, 30))


def test_a_document_begins_and_ends_as_every_text_and_predicts_all_of_it(tokenizer: Tokenizer) -> None:
    document = InterleavedDocument("d", ("w", "x"), ("", "a red square.", ""))
    sequence = pack_document(document, tokenizer)
    assert sequence.ids[0] == BOS_ID and sequence.ids[-1] == EOS_ID and sequence.images == 2
    assert sequence.targets.tolist() == sequence.ids[1:].tolist()
    assert tokenizer.decode(sequence.targets.tolist()) == "a red square."
