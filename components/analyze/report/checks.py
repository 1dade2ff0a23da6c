"""How far the scores can be trusted: tests corrected for their number, what so many questions show, and known traps."""

from collections.abc import Iterable, Mapping
from typing import Any

from inkling.components.analyze.report.vision import MODELS
from inkling.components.analyze.report.wording import count, percent, points_interval, probability
from inkling.components.shared.report.html import Html, element, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval

TESTS = ("Visual - blind", "p by image", "Holm", "McNemar's p", "Holm", "Smallest difference", "Power")
TRAPS = ("Undecidable, %", "Brier", "Brier, uniform", "ECE", "ECE, calibrated", "Position, p")
ABOUT_TESTS = (
    "The p by image counts the questions about an image together and McNemar's does not; Holm's correction is for the "
    "number of categories. The smallest difference is what would be found four times in five, in percentage points, if "
    "as many questions are answered differently as were. Power is that of the observed difference and says no more "
    "than p does."
)
ABOUT_TRAPS = (
    "How sure the model is of an option is its share of the likelihood of all options. The Brier score (0 to 2) is of "
    "all options, and that beside it of a model that finds them equally likely; the expected calibration error (ECE, "
    "ten bins of equally many questions) is of the chosen one, and that beside it of a calibrated model. The last p is "
    "of a chi-squared test that options are chosen wherever they stand."
)
PAIR = "visual_minus_blind"
_NONE = "-"


def checks_section(findings: dict[str, Any]) -> Html:
    """For each suite a small table, with the rest folded."""
    return section(
        "checks",
        "How far can these scores be trusted?",
        paragraph(ABOUT_TESTS),
        *(_suite(suite) for suite in findings["suites"].values()),
    )


def _suite(suite: Mapping[str, Any]) -> Html:
    scores, title = suite["scores"]["test"], suite["title"]
    return join(
        element("h3", title),
        _blind(suite["indispensable"]),
        overlap_said(suite["contamination"], "pretrained", "Pre-trained"),
        *(
            table(
                f"{title}, {name}: what the image adds, points with 95 % intervals, and what could be shown",
                ("Questions", *TESTS),
                [tests_row("headline", scores[model]["mean"]), *category_rows(scores[model]["categories"])],
            )
            for model, name in MODELS.items()
        ),
        element(
            "details",
            element("summary", f"{title}: undecidable answers, calibration, positions and yes-rate"),
            paragraph(ABOUT_TRAPS),
            *(
                table(
                    f"{title}, {name}: checks of the headline's answers",
                    ("View", *TRAPS),
                    [traps_row(view, cell) for view, cell in scores[model]["checks"].items()],
                )
                for model, name in MODELS.items()
            ),
            *yes_rate(suite["title"], suite["first_choice"], MODELS),
            *generated(suite["title"], suite["blind_answers"], MODELS),
        ),
    )


def _blind(found: Mapping[str, Any]) -> Html:
    need, guessed = found["needed"], found["needed_by_chance"]
    return paragraph(
        f"Vision-indispensable: without the image none of the {found['models']} models answers "
        f"{with_interval(need)} % of the questions rightly; of models that guess it would be {percent(guessed)} %. "
        f"All of them answer {percent(found['by_models'][-1])} % rightly."
    )


def overlap_said(found: Mapping[str, Any], model: str, name: str) -> Html:
    """How many questions stand in the training text, and what a model scores without them.

    Args:
        found: As `contamination` finds it.
        model: The model's key in it.
        name: What the model is called.
    """
    if not found["words"]:
        return paragraph("Overlap with the training text: not looked for.")
    asked, flagged = found["questions"], len(found["flagged"])
    read = f"{'All' if found['whole'] else 'The first'} {count(found['words'])}"
    said = (
        f"Overlap with the training text: {count(flagged)} of {count(asked)} questions share {found['run_words']} "
        f"words in a row with it, their right answer among them; {count(found['unchecked'])} are shorter and "
        f"were not looked for. {read} words of it were read."
    )
    scores = found["scores"][model]
    shown = (("of all", "all"), ("without those", "without"), ("of those alone", "flagged"))
    parts = [f"{with_interval(scores[key])} % {words}" for words, key in shown if scores[key]]
    return paragraph(f"{said} {name}, with the image: {', '.join(parts)}." if flagged else said)


def category_rows(categories: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """Rows of `tests_row` for categories; none where there is only one."""
    return (tests_row(name, cell) for name, cell in categories.items()) if len(categories) > 1 else ()


def tests_row(name: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    """What the image adds to a score, and what so many questions can show: the columns `TESTS`."""
    found = cell["differences"][PAIR]
    smallest = found["power"]["smallest"]
    adjusted = (
        (probability(test["p_value"]), probability(test["holm"]) if "holm" in test else _NONE)
        for test in (found, found["mcnemar"])
    )
    return (
        name,
        points_interval(found),
        *(cell for pair in adjusted for cell in pair),
        _NONE if smallest is None else percent(smallest),
        f"{found['power']['power']:.2f}",
    )


def traps_row(view: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Checks of the answers in a view: the columns `TRAPS`."""
    calibration, positions, undecidable = cell["calibration"], cell["positions"], cell["undecidable"]
    sure = (
        (
            with_interval(calibration["brier"], ".3f", 1),
            *(f"{calibration[key]:.3f}" for key in ("brier_uniform", "ece", "ece_calibrated")),
        )
        if calibration
        else (_NONE,) * 4
    )
    return (
        view,
        with_interval(undecidable) if undecidable else _NONE,
        *sure,
        probability(positions["p_value"]) if positions else _NONE,
    )


def yes_rate(title: str, families: Mapping[str, Any], models: Mapping[str, str]) -> list[Html]:
    """How often each model says one of two words that all questions of a family offer; nothing without such a family.

    Args:
        title: The suite's.
        families: As `bias.first_choice` finds them.
        models: Names of the models, by their keys in `families`.
    """
    rows = [
        (
            f"{family}, {name}",
            f"'{shares['choice']}'",
            percent(shares["right"]),
            *map(with_interval, shares[model].values()),
        )
        for family, shares in families.items()
        for model, name in models.items()
    ]
    if not rows:
        return []
    views = next(iter(families.values()))[next(iter(models))]
    header = ("Family", "Says", "Right", *(view.capitalize() for view in views))
    return [table(f"{title}: yes-rate of families with two choices, in per cent", header, rows, text_columns=2)]


def generated(title: str, found: Mapping[str, Mapping[str, int]], models: Mapping[str, str]) -> list[Html]:
    """What generated blind answers are like, by model; nothing where none was generated.

    Args:
        title: The suite's.
        found: The counts of `BlindAnswers`, by model.
        models: Names of the models, by their keys in `found`.
    """
    rows = [
        (
            name,
            *(count(counts[key]) for key in ("answers", "commits", "abstains", "undecidable")),
            f"{count(counts['absent'])} of {count(counts['annotated'])}",
        )
        for model, name in models.items()
        if (counts := found[model])["answers"]
    ]
    header = ("Model", "Answers", "Commits", "Abstains", "Undecidable", "Names what is not there")
    return [table(f"{title}: generated answers without the image", header, rows)] if rows else []
