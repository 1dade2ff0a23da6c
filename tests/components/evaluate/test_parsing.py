"""The parser of generated answers on hard texts: what is stated is found, and nothing is made up."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.evaluate.parsing import parse_choice

COLOURS = ["red", "green", "blue", "black"]
CARS = ["car", "race car", "truck", "bus"]
POLAR = ["yes", "no"]
VITAMINS = ["Vitamin C", "Vitamin A", "Vitamin D", "Vitamin B"]
NUMBERS = ["1", "10", "1.5", "5"]
CJK = ["猫", "狗", "鸟", "鱼"]
LETTER = [
    ("B", 1), ("B.", 1), ("(B)", 1), ("b", 1), ("b)", 1), ("a", 0), (" B \n", 1), ("**B**", 1), ("B: green", 1),
    ("B) green", 1), ("(b) green", 1), ("[C]", 2), ("\uff22", 1), ("\\boxed{C}", 2), ("$\\boxed{\\text{C}}$", 2),
    ("<answer>D</answer>", 3), ("the answer is (B).", 1), ("The answer is B because the sky is dull.", 1),
    ("Answer: b", 1), ("ANSWER: C", 2), ("The correct option is D.", 3), ("I choose option C", 2),
    ("It should be B", 1), ("Let me think.\nIt is round.\nC", 2), ("A is wrong. B is wrong. The answer is C.", 2),
    ("A. red\nB. green\nC. blue\nD. black\nAnswer: D", 3), ("I would go with (C), since it glows.", 2),
    ("La respuesta es B.", 1), ("Die Antwort ist C.", 2), ("La réponse est D", 3), ("答案是B", 1), ("答案:(C)", 2),
    ("Ответ: B", 1), ("正解はB", 1), ("(A) is incorrect. (C) fits.", 2), ("The answer is not A but the answer is B", 1),
    ("It cannot be A; it must be D.", 3), ("My answer is A.", 0), ("The answer is A since it is bright", 0),
    ("B, because the leaves", 1), ("Option B", 1), ("C - blue", 2), ("The answer is C, I think", 2),
]  # fmt: skip
TEXTS = [
    ("red", COLOURS, 0), ("Red.", COLOURS, 0), ("  GREEN!", COLOURS, 1), ('"blue"', COLOURS, 2),
    ("It is a blue one.", COLOURS, 2), ("A blue thing", COLOURS, 2), ("a black cat", COLOURS, 3),
    ("The answer is a green leaf", COLOURS, 1), ("It is not red, it is green.", COLOURS, 1),
    ("green rather than blue", COLOURS, 1), ("race car", CARS, 1), ("It is a race car.", CARS, 1), ("A car.", CARS, 0),
    ("a scar on a bus", CARS, 3), ("RACE  CAR", CARS, 1), ("car, not a truck", CARS, 0), ("Vitamin C", VITAMINS, 0),
    ("It is vitamin a.", VITAMINS, 1), ("The answer is Vitamin B", VITAMINS, 3), ("Yes.", POLAR, 0), ("no", POLAR, 1),
    ("No, there is no dog.", POLAR, 1), ("Yes, there is no doubt.", POLAR, 0), ("There is no dog.", POLAR, 1),
    ("10", NUMBERS, 1), ("It is 1.5 m", NUMBERS, 2), ("There are 10 of them.", NUMBERS, 1), ("5, I count", NUMBERS, 3),
    ("猫", CJK, 0), ("答案是狗。", CJK, 1), ("图中有一只鸟", CJK, 2), ("Straße", ["STRASSE", "Weg"], 0),
    ("Es ist ein roter Ball", ["roter Ball", "Ball"], 0), ("the sky, blue as ever", COLOURS, 2),
]  # fmt: skip
UNDECIDED = [
    ("", COLOURS), ("   \n", COLOURS), ("A or B", COLOURS), ("A and C", COLOURS), ("A, B", COLOURS), ("A/B", COLOURS),
    ("not A", COLOURS), ("The answer is not B.", COLOURS), ("It can't be B", COLOURS), ("(A) or (B)", COLOURS),
    ("The answer is A or B.", COLOURS), ("The answer is A. No, the answer is B.", COLOURS), ("E", COLOURS),
    ("The answer is E.", COLOURS), ("A. red\nB. green\nC. blue\nD. black", COLOURS), ("red or green", COLOURS),
    ("I'm sorry, I cannot see an image.", COLOURS), ("As an AI model I can't help with that.", COLOURS),
    ("There is no image.", POLAR), ("I cannot tell from the picture.", POLAR), ("yes and no", POLAR),
    ("I see nothing", COLOURS), ("a thing", COLOURS), ("A thing", COLOURS), ("The answer is a", COLOURS),
    ("bored", COLOURS), ("greenish", COLOURS), ("not red", COLOURS), ("neither red nor green", COLOURS),
    ("15", NUMBERS), ("-5", NUMBERS), ("10.5", NUMBERS), ("\u274c\u2753", COLOURS), ("Je ne sais pas", COLOURS),
    ("我不知道", CJK), ("B\u00e4r", COLOURS), ("C++ is a language", COLOURS), ("option 2", COLOURS),
    ("None of the above", COLOURS),
]  # fmt: skip


@pytest.mark.parametrize(("text", "choice"), LETTER)
def test_a_letter_is_found(text: str, choice: int) -> None:
    assert parse_choice(text, COLOURS) == choice


@pytest.mark.parametrize(("text", "choices", "choice"), TEXTS)
def test_an_option_is_found(text: str, choices: list[str], choice: int) -> None:
    assert parse_choice(text, choices) == choice


@pytest.mark.parametrize(("text", "choices"), UNDECIDED)
def test_what_is_undecidable_stays_so(text: str, choices: list[str]) -> None:
    assert parse_choice(text, choices) is None


def test_a_letter_counts_only_where_letters_were_listed() -> None:
    assert parse_choice("B", COLOURS, lettered=False) is None
    assert parse_choice("green", COLOURS, lettered=False) == 1


def words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


PARTS = st.sampled_from(
    [*"ABCDabcd", *COLOURS, *CARS, *POLAR, *NUMBERS, *CJK, "answer is", "not", "or", "\n", ".", "("]
)
SAID = st.text(max_size=60) | st.lists(PARTS | st.text(max_size=4), max_size=9).map(" ".join)


@given(SAID, st.lists(st.text(min_size=1, max_size=8) | PARTS, max_size=30, unique=True), st.booleans())
def test_nothing_is_made_up(text: str, choices: list[str], lettered: bool) -> None:
    choice = parse_choice(text, choices, lettered)
    if choice is None:
        return
    plain = words(text)
    letter = re.search(rf"(?<![a-z]){'abcdefghijklmnopqrstuvwxyz'[choice : choice + 1]}(?![a-z])", plain)
    assert words(choices[choice]) in plain or (lettered and choice < 26 and letter)
