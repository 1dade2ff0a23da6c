"""What a profile's text is before anything is trained on it: the corpus, its labels, its recipe, the paper's grid."""

import os
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import Labels
from inkling.components.artifacts.tokens import Tokens
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.describe import describe, left_out
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.grid import GridCell, grid
from inkling.components.mixture.portions import Portions, portions
from inkling.components.mixture.recipe_types import named_labels
from inkling.components.mixture.retrieval import retrieve
from inkling.components.scenes.build import build_questions
from inkling.components.scenes.config import ScenesConfig
from inkling.components.shared.report.screen import show, with_columns
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import STORE_VARIABLE, stored_path
from inkling.pipelines.profiles import check_recipe


def labelled(profile: str, home: Path) -> tuple[Corpus, Labels]:
    """The profile's corpus and labels, which a run of it makes or reuses too; prints the shares of the labels."""
    os.environ[STORE_VARIABLE] = str(home / "store")
    folder = home / "described"
    questions = build_questions(ScenesConfig.parse(profile), folder / "questions")
    corpus = build_corpus(CorpusConfig.parse(profile), folder / "corpus", questions.path)
    return corpus, build_labels(LabelConfig.parse(profile), corpus.path, folder / "labels")


def describe_corpus(profile: str, home: Path, console: Console) -> None:
    """Prints a corpus with its labels, what the recipe makes of it, and the cells of LSBS Table 1 that it can meet.

    The artifacts are those that a run of the profile makes, and are reused by it.

    Raises:
        ConfigError: If the recipe cannot be made from the corpus.
    """
    check_recipe(profile)
    corpus, labels = labelled(profile, home)
    config = MixtureConfig.parse(profile)
    labels = (
        retrieve(labels, config.as_of, home / "described" / "retrieved" / labels.digest / str(config.as_of))
        if config.as_of
        else labels
    )
    mixed = portions(config.recipe, corpus, labels)
    sources = mixed.solution.sources if mixed.solution else mixed.weights
    tokenizer = _tokenizer(config, corpus, labels)
    if tokenizer is None:
        console.print("tokens are counted once a run has made the recipe's tokenizer", highlight=False)
    for table in (
        describe(corpus, labels, sources, config.token_budget, tokenizer),
        left_out(corpus),
        _recipe(mixed, config.token_budget),
        _grid(grid(corpus, labels, config.token_budget), config.token_budget),
    ):
        show(table, console)


def _tokenizer(config: MixtureConfig, corpus: Corpus, labels: Labels) -> Tokenizer | None:
    """The tokenizer that a run has made of this recipe on this corpus, if there was one."""
    inputs: dict[str, Artifact] = {"corpus": corpus}
    if named_labels(config.recipe):
        inputs["labels"] = labels
    place = stored_path(provenance(config, inputs), "tokens")
    return Tokens.open(place).tokenizer() if place and (place / "manifest.json").exists() else None


def _recipe(mixed: Portions, tokens: int) -> Table:
    title = f"the recipe's portions in {tokens:,} tokens"
    if mixed.solution:
        title += f", worth {mixed.solution.effective_words:,.0f} words without repetition"
    table = with_columns(Table(title=title, title_justify="left"), ("portion", "share %", "epochs"))
    repetitions = mixed.repetitions(tokens)
    for name, weight in mixed.weights.items():
        table.add_row(name, f"{100 * weight:.1f}", f"{repetitions[name]:.2f}")
    return table


def _grid(cells: list[GridCell], tokens: int) -> Table:
    """Epochs of the portion that is repeated most, by reasoning (rows) and visual (columns) share."""
    columns = sorted({cell.visual for cell in cells})
    headings = ["reasoning %", *(f"visual {column} %" for column in columns)]
    title = f"LSBS Table 1 on this corpus: most epochs of a text in {tokens:,} tokens"
    table = with_columns(Table(title=title, title_justify="left"), headings)
    for row in sorted({cell.reasoning for cell in cells}):
        found = {cell.visual: cell.repetition for cell in cells if cell.reasoning == row}
        table.add_row(str(row), *(_epochs(found[column]) if column in found else "" for column in columns))
    return table


def _epochs(repetition: float | None) -> str:
    return "infeasible" if repetition is None else f"{repetition:.2f}"
