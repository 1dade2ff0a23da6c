"""Shards are written as the text streams by: in any number of processes the same, and in bounded memory."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from inkling.components.artifacts import corpus as corpus_module
from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.tokens import Tokens
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.placing import training_texts
from inkling.components.mixture.portions import portions
from inkling.components.mixture.shards import write_shards
from inkling.components.mixture.tokenizer import sample, train_tokenizer
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.models.sequence.special_tokens import BOS_ID, EOS_ID

OWN = {"code": 0.75, "encyclopedia": 0.25}


def config(**settings: object) -> MixtureConfig:
    return MixtureConfig.model_validate({"recipe": OWN, "vocabulary": 320, "token_budget": 10_000, **settings})


def test_no_byte_and_no_key_depends_on_the_number_of_processes(corpus: Corpus, tmp_path: Path) -> None:
    one = build_mixture(config(workers=1), corpus.path, tmp_path / "one" / "tokens")
    two = build_mixture(config(workers=2), corpus.path, tmp_path / "two" / "tokens")
    assert one.manifest == two.manifest
    assert {"blend.json", "blend.txt", "train/code.bin"} < set(one.manifest.files)


def long_corpus(path: Path, documents: int) -> Corpus:
    """A source of documents of 500 words each, 40 of them a file of four units at the least."""
    path.mkdir()
    texts = (" ".join(f"w{(number * 31 + place * place) % 997}" for place in range(500)) for number in range(documents))
    segments = [
        Segment("code", f"code:{number}", 0, text + "\n", 500, "MIT", "heldout" if number % 20 == 0 else "train")
        for number, text in enumerate(texts)
    ]
    write_segments(path, "code", segments)
    heldout = len(segments[::20])
    write_sources(
        path, {"code": SourceSummary("real", "", 500 * documents, documents, heldout, documents, ["MIT"], {})}
    )
    Manifest.describe(path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return Corpus.open(path)


def peak(work: Callable[[], object]) -> int:
    """Most bytes that Python held more than before while it worked."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "BATCH", 64)
    peaks, sizes = [], []
    for documents in (200, 200, 2_000):  # the first one only warms up
        corpus = long_corpus(tmp_path / f"corpus-{len(peaks)}", documents)
        mixed = portions("code", corpus, None)
        texts = training_texts(corpus, mixed)
        tokenizer = train_tokenizer(sample(texts, mixed.weights, {"code": mixed.cells["code"].total}, 10_000), 300)
        place = tmp_path / "tokenizer.json"
        tokenizer.save(str(place))
        out = tmp_path / f"tokens-{len(peaks)}"
        peaks.append(peak(lambda: write_shards(out, corpus, mixed, place, 300, 1, lambda words: None)))  # noqa: B023
        sizes.append((out / "train" / "code.bin").stat().st_size)
    assert sizes[2] > 9 * sizes[1]
    assert peaks[2] < 1.25 * peaks[1] + 200_000


def test_a_given_tokenizer_makes_the_tokens(corpus: Corpus, tmp_path: Path) -> None:
    given = Tokenizer(models.WordLevel({"<unk>": 0, "redcode": 1, "greencode": 2}, unk_token="<unk>"))
    given.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        given.save(str(tmp_path / folder / "tokenizer.json"))
        settings = config(tokenizer=tmp_path / folder / "tokenizer.json")
        made.append(build_mixture(settings, corpus.path, tmp_path / folder / "tokens"))
    tokens, elsewhere = made
    assert tokens.manifest == elsewhere.manifest
    assert str(tmp_path) not in (tokens.path / "manifest.json").read_text()
    assert tokens.blend().vocabulary == 6
    first = corpus.segments("code", "train")[0].text.split()
    expected = [given.token_to_id(word) + 3 if given.token_to_id(word) else 3 for word in first]
    assert tokens.dataset("code", "train")[0].tolist() == [BOS_ID, *expected]
    assert tokens.dataset("code", "train")[1][-1] == EOS_ID
    given.add_special_tokens(["<more>"])
    given.save(str(tmp_path / "here" / "tokenizer.json"))
    changed = config(tokenizer=tmp_path / "here" / "tokenizer.json")
    assert changed.determinants()["tokenizer"] != tokens.manifest.provenance.contents["tokenizer"]
    assert Tokens.open(tokens.path).tokenizer().get_vocab_size() == 6


def test_a_tokenizer_that_cannot_be_used_is_refused_with_the_profile(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mixture\.tokenizer: .*there is no tokenizer at .*absent\.json"):
        MixtureConfig.parse(f"mixture: {{tokenizer: {tmp_path}/absent.json}}")
