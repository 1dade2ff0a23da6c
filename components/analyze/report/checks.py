"""How far the scores can be trusted: tests corrected for their number, what so many questions show, and known traps."""

from collections.abc import Iterable, Mapping
from typing import Any

from inkling.components.analyze.report.vision import MODELS
from inkling.components.analyze.report.wording import count, percent, points_interval, probability
from inkling.components.shared.report.html import Html, element, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval

_TESTS = ("Visual - blind", "p by image", "Holm", "McNemar's p", "Holm", "Smallest difference", "Power")
_TRAPS = ("Undecidable, %", "Brier", "Brier, uniform", "ECE", "ECE, calibrated", "Position, p")
_PAIR = "visual_minus_blind"
_NONE = "-"


def checks_section(findings: dict[str, Any]) -> Html:
    """For each suite a small table, with the rest folded."""
    return section(
        "checks",
        "How far can these scores be trusted?",
        paragraph(
            "The p by image counts the questions about an image together and McNemar's does not; Holm's correction is "
            "for the number of categories. The smallest difference is what would be found four times in five, in "
            "percentage points, if as many questions are answered differently as were. Power is that of the observed "
            "difference and says no more than p does."
        ),
        *(_suite(suite) for suite in findings["suites"].values()),
    )


def _suite(suite: Mapping[str, Any]) -> Html:
    scores, title = suite["scores"]["test"], suite["title"]
    return join(
        element("h3", title),
        _blind(suite["indispensable"]),
        _overlap(suite["contamination"]),
        *(
            table(
                f"{title}, {name}: what the image adds, points with 95 % intervals, and what could be shown",
                ("Questions", *_TESTS),
                [_tests("headline", scores[model]["mean"]), *_categories(scores[model]["categories"])],
            )
            for model, name in MODELS.items()
        ),
        element(
            "details",
            element("summary", f"{title}: undecidable answers, calibration, positions and yes-rate"),
            paragraph(
                "How sure the model is of an option is its share of the likelihood of all options. The Brier score "
                "(0 to 2) is of all options, and that beside it of a model that finds them equally likely; the "
                "expected calibration error (ECE, ten bins of equally many questions) is of the chosen one, and that "
                "beside it of a calibrated model. The last p is of a chi-squared test that options are chosen "
                "wherever they stand."
            ),
            *(
                table(
                    f"{title}, {name}: checks of the headline's answers",
                    ("View", *_TRAPS),
                    [_traps(view, cell) for view, cell in scores[model]["checks"].items()],
                )
                for model, name in MODELS.items()
            ),
            *_yes_rate(suite),
            *_generated(suite),
        ),
    )


def _blind(found: Mapping[str, Any]) -> Html:
    need, guessed = found["needed"], found["needed_by_chance"]
    return paragraph(
        f"Vision-indispensable: without the image none of the {found['models']} models answers "
        f"{with_interval(need)} % of the questions rightly; of models that guess it would be {percent(guessed)} %. "
        f"All of them answer {percent(found['by_models'][-1])} % rightly."
    )


def _overlap(found: Mapping[str, Any]) -> Html:
    """How many questions stand in the training text, and what the model scores without them."""
    if not found["words"]:
        return paragraph("Overlap with the training text: not looked for.")
    asked, flagged = found["questions"], len(found["flagged"])
    read = f"{'All' if found['whole'] else 'The first'} {count(found['words'])}"
    said = (
        f"Overlap with the training text: {count(flagged)} of {count(asked)} questions share {found['run_words']} "
        f"words in a row with it, their right answer among them; {count(found['unchecked'])} are shorter and "
        f"were not looked for. {read} words of it were read."
    )
    scores = found["scores"]["pretrained"]
    shown = (("of all", "all"), ("without those", "without"), ("of those alone", "flagged"))
    parts = [f"{with_interval(scores[key])} % {words}" for words, key in shown if scores[key]]
    return paragraph(f"{said} Pre-trained, with the image: {', '.join(parts)}." if flagged else said)


def _categories(categories: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    return (_tests(name, cell) for name, cell in categories.items()) if len(categories) > 1 else ()


def _tests(name: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    found = cell["differences"][_PAIR]
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


def _traps(view: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
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


def _yes_rate(suite: Mapping[str, Any]) -> list[Html]:
    rows = [
        (
            f"{family}, {name}",
            f"'{shares['choice']}'",
            percent(shares["right"]),
            *map(with_interval, shares[model].values()),
        )
        for family, shares in suite["first_choice"].items()
        for model, name in MODELS.items()
    ]
    if not rows:
        return []
    views = next(iter(suite["first_choice"].values()))["pretrained"]
    header = ("Family", "Says", "Right", *(view.capitalize() for view in views))
    return [
        table(f"{suite['title']}: yes-rate of families with two choices, in per cent", header, rows, text_columns=2)
    ]


def _generated(suite: Mapping[str, Any]) -> list[Html]:
    rows = [
        (
            name,
            *(count(found[key]) for key in ("answers", "commits", "abstains", "undecidable")),
            f"{count(found['absent'])} of {count(found['annotated'])}",
        )
        for model, name in MODELS.items()
        if (found := suite["blind_answers"][model])["answers"]
    ]
    header = ("Model", "Answers", "Commits", "Abstains", "Undecidable", "Names what is not there")
    return [table(f"{suite['title']}: generated answers without the image", header, rows)] if rows else []
