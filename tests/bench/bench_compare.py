"""From 300 scored runs to the table of a study with all that follows from it: seconds and megabytes, and how they grow.

The runs are simulated: a hundred recipes of six texts in three seeds, 2,000 questions on 1,000 images, 300 held-out
documents. There is no alternative to compare with; better is less.
"""

import sys
import time

from harness import peak_memory, report

RECIPES, SEEDS, QUESTIONS, DOCUMENTS = (10, 30, 100), 3, 2_000, 300


def analyse(recipes: int) -> dict[str, float]:
    """Seconds from the runs of so many recipes to the table."""
    import numpy as np

    from inkling.components.artifacts.run_scores import QuestionSet, RunScore
    from inkling.components.compare.config import CompareConfig
    from inkling.components.compare.table import tabulate
    from inkling.components.shared.statistics.losses import DocumentLosses

    random, categories = np.random.default_rng(0), ("General", "Knowledge", "OCR & Chart", "Vision-Centric")
    numbers = range(QUESTIONS)
    questions = QuestionSet(
        ("scenes",) * QUESTIONS,
        tuple(f"question-{number:05d}" for number in numbers),
        tuple(f"image-{number // 2}" for number in numbers),
        tuple(categories[number % 4] for number in numbers),
        tuple(f"family-{number % 16}" for number in numbers),
        (True,) * QUESTIONS,
        (0.25,) * QUESTIONS,
    )
    ease, tokens = random.uniform(-0.25, 0.25, QUESTIONS), np.arange(100, 100 + DOCUMENTS)
    runs = []
    for recipe in range(recipes):
        shares = random.dirichlet(np.ones(6))
        for seed in range(SEEDS):
            right = 0.3 + 0.1 * shares[1] + ease + 0.01 * random.normal()
            chances = {"visual": right, "blind": 0.27 + 0.2 * ease, "mismatched": np.full(QUESTIONS, 0.27)}
            hits = {view: random.random(QUESTIONS) < chance for view, chance in chances.items()}
            nats = tokens * (4 + 0.3 * shares[0] + 0.1 * random.normal(size=DOCUMENTS))
            losses = DocumentLosses(("code",) * DOCUMENTS, tuple(range(DOCUMENTS)), tokens, 4.0 * tokens, nats)
            labels = {"mixture.recipe": f"recipe-{recipe}", "seed": str(seed)}
            texts = {f"text-{number}": float(share) for number, share in enumerate(shares)}
            runs.append(RunScore(labels, 1_000, questions, hits, losses, (), 1_000_000, texts))  # type: ignore[arg-type]
    axes = [
        {"setting": "mixture.recipe", "labels": [f"recipe-{recipe}" for recipe in range(recipes)]},
        {"setting": "seed", "labels": [str(seed) for seed in range(SEEDS)]},
    ]
    contrasts = [{"axis": "mixture.recipe", "baseline": "recipe-0"}]
    config = CompareConfig.parse({"compare": {"axes": axes, "contrasts": contrasts}})
    start = time.perf_counter()
    tabulate(config, runs)
    return {"runs": len(runs), "analyse s": round(time.perf_counter() - start, 2)}


def main() -> None:
    """Runs the bench, or one size of it for the measurement of memory."""
    if len(sys.argv) > 1:
        analyse(int(sys.argv[1]))
        return
    rows = []
    for recipes in RECIPES:
        taken = analyse(recipes)
        _, memory = peak_memory([__file__, str(recipes)])
        rows.append({**taken, "MB": round(memory)})
    report("compare", {"runs": "simulated, seed 0"}, {"scored runs to the table of a study": rows})


if __name__ == "__main__":
    main()
