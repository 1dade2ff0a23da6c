"""What was rendered, as a page that Kubeflow's interface shows beside the task: numbers, balance and some pictures."""

import base64
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.components.artifacts.questions import Questions
from inkling.components.scenes.balance import Guessing, guessing
from inkling.components.shared.report.html import Html, element, page, paragraph, table
from inkling.components.shared.report.numbers import with_interval

_SHOWN, _LARGEST = 12, 100_000  # pictures, and bytes of each


def write_page(conversations: Conversations, questions: Questions, path: str | Path) -> None:
    """Writes the page of both artifacts, made now or reused."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(render(conversations, questions))


def render(conversations: Conversations, questions: Questions) -> str:
    """The page: what is taught, by family; what is asked and what guessers earn of it; some pictures."""
    turns, test = conversations.turns(), questions.questions("test")
    title = f"What is taught and asked of pictures, seed {conversations.manifest.provenance.config['seed']}"
    kinds = Counter((turn.category, turn.family) for turn in turns if turn.kind == "instruct" and turn.image_id)
    alone = Counter((turn.category, turn.family) for turn in turns if not turn.image_id)
    taught = table(
        "Instructions to learn from, by family",
        ("Category", "Family", "About a picture", "Text alone"),
        [(*name, f"{number:,}", f"{alone[name]:,}") for name, number in kinds.items()],
        text_columns=2,
    )
    asked = Counter((one.suite, one.family) for one in test)
    guessed = table(
        "Test questions, and what is answered rightly without the picture, in per cent with 95 % intervals",
        ("Suite", "Family", "Questions", "Chance", "Prior-only guesser", "Always one place", "At chance"),
        [_row(name, asked[name], found) for name, found in guessing(turns, test).items()],
        text_columns=2,
    )
    return page(
        title,
        element("header", element("h1", title)),
        element(
            "main",
            paragraph(
                f"{len(conversations.images()):,} pictures to learn from, {len(questions.images()):,} to ask about."
            ),
            *_documents(conversations.documents()),
            taught,
            guessed,
            paragraph(
                "The prior-only guesser takes the choice that was right most often in the training turns of the same "
                "words or, among equals, of the same family. Of twenty intervals, one misses chance by chance.",
                class_="note",
            ),
            _samples(conversations),
        ),
    )


def _row(name: tuple[str, str], count: int, found: Guessing) -> tuple[str, ...]:
    return (
        *name,
        f"{count:,}",
        f"{100 * found.chance:.1f}",
        with_interval(vars(found.prior)),
        with_interval(vars(found.place)),
        "yes" if found.balanced else "no",
    )


def _documents(found: Sequence[InterleavedDocument]) -> list[Html]:
    """How many documents there are, and what the first one says."""
    if not found:
        return []
    first = " ".join(text for text in found[0].texts if text)
    return [paragraph(f"{len(found):,} documents with pictures in them. The first: {first}")]


def _samples(conversations: Conversations) -> Html:
    """The first pictures to learn from with their captions."""
    captions = {turn.image_id: turn.answer for turn in conversations.turns() if turn.kind == "caption"}
    small = ((name, data) for name, data in conversations.images().items() if len(data) <= _LARGEST)
    return element(
        "ul", *(_sample(picture, captions.get(name, "")) for name, picture in islice(small, _SHOWN)), class_="samples"
    )


def _sample(picture: bytes, caption: str) -> Html:
    source = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    image = Html(f'<img src="{source}" width="176" height="176" alt="">')
    return element("li", image, paragraph(caption), class_="sample")
