"""Which choice a generated text is: an explicit letter, else an option's exact text, else the longest option in it.

In the manner of LSBS (section 3): its three steps in its order, and stricter where the paper says nothing: a text that
names several options side by side, or denies one, decides nothing by it. What no step decides is undecidable. A choice
is only returned for what stands in the text: its letter, or its words; never because others are excluded.
"""

import re
import unicodedata
from collections.abc import Sequence

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff"  # scripts without spaces between words
_BEFORE = rf"(?<![^\W{_UNSPACED}])"
_AFTER = rf"(?![^\W{_UNSPACED}])"
"""Where a word begins and ends: beside no letter or digit, but for scripts without spaces."""

_NEGATED = re.compile(
    r"(?:\bnot|n't|n\u2019t|\bcannot|\bnever|\bneither|\bnor|\bno|\bwithout|\brather than|\binstead of|\bexcept)"
    r"(?: (?:be|is|it|a|an|the|any|option|choice|choose|pick|select|necessarily|exactly))* ?[(\"']*$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"[)\].:]* ?(?:is|are|was|can be|could be|seems|would be)(?:n't|n\u2019t| not)? ?(?:clearly |also )?"
    r"(?:wrong|incorrect|false|not|eliminated|ruled out|excluded|impossible)\b|"
    r"[)\].:]* ?(?:isn't|isn\u2019t|aren't|can't|cannot)\b",
    re.IGNORECASE,
)
_CUES = (
    r"(?:answer|option|choice|respuesta|opción|respuesta correcta|antwort|réponse|resposta|risposta|ответ|"
    r"答案|选|選|回答|正解|정답|답)"
)
_LINK = r"(?: (?:is|are|should be|must be|would be|will be|es|ist|est|is:|are:)| ?é| ?è|是|为|為|は|은|는)?"
_CHOSEN = re.compile(
    rf"(?:{_CUES}{_LINK}(?: (?:option|choice|letter))? ?[:=]? ?|"
    r"\b(?:is|be|choose|chose|pick|select|go with|going with)(?: (?:option|choice|letter))? ?:? ?|"
    r"\\boxed ?\{ ?|boxed\{(?:\\text\{)? ?)$",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"[)\].]* ?(?:,|/|&|\bor\b|\band\b|\boder\b|\bund\b|\bo\b|\bou\b|\bet\b|或|和)(?: ?(?:,|or|and))* ?[(\[]?"
)
_NO_ANSWER = re.compile(
    r" (?:image|picture|photo|photograph|information|idea|way|answer|option|visual|context|access)\b"
)
_WORDS_AFTER_A = re.compile(r" (?!because\b|since\b|as\b|and\b|or\b|is\b)\w")
_CONTEXT = 60  # characters before or behind a letter or a word that are looked at
POLAR = frozenset({"yes", "no"})


def parse_choice(text: str, choices: Sequence[str], lettered: bool = True) -> int | None:
    """Index of the choice that a text states.

    Args:
        text: What a model generated.
        choices: The choices in the order in which they were given.
        lettered: Whether they were listed behind letters, so that a letter states one.

    Returns:
        The index; None if the text decides for none, or for several.
    """
    said = unicodedata.normalize("NFKC", text)
    options = [_words(choice) for choice in choices]
    if lettered:
        found = _letters(said, options)
        if found is not None:
            return found.pop() if len(found) == 1 else None
    words = _words(said)
    exact = {index for index, option in enumerate(options) if _bare(option) == _bare(words) and option}
    if exact:
        same = {index for index in exact if choices[index].strip() == text.strip()} or exact
        return same.pop() if len(same) == 1 else None
    mentioned = _mentioned(words, options)
    if POLAR.issuperset(options):
        opening = {index for index in mentioned if re.match(rf"\W*{options[index]}\b *[,.;:!]", words)}
        mentioned = opening or mentioned
    return mentioned.pop() if len(mentioned) == 1 else None


