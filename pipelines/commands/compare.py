"""Two mixtures side by side: what a token of each comes from, in a table and in an Evidently report.

A sample of tokens is drawn from each, by the weights of its shards and always the same; a token stands for the segment
that holds it. The lexicon judges the segments of both, so that mixtures whose labels came from different labellers are
measured alike.
"""

import os
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from inkling.components.artifacts.labels import FAMILIES, LABELS, Flags, member
from inkling.components.artifacts.tokens import Tokens
from inkling.components.label.lexicon import Lexicon
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.statistics.intervals import wilson
from inkling.pipelines.local import run as local

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 2_000
"""Tokens drawn from each mixture: a share of one half is then known to about 2 points."""
_MEASURED = (*LABELS, *FAMILIES)


@dataclass(frozen=True)
class Sample:
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


def find_tokens(place: Path) -> Tokens:
    """Opens the tokens of a mixture.

    Args:
        place: A Tokens artifact, or the directory of a finished run.

    Raises:
        ConfigError: If there is neither.
        ArtifactError: If the artifact is not what was written.
    """
    if (place / "run.json").exists():
        return Tokens.open(local.Run.read(place).outputs["mixture"]["tokens"])
    if not (place / "manifest.json").exists():
        raise ConfigError(f"{place} is neither a Tokens artifact nor a finished run")
    return Tokens.open(place)


def draw(tokens: Tokens, size: int = SAMPLE) -> Sample:
    """Draws tokens of a mixture and judges the segments that hold them; the same ones every time.

    Args:
        tokens: The mixture.
        size: Tokens to draw.
    """
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
    return Sample(sources, np.array(lengths), np.array(characters), np.array(words), Lexicon.load()(texts))


def shares_table(names: tuple[str, str], mixtures: tuple[Tokens, Tokens], samples: tuple[Sample, Sample]) -> Table:
    """Shares of the tokens by source, which are exact, and by label, with what the samples allow to say of them.

    Args:
        names: What the mixtures are called.
        mixtures: The mixtures.
        samples: A sample of each.
    """
    title = "percent of the tokens; of labels, judged by the lexicon, the difference has a 95 % interval"
    table = Table("", "", *names, "difference", title=title, title_justify="left")
    exact = [_source_shares(mixture) for mixture in mixtures]
    for source in sorted(set(exact[0]) | set(exact[1])):
        first, second = (shares.get(source, 0.0) for shares in exact)
        table.add_row("source", source, _percent(first), _percent(second), f"{100 * (second - first):+.1f}")
    table.add_section()
    for name in _MEASURED:
        hits = [member(sample.flags, name) for sample in samples]
        low, high = difference_interval(int(hits[0].sum()), len(hits[0]), int(hits[1].sum()), len(hits[1]))
        first, second = (float(hit.mean()) for hit in hits)
        between = f"{100 * (second - first):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
        table.add_row("label", name, _percent(first), _percent(second), between)
    return table


def difference_interval(first: int, first_total: int, second: int, second_total: int) -> tuple[float, float]:
    """95 % interval of the difference of two independent shares, second minus first.

    Source: Newcombe 1998, Interval estimation for the difference between independent proportions, method 10.

    Args:
        first: Hits of the first sample.
        first_total: Its size.
        second: Hits of the second sample.
        second_total: Its size.
    """
    one, other = first / first_total, second / second_total
    (low, high), (other_low, other_high) = wilson(first, first_total), wilson(second, second_total)
    difference = other - one
    return difference - hypot(other - other_low, high - one), difference + hypot(other_high - other, one - low)


def write_report(samples: tuple[Sample, Sample], path: Path) -> None:
    """Writes Evidently's comparison: the drift of every column and its summary, in one file without links.

    Args:
        samples: A sample of each mixture; the first is the reference.
        path: Where the HTML goes.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    reference, current = (sample.frame() for sample in samples)
    numbers = ["tokens", "words", "characters", "characters per token"]
    kinds = DataDefinition(numerical_columns=numbers, categorical_columns=["source", *_MEASURED])
    report = Report([DataDriftPreset(), DataSummaryPreset()])
    result = report.run(Dataset.from_pandas(current, kinds), Dataset.from_pandas(reference, kinds))
    path.parent.mkdir(parents=True, exist_ok=True)
    result.save_html(str(path))


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


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
