"""A corpus as a table: what each source is, how much there is of it, what it carries, its epochs in a recipe."""

from collections.abc import Mapping
from itertools import chain

from rich.table import Table
from tokenizers import Tokenizer

from inkling.components.artifacts.corpus import Corpus, SourceSummary
from inkling.components.artifacts.labels import FAMILIES, LABELS, Labels
from inkling.components.corpus.selection import CONTAMINATED, EXACT, NEAR

SAMPLE_WORDS = 20_000


def describe(
    corpus: Corpus,
    labels: Labels | None = None,
    recipe: Mapping[str, float] | None = None,
    tokens: int = 1_000_000,
    tokenizer: Tokenizer | None = None,
) -> Table:
    """Describes a corpus, a row a source.

    Args:
        corpus: The corpus.
        labels: Its labels, for the share of segments with each label and family.
        recipe: Share of the training tokens by source, for the repetition of each source.
        tokens: Training tokens of the recipe; a word counts as one token, its least.
        tokenizer: What counts the tokens of each source, on its first `SAMPLE_WORDS` words.
    """
    shares = labels.shares() if labels else {}
    headings = ["source", "quality", "documents", "segments", "words", "licence"]
    headings += ["tokens"] if tokenizer else []
    headings += [*LABELS, *FAMILIES] if labels else []
    headings += ["share", "epochs"] if recipe is not None else []
    title = f"corpus {corpus.digest[:12]}; labels in percent of the segments, shares in percent of the tokens"
    table = Table(title=title, title_justify="left", padding=(0, 0))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number in (0, 1, 5) else "right", no_wrap=number not in (1, 5))
    for name, summary in corpus.sources().items():
        counted = [f"{_tokens(corpus, name, summary, tokenizer):,.0f}"] if tokenizer else []
        use = _recipe_use(summary, recipe, name, tokens)
        table.add_row(*_facts(name, summary), *counted, *_shares(shares.get(name)), *use)
    return table


def left_out(corpus: Corpus) -> Table:
    """What each source lost on its way into the corpus, a row a source: repeats, leaked questions, unreadable text."""
    table = Table(title="left out of the corpus", title_justify="left", padding=(0, 0))
    headings = ("source", "repeated exactly", "nearly", "repeating a question", "unreadable")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in (1, 2, 3) else "left", no_wrap=number < 4)
    for name, summary in corpus.sources().items():
        counts = (f"{summary.removed.get(reason, 0):,}" for reason in (EXACT, NEAR, CONTAMINATED))
        skipped = ", ".join(f"{count:,} {reason}" for reason, count in summary.skipped.items())
        table.add_row(name, *counts, skipped or "0")
    return table


def _facts(name: str, summary: SourceSummary) -> list[str]:
    counts = (f"{count:,}" for count in (summary.documents, summary.segments, summary.words))
    return [name, summary.quality, *counts, "; ".join(summary.licence)]


def _tokens(corpus: Corpus, name: str, summary: SourceSummary, tokenizer: Tokenizer) -> float:
    """Tokens of a source, from the tokens a word of its beginning."""
    words = tokens = 0
    for segment in chain.from_iterable(corpus.batches(name)):
        tokens += len(tokenizer.encode(segment.text).ids)
        words += segment.words
        if words >= SAMPLE_WORDS:
            break
    return summary.words * tokens / words


def _shares(percent: Mapping[str, float] | None) -> list[str]:
    return [f"{percent[name]:.1f}" for name in (*LABELS, *FAMILIES)] if percent else []


def _recipe_use(summary: SourceSummary, recipe: Mapping[str, float] | None, name: str, tokens: int) -> list[str]:
    """The recipe's share of a source and the epochs of its training text."""
    if recipe is None:
        return []
    share = recipe.get(name, 0.0)
    trained = summary.words * (1 - summary.heldout_documents / summary.documents)
    return [f"{100 * share:.1f}", f"{share * tokens / trained:.2f}" if share else "-"]
