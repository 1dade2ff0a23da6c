"""A few rows of each published suite with all of its public columns, and what must be read of them.

Written by hand after the columns that each dataset's card names; no row is one of the published ones.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inkling.tests.components.suites.conftest import picture

Rows = list[dict[str, Any]]


def shown(shade: int) -> dict[str, Any]:
    """An image as Hugging Face's datasets store one."""
    return {"bytes": picture(shade, "PNG"), "path": f"{shade}.png"}


@dataclass
class Sample:
    """Rows of a suite.

    Attributes:
        rows: The table.
        questions: (question, choices, answer, accepted answers, family) of each that is read.
        left_out: Rows that are left out, by reason.
        images: The table of images, where there is one.
    """

    rows: Rows
    questions: list[tuple[str, list[str], str, list[str], str]]
    left_out: dict[str, int] = field(default_factory=dict)
    images: Rows = field(default_factory=list)


SHORT = "\nAnswer the question using a single word or phrase."
HUMANS = ["red"] * 4 + ["dark red"] * 3 + ["maroon"] * 3
NONE = dict.fromkeys([f"image_{number}" for number in range(2, 8)])


def _gqa(number: int) -> dict[str, Any]:
    return {
        "id": f"2{number}", "imageId": f"n{number}", "question": f"Is it {number}?", "answer": "yes",
        "fullAnswer": "Yes, it is.", "isBalanced": True, "groups": {"global": "", "local": "10-thing"},
        "entailed": "[]", "equivalent": "[]",
        "types": {"structural": "verify", "semantic": "attr", "detailed": "verifyAttr"},
        "semantic": [{"operation": "select", "argument": "thing (1)", "dependencies": []}], "semanticStr": "select",
    }  # fmt: skip


def _mme(image: int, answer: str, category: str) -> dict[str, Any]:
    return {
        "question_id": f"{category}/{image}.png", "image": shown(image), "answer": answer, "category": category,
        "question": f"Is this {answer}? Please answer yes or no.",
    }  # fmt: skip


def _mmbench(index: int, choices: list[str | None], answer: str) -> dict[str, Any]:
    return {
        "index": index, "question": "What is it?", "hint": "nan", **dict(zip("ABCD", choices, strict=True)),
        "answer": answer, "category": "image_topic", "image": shown(index % 99), "source": "web",
        "l2-category": "coarse_perception", "comment": "nan", "split": "dev",
    }  # fmt: skip


def _cv(source: str, number: int) -> dict[str, Any]:
    return {
        "idx": number, "type": "2D", "task": "Count", "image": shown(number), "question": "How many cups are there?",
        "choices": ["1", "2", "0"], "answer": "(B)", "prompt": "How many ...", "filename": "img/1.png",
        "source": source, "source_dataset": source, "source_filename": "1.jpg", "target_class": None,
        "target_size": None, "bbox": None,
    }  # fmt: skip


def _mmmu(number: int, options: str, answer: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"validation_Art_{number}", "question": f"What does <image 1> show in part {number}?", "options": options,
        "explanation": "", "image_1": shown(number), **NONE, "img_type": "['Paintings']", "answer": answer,
        "topic_difficulty": "Easy", "question_type": kind, "subfield": "Art Theory", **more,
    }  # fmt: skip


def _blink(task: str, number: int, second: Any) -> dict[str, Any]:
    return {
        "idx": f"val_{task}_{number}", "question": "How many are there?", "sub_task": task, "image_1": shown(number),
        "image_2": second, "image_3": None, "image_4": None, "choices": ["0", "3"], "answer": "(B)",
        "prompt": "How many ...", "explanation": "",
    }  # fmt: skip


def _mathvista(number: int, choices: list[str] | None, answer: str) -> dict[str, Any]:
    return {
        "pid": str(number), "question": f"What is {number}?", "image": "images/1.jpg", "decoded_image": shown(number),
        "choices": choices, "unit": None, "precision": 1.0, "answer": answer, "query": "Hint: ...",
        "question_type": "multi_choice" if choices else "free_form", "answer_type": "text",
        "metadata": {
            "category": "math", "context": "scatter", "grade": "daily", "img_height": 1, "img_width": 1,
            "language": "english", "skills": ["arithmetic"], "source": "IQTest", "split": "testmini", "task": "figure",
        },
    }  # fmt: skip