def _words(text: str) -> str:
    """Text without regard to case, form of characters and white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bare(text: str) -> str:
    """Text without what surrounds it, unless that is all of it."""
    return text.strip(" .,;:!?\"'`*_()[]{}<>") or text


def _letters(text: str, options: Sequence[str]) -> set[int] | None:
    """Choices whose letters are stated, by the clearest form in which any is; None if no letter is."""
    plain = _without_options(re.sub(r"</?\w+>", "\n", re.sub(r"[*_`$#]", "", text)), options)
    lines = [" ".join(line.split()) for line in plain.splitlines()]
    flat = " ".join(line for line in lines if line)
    valid = _LETTERS[: len(options)]
    if not valid:
        return None
    if re.fullmatch(rf"\W*[{valid}]\W*", flat, re.IGNORECASE):
        return {valid.index(letter) for letter in re.findall(rf"[{valid}]", flat.upper())}
    every = [letter for letter in _occurrences(flat) if letter.group(1).upper() in valid]
    chosen = [one for one in every if _is_chosen(flat, one)]
    leading = [one for line in lines for one in _occurrences(line)[:1] if _leads(line, one)]
    leading = [one for one in leading if one.group(1).upper() in valid]
    bracketed = [one for one in every if _is_bracketed(flat, one) and not _is_denied(flat, one)]
    for stated, line in ((chosen, flat), (leading, None), (bracketed, flat)):
        if stated:
            found = {valid.index(one.group(1).upper()) for one in stated}
            for one in stated:
                found |= _joined(line if line is not None else one.string, one, valid)
            return found
    return {0, 1} if re.fullmatch(r"\W*[A-Z](?:\W+(?:(?:or|and)\W+)?[A-Z])+\W*", flat) and len(options) > 1 else None


def _without_options(text: str, options: Sequence[str]) -> str:
    """Text whose options of several characters are blotted out, so that `Vitamin C` is no letter."""
    for option in sorted({option for option in options if len(option) > 1}, key=len, reverse=True):
        text = re.sub(_BEFORE + re.escape(option).replace(r"\ ", r"\s+") + _AFTER, "\u2026", text, flags=re.IGNORECASE)
    return text


def _occurrences(line: str) -> list[re.Match[str]]:
    """Letters that stand alone."""
    return list(re.finditer(rf"{_BEFORE}(?<!['\u2019])([A-Za-z]){_AFTER}(?!['\u2019]\w)", line))


def _is_chosen(line: str, letter: re.Match[str]) -> bool:
    """Whether a letter is what a phrase such as `the answer is` names."""
    start = letter.start()
    before = line[max(0, start - _CONTEXT) : start].rstrip("([\"' ") + " "
    cue = _CHOSEN.search(before)
    if cue is None or _NEGATED.search(before[: cue.start()].rstrip() + " ") or _is_denied(line, letter):
        return False
    if _is_bracketed(line, letter):
        return True
    if letter.group(1).islower():
        return letter.group(1) not in "ai" and re.match(r"\W*(?:$|[.,;:!])", line[letter.end() :]) is not None
    return letter.group(1) not in "AI" or not _WORDS_AFTER_A.match(line[letter.end() :])


def _is_bracketed(line: str, letter: re.Match[str]) -> bool:
    return line[letter.end() : letter.end() + 1] in (")", "]") and line[: letter.start()].endswith(("(", "["))


def _is_denied(line: str, letter: re.Match[str]) -> bool:
    """Whether a letter is said not to be the answer."""
    before = line[max(0, letter.start() - _CONTEXT) : letter.start()]
    return bool(_NEGATED.search(before) or _DENIED.match(line[letter.end() : letter.end() + _CONTEXT]))


def _leads(line: str, letter: re.Match[str]) -> bool:
    """Whether a line begins with a letter as a list does: `B`, `B.`, `(B) ...`, `b) ...`."""
    if line[: letter.start()].strip(" ([\"'-") or _is_denied(line, letter):
        return False
    behind = line[letter.end() :]
    if letter.group(1).islower():
        return behind[:1] in (")", "]")
    listed = r"[)\]]|[.:,;](?:\s|$)|\s*[-=]" + ("" if letter.group(1) in "AI" else "|\\s*\u2026")
    return not behind.strip(" .)]\"'") or re.match(listed, behind) is not None


def _joined(line: str, letter: re.Match[str], valid: str) -> set[int]:
    """Further letters behind one: the B of `A or B`."""
    found: set[int] = set()
    end = letter.end()
    while (link := _JOINT.match(line, end)) and (other := re.compile(rf"([{valid}]){_AFTER}").match(line, link.end())):
        found.add(valid.index(other.group(1)))
        end = other.end()
    return found


def _mentioned(words: str, options: Sequence[str]) -> set[int]:
    """Choices whose words stand in a text, those within a longer one's and those that are negated left out."""
    found: set[int] = set()
    taken = [False] * len(words)
    for option in sorted(set(options), key=len, reverse=True):
        if not option:
            continue
        for match in re.finditer(_bounded(option), words):
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = [True] * (match.end() - match.start())
            negated = option not in POLAR and _NEGATED.search(words[max(0, match.start() - _CONTEXT) : match.start()])
            if not negated and not (option == "no" and _NO_ANSWER.match(words, match.end())):
                found |= {index for index, other in enumerate(options) if other == option}
    return found


def _bounded(option: str) -> str:
    """A pattern that finds an option as whole words, and a number as a whole number."""
    before = r"(?<!\d[.,])(?<!-)" if option[0].isdigit() else ""
    after = r"(?![.,]\d)" if option[-1].isdigit() else ""
    starts = _BEFORE if option[0].isalnum() else ""
    ends = _AFTER if option[-1].isalnum() else ""
    return f"{before}{starts}{re.escape(option)}{ends}{after}"
