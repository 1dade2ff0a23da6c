"""Whether what is served is what was measured: ONNX against torch, and the server against the evaluator."""

from typing import Any

from inkling.components.analyze.report.wording import count
from inkling.components.shared.report.html import Html, element, join, paragraph, section, table


def serving_section(findings: dict[str, Any]) -> Html:
    """Parity of the exported graphs, the rehearsal of the server, and its generated answers."""
    export, serving = findings["export"], findings["serving"]
    largest = max(view["largest_difference"] for view in export["views"].values())
    sent, agreed = (sum(view[part] for view in serving["views"].values()) for part in ("questions", "agreed"))
    return section(
        "serving",
        "Is the served model the measured one?",
        paragraph(
            "The exported ONNX graphs were compared with the network on every evaluation question: the largest "
            f"difference of a logit is {largest:.1e} ({export['tolerance']:g} is allowed) and every choice is the "
            f"same. Then the KServe server was started and sent questions over HTTP: {_agreement(agreed, sent)}"
        ),
        table(
            "ONNX graphs against the network, validation and test questions",
            ("View", "Questions", "Logits compared", "Largest difference", "Closest decision, nats"),
            [
                (
                    name,
                    count(view["questions"]),
                    count(view["logits"]),
                    f"{view['largest_difference']:.1e}",
                    f"{view['narrowest_margin']:.1e}",
                )
                for name, view in export["views"].items()
            ],
        ),
        table(
            "The running server against the evaluator, test questions drawn by seed",
            ("View", "Questions", "Same choice"),
            [(name, count(view["questions"]), count(view["agreed"])) for name, view in serving["views"].items()],
        ),
        *_chats(serving["chats"]),
    )


def _agreement(agreed: int, sent: int) -> str:
    if not sent:
        return (
            "no choice was compared, since the evaluator's were not found by the likelihoods that the server compares."
        )
    return f"{agreed} of {sent} choices are the evaluator's."


def _chats(chats: list[dict[str, Any]]) -> list[Html]:
    """Generated answers, quoted as they came."""
    if not chats:
        return []
    rows = [(chat["question"], chat["view"], _answer(chat), chat["right"]) for chat in chats]
    return [
        element("h3", "Generated answers"),
        paragraph("What the server generated for some of these questions when it was given no choices. Not scored."),
        table("Generated answers of the server", ("Question", "View", "Answer", "Right answer"), rows, text_columns=4),
    ]


def _answer(chat: dict[str, Any]) -> Html:
    hit = chat["answer"].strip() == chat["right"]
    return join(chat["answer"] or "(nothing)", element("span", " (right)", class_="right") if hit else "")