def _science(number: int, image: Any) -> dict[str, Any]:
    return {
        "image": image, "question": f"Which is {number}?", "choices": ["west", "east"], "answer": np.int8(1),
        "hint": "Look at the map.", "task": "closed choice", "grade": "grade2", "subject": "social science",
        "topic": "geography", "category": "Geography", "skill": "Read a map", "lecture": "", "solution": "",
    }  # fmt: skip


def _seed(number: int, kind: str, images: int) -> dict[str, Any]:
    return {
        "answer": "C", "choice_a": "one", "choice_b": "two", "choice_c": "three", "choice_d": "four",
        "data_id": "1_2", "data_type": kind, "question": "How many?", "question_id": f"1{number}",
        "question_type_id": np.int16(5), "image": [shown(number + one) for one in range(images)],
        "segment": [1.0, 2.0] if kind == "video" else None,
    }  # fmt: skip


def _vqa(answers: Any, **more: Any) -> dict[str, Any]:
    return {"question": "Which colour?", "image": shown(3), "answers": answers, **more}


_LETTERS = "\n\nA. Left\nB. Straight\nC. Right\n"
_ONLY = "Please answer directly with only the letter of the correct option and nothing else."

SAMPLES: dict[str, Sample] = {
    "gqa": Sample(
        [_gqa(0), _gqa(1)],
        [(f"Is it {number}?{SHORT}", [], "yes", ["yes"], "verify") for number in range(2)],
        images=[{"id": f"n{number}", "image": shown(number)} for number in range(3)],
    ),
    "mme": Sample(
        [_mme(1, "Yes", "color"), _mme(1, "No", "color"), _mme(2, "Yes", "OCR"), _mme(2, "No", "OCR")],
        [
            (f"Is this {answer}? Please answer yes or no.", ["Yes", "No"], answer, [], family)
            for family in ("color", "OCR") for answer in ("Yes", "No")
        ],
    ),
    "mmbench": Sample(
        [_mmbench(7, ["cat", "dog", None, None], "B"), _mmbench(1_000_007, ["dog", "cat", None, None], "A")],
        [("What is it?", ["cat", "dog"], "dog", [], "image_topic")],
        {"are of another part": 1},
    ),
    "mmbench-circular": Sample(
        [_mmbench(7, ["cat", "dog", "cow", None], "B"), _mmbench(1_000_007, ["dog", "cow", "cat", None], "A")],
        [
            ("What is it?", choices, "dog", [], "image_topic")
            for choices in (["cat", "dog", "cow"], ["dog", "cow", "cat"], ["cow", "cat", "dog"])
        ],
        {"are of another part": 1},
    ),
    "seed-bench": Sample(
        [_seed(1, "image", 1), _seed(2, "video", 8)],
        [("How many?", ["one", "two", "three", "four"], "three", [], "5")],
        {"are of another part": 1},
    ),
    "scienceqa": Sample(
        [_science(1, shown(1)), _science(2, None)],
        [("Look at the map.\nWhich is 1?", ["west", "east"], "east", [], "geography")],
        {"have no image": 1},
    ),
    "mmmu": Sample(
        [
            _mmmu(1, "['a saint', \"a king's son\"]", "B", "multiple-choice"),
            _mmmu(2, "[]", "['8', '8.0']", "open"),
            _mmmu(3, "['x', 'y']", "A", "multiple-choice", image_2=shown(9)),
            _mmmu(4, "[]", "12", "open"),
        ],
        [
            ("What does  show in part 1?", ["a saint", "a king's son"], "a king's son", [], "Art Theory"),
            ("What does  show in part 2?", [], "8", ["8", "8.0"], "Art Theory"),
            ("What does  show in part 4?", [], "12", ["12"], "Art Theory"),
        ],
        {"show several images": 1},
    ),
    "ai2d": Sample(
        [{"question": "What eats grass?", "options": ["fox", "hare"], "answer": "1", "image": shown(1)}],
        [("What eats grass?", ["fox", "hare"], "hare", [], "AI2D")],
    ),
    "mathvista": Sample(
        [_mathvista(1, ["yes", "no"], "no"), _mathvista(2, None, "1.2")],
        [("What is 1?", ["yes", "no"], "no", [], "figure"), ("What is 2?", [], "1.2", ["1.2"], "figure")],
    ),
    "textvqa": Sample(
        [_vqa(HUMANS, image_id="a1", question_id=34602, question_tokens=["which"], image_width=32, image_height=32,
              flickr_original_url="", flickr_300k_url="", image_classes=["Sign"], set_name="val", ocr_tokens=["STOP"])],
        [(f"Which colour?{SHORT}", [], "red", HUMANS, "TextVQA")],
    ),
    "chartqa": Sample(
        [{"type": "human_test", "question": "What is the peak?", "answer": "14", "image": shown(1)}],
        [("What is the peak?\nAnswer the question with a single word.", [], "14", ["14"], "human_test")],
    ),
    "ocrbench": Sample(
        [{"dataset": "IIIT5K", "question": "what is written in the image?", "answer": ["CENTRE", "CENTER"],
          "question_type": "Regular Text Recognition", "image": shown(1)}],
        [("what is written in the image?", [], "CENTRE", ["CENTRE", "CENTER"], "Regular Text Recognition")],
    ),
    "realworldqa": Sample(
        [
            {"image": shown(1), "question": f"Where does it head?{_LETTERS}{_ONLY}", "answer": "C"},
            {"image": shown(2), "answer": "2", "question": "How many cars?\nPlease answer directly with a single word "
             "or number."},
        ],
        [
            ("Where does it head?", ["Left", "Straight", "Right"], "Right", [], "RealWorldQA"),
            ("How many cars?", [], "2", ["2"], "RealWorldQA"),
        ],
    ),
    "blink": Sample(
        [_blink("Counting", 1, None), _blink("Jigsaw", 2, shown(3))],
        [("How many are there?", ["0", "3"], "3", [], "Counting")],
        {"show several images": 1},
    ),
    **{
        f"cv-bench-{name}": Sample(
            [_cv("COCO", 1), _cv("ADE20K", 2), _cv("Omni3D", 3)],
            [("How many cups are there?", ["1", "2", "0"], "2", [], "Count")],
            {"are of another part": 2},
        )
        for name in ("coco", "ade", "omni3d")
    },
    "pope": Sample(
        [{"id": str(number), "question_id": "1", "question": "Is there a cup in the image?", "answer": answer,
          "image_source": "COCO_val2014_1", "image": shown(1), "category": "adversarial"}
         for number, answer in enumerate(("yes", "no"))],
        [("Is there a cup in the image?", ["yes", "no"], answer, [], "adversarial") for answer in ("yes", "no")],
    ),
    "vqav2": Sample(
        [_vqa([{"answer": answer, "answer_confidence": "yes", "answer_id": number}
               for number, answer in enumerate(HUMANS)],
              question_type="what color", multiple_choice_answer="red", image_id=42, answer_type="other",
              question_id=42000)],
        [(f"Which colour?{SHORT}", [], "red", HUMANS, "other")],
    ),
    "vizwiz": Sample(
        [_vqa(HUMANS, question_id="VizWiz_val_1.jpg", category="other")],
        [(f"Which colour?\nWhen the provided information is insufficient, respond with 'Unanswerable'.{SHORT}", [],
          "red", HUMANS, "other")],
    ),
    "mm-vet": Sample(
        [{"question_id": "v1_0", "image": shown(1), "question": "What is x?", "answer": "-1<AND>-5<OR>five",
          "image_source": "web", "capability": "ocr,math"}],
        [("What is x?", [], "-1<AND>-5<OR>five", ["-1<AND>-5<OR>five"], "ocr,math")],
    ),
    "mle-bench": Sample(
        [{"image": shown(1), "question": "Which of these appears?", "choices": ["cat", "dog", "boat", "tree"],
          "answer": "boat", "sub_task": "existence_0-30"}],
        [("Which of these appears?", ["cat", "dog", "boat", "tree"], "boat", [], "MLE-Bench")],
    ),
}  # fmt: skip
