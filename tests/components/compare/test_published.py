"""The paper's numbers as data: what can be checked of them by sums, and how a figure reads them."""

from typing import Any

import pytest

from inkling.components.compare.published import PublishedTable, paper_numbers
from inkling.components.label.shares import paper_shares
from inkling.components.mixture.recipes import named_recipes
from inkling.components.shared.config import ConfigError
from inkling.pipelines.study import file as study_file

CATEGORIES = {"general": 4, "knowledge": 4, "ocr": 3, "vision-centric": 5}
"""Benchmarks of each category (LSBS section 3): a mean over all sixteen weighs the categories by these."""
STUDIES = [name for name in study_file.names() if study_file.load(name).published]
PRINTED_OTHERWISE = {
    "reasoning": {"mix8": 58.8, "mix9": 62.0, "mix10": 65.4},
    "visual": {"mix7": 14.0, "mix8": 13.2, "mix9": 12.4, "mix10": 11.6},
}
"""Of LSBS Table 2: what Table 4 gives for these mixtures, where the paper prints something else."""


def rows(study: str, table: str) -> list[dict[str, Any]]:
    found = study_file.load(study).published[table]
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


@pytest.mark.parametrize("label", ["reasoning", "visual"])
def test_table_2_s_shares_of_labels_are_its_shares_of_sources_times_table_4(label: str) -> None:
    labelled = paper_shares()
    for row in rows("interpolation", "table-2"):
        shares = named_recipes()[row["mixture.recipe"]]
        derived = sum(share * labelled[source][label] for source, share in shares.items())
        wanted = PRINTED_OTHERWISE[label].get(row["mixture.recipe"], row[label])
        assert derived == pytest.approx(wanted, abs=0.11), row


def test_what_the_paper_prints_otherwise_is_otherwise() -> None:
    printed = {row["mixture.recipe"]: row for row in rows("interpolation", "table-2")}
    for label, derived in PRINTED_OTHERWISE.items():
        assert all(abs(printed[mixture][label] - value) > 0.3 for mixture, value in derived.items())


@pytest.mark.parametrize(("study", "table"), [("scale-up", "table-3"), ("blind", "table-6")])
def test_an_overall_is_the_mean_over_sixteen_benchmarks(study: str, table: str) -> None:
    for row in rows(study, table):
        mean = sum(count * row[category] for category, count in CATEGORIES.items()) / sum(CATEGORIES.values())
        assert mean == pytest.approx(row["overall"], abs=0.011), row


def test_figures_5_and_2_have_such_means_too() -> None:
    for study, table, off in (("encoders", "figure-5", 0.03), ("sources", "figure-2", 0.07)):
        for row in rows(study, table):
            mean = sum(count * row[category] for category, count in CATEGORIES.items()) / sum(CATEGORIES.values())
            assert mean == pytest.approx(row["average"], abs=off), row


def test_the_averages_of_figure_1_agree_with_its_categories() -> None:
    averages = {
        (row["pretrain.preset"], row["pretrain.token_budget"]): row["average"] for row in rows("scale", "figure-1")
    }
    for row in rows("scale", "figure-1-categories"):
        mean = sum(count * row[category] for category, count in CATEGORIES.items()) / sum(CATEGORIES.values())
        assert mean == pytest.approx(averages[row["pretrain.preset"], row["pretrain.token_budget"]], abs=0.06), row


def test_the_overall_of_figure_7_weighs_questions() -> None:
    sizes = {"small": 732, "medium": 698, "large": 431}
    for table in ("figure-7", "table-5"):
        for row in rows("existence", table):
            mean = sum(count * row[size] for size, count in sizes.items()) / sum(sizes.values())
            assert mean == pytest.approx(row["overall"], abs=0.12), row


@pytest.mark.parametrize("name", STUDIES)
def test_every_published_table_says_where_it_stands_and_what_its_columns_are(name: str) -> None:
    for table in study_file.load(name).published.values():
        assert table.source.startswith(("LSBS ", "VILA ")) and all(table.columns.values())
        assert len(set(table.rows)) == len(table.rows)


TABLE = PublishedTable.model_validate(
    {
        "source": "LSBS Figure 3",
        "columns": {"label": "label", "share": "per cent", "average": "points"},
        "rows": [["code", 0, 30.8], ["code", 25, 31.0], ["math", 0, None]],
    }
)


def test_a_figure_reads_the_rows_of_its_axes() -> None:
    found = paper_numbers({"table": "t", "column": "average"}, {"t": TABLE}, ["share", "label"])
    assert found["rows"] == [
        {"share": "0", "label": "code", "value": 30.8},
        {"share": "25", "label": "code", "value": 31.0},
    ]
    part = paper_numbers({"table": "t", "column": "average", "where": {"share": 25}}, {"t": TABLE}, ["share"])
    assert part["rows"] == [{"share": "25", "value": 31.0}]


@pytest.mark.parametrize(
    ("stated", "axes", "words"),
    [
        ({"table": "u", "column": "average"}, ["share"], "unknown published table 'u'"),
        ({"table": "t", "column": "averag"}, ["share"], "Did you mean 'average'"),
        ({"table": "t", "column": "average", "wher": {}}, ["share"], "Did you mean 'where'"),
        ({"table": "t", "column": "average"}, ["seed"], "has no number in 'average' for a figure over seed"),
    ],
)
def test_numbers_that_are_not_there_are_refused(stated: dict[str, Any], axes: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        paper_numbers(stated, {"t": TABLE}, axes)
