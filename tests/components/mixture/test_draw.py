"""What training reads of a recipe: the first million tokens, in the order of the reader, within half a point of it.

The corpora are synthetic but for one test: every word of a segment says which source it is from and what it carries.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import (
    LABELS,
    Labels,
    SegmentLabels,
    Version,
    labels_table,
    member,
    statistics_table,
    write_partition,
)
from inkling.components.artifacts.tokens import Tokens
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.config import CorpusConfig
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.label.shares import write_shares
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.grid import TABLE_1, grid
from inkling.components.mixture.portions import portions
from inkling.components.mixture.recipes import shares
from inkling.components.pretrain.data import BlendBatches
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance

VERSION = Version(date(2026, 1, 1), "test")
TOKENS, CONTEXT, BATCH = 1_000_000, 1_024, 8
POINT = 0.01
SOURCES = ("web-crawl", "encyclopedia", "academia", "literature", "math", "code")
SEGMENTS, WORDS = 80, 256
# Share of the segments of each source with a label of each family, percent: LSBS Table 4.
REASONING = dict(zip(SOURCES, (10.0, 3.4, 83.3, 9.1, 92.9, 97.3), strict=True))
VISUAL = dict(zip(SOURCES, (26.9, 12.4, 5.3, 33.5, 8.0, 3.7), strict=True))
Text = tuple[Corpus, Labels, Path]


def write_text(path: Path, carried: Mapping[str, NDArray[np.bool_]]) -> Text:
    """A corpus, its labels and a tokenizer with an entry for each source and combination of labels.

    Args:
        path: Where they go.
        carried: What each segment of a source carries, (segments, 6).
    """
    (path / "corpus").mkdir(parents=True)
    (path / "labels").mkdir()
    entries = {"<unk>": 0}
    for source, flags in carried.items():
        words = [f"{source}:{''.join(str(int(flag)) for flag in row)}" for row in flags]
        entries |= {word: len(entries) + place for place, word in enumerate(dict.fromkeys(words))}
        segments = [
            Segment(source, f"{source}:{number // 4}", number % 4, " ".join([word] * WORDS) + "\n", WORDS, "MIT", split)
            for number, word in enumerate(words)
            for split in ["heldout" if number < 4 else "train"]
        ]
        write_segments(path / "corpus", source, segments)
        labels = SegmentLabels([one.document for one in segments], [one.segment for one in segments], flags)
        rows = labels_table(source, VERSION, labels)
        write_partition(path / "labels", source, 0, rows, statistics_table(segments, VERSION.date))
    size = len(next(iter(carried.values())))
    summary = SourceSummary("synthetic", "words", size * WORDS, size // 4, 1, size, ["MIT"], {})
    write_sources(path / "corpus", dict.fromkeys(carried, summary))
    Manifest.describe(path / "corpus", "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path / "corpus")
    corpus = Corpus.open(path / "corpus")
    write_shares(path / "labels", [VERSION], dict.fromkeys(carried, size), {source: {} for source in carried}, {})
    origin = Provenance("label", "", "", {}, {}, {"corpus": corpus.digest})
    Manifest.describe(path / "labels", "Labels", Labels.schema, origin).write(path / "labels")
    tokenizer = Tokenizer(models.WordLevel(entries, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(path / "tokenizer.json"))
    return corpus, Labels.open(path / "labels"), path / "tokenizer.json"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Text:
    """Six sources with the paper's shares of reasoning and visual text, each label of a family as likely."""
    random = np.random.default_rng(0)
    carried = {}
    for source in SOURCES:
        flags = np.zeros((SEGMENTS, 6), bool)
        for family, percent in enumerate((REASONING[source], VISUAL[source])):
            chosen = np.flatnonzero(random.random(SEGMENTS) < percent / 100)
            flags[chosen, 3 * family + random.integers(3, size=len(chosen))] = True
        carried[source] = flags
    return write_text(tmp_path_factory.mktemp("text"), carried)


def build(text: Text, path: Path, recipe: Any) -> Tokens:
    corpus, labels, tokenizer = text
    settings = {"recipe": recipe, "tokenizer": tokenizer, "token_budget": TOKENS, "repetition_limit": 1_000.0}
    return build_mixture(MixtureConfig.model_validate(settings), corpus.path, path, labels.path)


def draw(arrays: Mapping[str, NDArray[Any]], weights: Mapping[str, float]) -> NDArray[np.int64]:
    """How often each token is among the first million that training reads."""
    steps = TOKENS // (CONTEXT * BATCH) + 1
    batches = BlendBatches(arrays, weights, BATCH, CONTEXT, steps, seed=0)
    read = np.concatenate([batches.batch(step)["inputs"].flatten().numpy() for step in range(steps)])
    assert len(read) >= TOKENS
    return np.bincount(read[:TOKENS])


def read_words(tokens: Tokens) -> dict[str, float]:
    """Share of each word in that draw, end-of-text tokens left out."""
    train = tokens.blend().train
    counts = draw(
        {name: tokens.dataset(name, "train").tokens for name in train}, {n: one.weight for n, one in train.items()}
    )
    counts[:4] = 0
    tokenizer = tokens.tokenizer()
    return {tokenizer.id_to_token(place): counts[place] / counts.sum() for place in np.flatnonzero(counts).tolist()}


