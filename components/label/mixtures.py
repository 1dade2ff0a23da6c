"""Two mixtures side by side: sources, labels and sizes of the segments that their tokens come from.

A sample of tokens is drawn from each, by the weights of its shards and always the same; a token stands for the segment
that holds it. The lexicon judges the segments of both, so that mixtures whose labels came from different labellers are
measured alike.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.labels import FAMILIES, LABELS, Flags, member
from inkling.components.artifacts.tokens import Tokens
from inkling.components.label.lexicon import Lexicon
from inkling.components.shared.report.drift import write_drift_report
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.statistics.intervals import difference_of_shares

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 2_000
"""Tokens drawn from each mixture: a share of one half is then known to about 2 points."""
_MEASURED = (*LABELS, *FAMILIES)
_SIZES = ("tokens", "words", "characters", "characters per token")


@dataclass(frozen=True)
class TokenSample:
    """What tokens drawn from a mixture come from, one entry a token.

    Attributes:
        sources: Source of the token, or "several" for a shard pooled of small cells.
        tokens: Tokens of its segment.
        characters: Characters of its segment.
        words: Words of its segment, separated by white space.
        flags: Labels of its segment by the lexicon, (tokens, 6).
    """

    sources: list[str]
    tokens: NDArray[np.int64]
    characters: NDArray[np.int64]
    words: NDArray[np.int64]
    flags: Flags

    def frame(self) -> "pd.DataFrame":
        """The sample as Evidently reads it."""
        import pandas as pd

        yes = {name: np.where(member(self.flags, name), "yes", "no") for name in _MEASURED}
        sizes = {"tokens": self.tokens, "words": self.words, "characters": self.characters}
        return pd.DataFrame(
            {"source": self.sources, **yes, **sizes, "characters per token": self.characters / self.tokens}
        )


@dataclass(frozen=True)
class ShareRow:
    """A share of the tokens of two mixtures.

    Attributes:
        kind: Whether it is a source, whose shares are exact, or a label, judged on the samples.
        name: Name of the source or the label.
        first: Its share of the first mixture's tokens.
        second: Its share of the second's.
        interval: 95 % interval of second minus first; None where the shares are exact.
    """

    kind: Literal["source", "label"]
    name: str
    first: float
    second: float
    interval: tuple[float, float] | None


def compare_mixtures(first: Tokens, second: Tokens, report: Path, size: int = SAMPLE) -> list[ShareRow]:
    """Compares two mixtures and writes Evidently's report on their samples; the first is the reference."""
    samples = draw_tokens(first, size), draw_tokens(second, size)
    write_drift_report(samples[0].frame(), samples[1].frame(), _SIZES, ("source", *_MEASURED), report)
    return share_rows((first, second), samples)


def draw_tokens(tokens: Tokens, size: int = SAMPLE) -> TokenSample:
    """Draws tokens of a mixture and judges the segments that hold them; the same ones every time."""
    blend, tokenizer = tokens.blend(), tokens.tokenizer()
    random = np.random.default_rng(0)
    counts = _apportion({name: shard.weight for name, shard in sorted(blend.train.items())}, size)
    sources: list[str] = []
    lengths: list[int] = []
    texts: list[str] = []
    with Progress("drawing tokens", size, "tokens") as progress:
        for name, count in counts.items():
            dataset = tokens.dataset(name, "train")
            ends = np.cumsum(dataset.lengths, dtype=np.int64)
            drawn = np.searchsorted(ends, np.sort(random.integers(0, ends[-1], count)), side="right")
            sources += [name.partition(".")[0]] * count
            lengths += dataset.lengths[drawn].tolist()
            texts += tokenizer.decode_batch([dataset[int(index)].tolist() for index in drawn])
            progress.advance(count)
    characters, words = [len(text) for text in texts], [len(text.split()) for text in texts]
    return TokenSample(sources, np.array(lengths), np.array(characters), np.array(words), Lexicon.load()(texts))


def share_rows(mixtures: tuple[Tokens, Tokens], samples: tuple[TokenSample, TokenSample]) -> list[ShareRow]:
    """Shares of the tokens by source and by label."""
    one, other = (_source_shares(mixture) for mixture in mixtures)
    rows = [
        ShareRow("source", source, one.get(source, 0.0), other.get(source, 0.0), None)
        for source in sorted(set(one) | set(other))
    ]
    for name in _MEASURED:
        hits = [member(sample.flags, name) for sample in samples]
        interval = difference_of_shares(int(hits[0].sum()), len(hits[0]), int(hits[1].sum()), len(hits[1]))
        rows.append(ShareRow("label", name, float(hits[0].mean()), float(hits[1].mean()), interval))
    return rows


def _source_shares(tokens: Tokens) -> dict[str, float]:
    solution = tokens.solution()
    return solution.sources if solution else {name: shard.weight for name, shard in tokens.blend().train.items()}


def _apportion(weights: dict[str, float], size: int) -> dict[str, int]:
    """Whole numbers in proportion to weights, summing to a size; what is left goes to the largest remainders."""
    counts = {name: int(weight * size) for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: counts[name] - weights[name] * size)
    for name in by_remainder[: size - sum(counts.values())]:
        counts[name] += 1
    return counts