def of_family(words: Mapping[str, float], family: str) -> float:
    """Share of the words that say that they carry a label of a family."""
    flags = np.array([[mark == "1" for mark in word.split(":")[1]] for word in words])
    return float(np.array(list(words.values())) @ member(flags, family))


@pytest.mark.parametrize("recipe", [f"mix{number}" for number in range(11)])
def test_the_papers_mixtures_by_source(text: Text, tmp_path: Path, recipe: str) -> None:
    words = read_words(build(text, tmp_path / "tokens", recipe))
    for source, share in shares(recipe).items():
        read = sum(part for word, part in words.items() if word.split(":")[0] == source)
        assert abs(read - share) < 0.5 * POINT, source


@pytest.mark.parametrize(("reasoning", "visual"), TABLE_1)
def test_every_cell_of_the_papers_grid_by_label(text: Text, tmp_path: Path, reasoning: int, visual: int) -> None:
    recipe = {"labels": {"reasoning": reasoning / 100, "visual": visual / 100}}
    words = read_words(build(text, tmp_path / "tokens", recipe))
    assert abs(of_family(words, "reasoning") - reasoning / 100) < 0.5 * POINT
    assert abs(of_family(words, "visual") - visual / 100) < 0.5 * POINT


@pytest.mark.parametrize("label", ["math", "relationship"])
def test_a_label_alone_and_the_way_to_a_mixture(text: Text, tmp_path: Path, label: str) -> None:
    words = read_words(build(text, tmp_path / "half", {"path": ["mix6", {"labels": {label: 0.4}}], "at": 0.5}))
    place = LABELS.index(label)
    alone = read_words(build(text, tmp_path / "alone", {"labels": {label: 0.4}}))
    carried = {word: part for word, part in alone.items() if word.split(":")[1][place] == "1"}
    assert abs(sum(carried.values()) - 0.4) < 0.5 * POINT
    base = read_words(build(text, tmp_path / "base", "mix6"))
    for word in set(words) | set(alone) | set(base):
        middle = (alone.get(word, 0.0) + base.get(word, 0.0)) / 2
        assert abs(words.get(word, 0.0) - middle) < 2 * POINT


def test_cells_that_a_corpus_cannot_meet_are_refused_with_the_nearest(tmp_path: Path) -> None:
    """Here all text is of one family or the other and none of both: the shares must sum to 100 percent, as one does."""
    flags = np.zeros((SEGMENTS, 6), bool)
    flags[: SEGMENTS // 2, 0] = flags[SEGMENTS // 2 :, 3] = True
    text = write_text(tmp_path / "text", {"code": flags, "food": flags})
    met, refused = [], []
    for cell in grid(text[0], text[1], TOKENS):
        stated = {"reasoning": cell.reasoning / 100, "visual": cell.visual / 100}
        place = tmp_path / f"{cell.reasoning}-{cell.visual}"
        if cell.repetition is not None:
            met.append((cell.reasoning, cell.visual))
            words = read_words(build(text, place / "tokens", {"labels": stated}))
            assert abs(of_family(words, "visual") - stated["visual"]) < 0.5 * POINT
            continue
        refused.append((cell.reasoning, cell.visual))
        nearest = (1 + stated["reasoning"] - stated["visual"]) / 2
        named = rf"the nearest that one has: \{{reasoning: {nearest:.4f}, visual: {1 - nearest:.4f}\}}"
        with pytest.raises(ConfigError, match=named):
            build(text, place / "tokens", {"labels": stated})
    assert met == [(85, 15)]
    assert len(refused) == 29


@pytest.mark.data
@pytest.mark.slow
def test_the_real_packages(tmp_path: Path) -> None:
    """The recipes of the paper on real text. Recipes of a kind have the same shards, so each kind is written once."""
    settings = "corpus: {words_per_source: 40_000, segments_per_document: 1, heldout: 0.1}"
    corpus = build_corpus(CorpusConfig.parse(settings), tmp_path / "corpus")
    labels = build_labels(LabelConfig.parse(settings), corpus.path, tmp_path / "labels")
    named = [f"mix{number}" for number in range(11)]
    cells = [
        {"labels": {"reasoning": cell.reasoning / 100, "visual": cell.visual / 100}}
        for cell in grid(corpus, labels, TOKENS)
        if cell.repetition is not None
    ]
    assert len(cells) == 30, "the packages have met all of Table 1 so far"
    recipes: list[Any]
    for place, recipes in enumerate((named, cells)):
        stated = {"recipe": recipes[0], "vocabulary": 1_000}
        tokens = build_mixture(
            MixtureConfig.model_validate(stated), corpus.path, tmp_path / str(place) / "tokens", labels.path
        )
        sizes = {name: len(tokens.dataset(name, "train").tokens) for name in tokens.blend().train}
        marked = {name: np.full(size, number) for number, (name, size) in enumerate(sizes.items())}
        for recipe in recipes:
            config = MixtureConfig.model_validate({"recipe": recipe})
            weights = portions(config.recipe, corpus, labels).weights
            assert set(weights) <= set(sizes)
            counts = draw({name: marked[name] for name in weights}, weights)
            read = {name: counts[marked[name][0]] / TOKENS for name in weights}
            for part, share in (shares(recipe) if isinstance(recipe, str) else recipe["labels"]).items():
                carrying = [name for name in read if part in (name, *name.split(".")[-1].split("+"))]
                assert abs(sum(read[name] for name in carrying) - share) < 0.5 * POINT, (recipe, part)
