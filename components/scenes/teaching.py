"""Turns scenes into what is taught: captions, and instructions about a picture or about a caption alone."""

from collections.abc import Iterable
from dataclasses import replace
from zlib import crc32

from inkling.components.artifacts.conversations import Turn
from inkling.components.scenes.captions import REQUEST, caption
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.made import Made, denied
from inkling.components.scenes.phrasings import taught
from inkling.components.scenes.plan import SceneJob
from inkling.components.scenes.queries import FAMILIES, Query, askable

_YES_OR_NO, _WORD, _THIN = 1, 5, 9  # purposes of chance


def turns(made: Made, catalogue: Catalogue, phrasings: int, existence_pairs: int = 0) -> list[Turn]:
    """A caption of a training scene and every question that it teaches, with the answer.

    Args:
        made: The scene.
        catalogue: What scenes are made of.
        phrasings: From how many phrasings of its family each question is drawn.
        existence_pairs: Existence questions for yes, and as many for no; 0 for one of either.
    """
    name, family = made.job.image_id, FAMILIES[made.job.family]
    lines = [
        Turn(
            f"{name}-caption",
            name,
            "caption",
            family.category,
            made.job.family,
            "other",
            REQUEST,
            caption(made.scene, catalogue),
        )
    ]
    queries = [query for query in askable(made.scene, catalogue) if _kept(query, made, catalogue)]
    queries += _learned_existence(made, catalogue, existence_pairs)
    for number, query in enumerate(queries):
        answer = query.solve(made.scene, catalogue)
        assert answer is not None, "only questions with an answer are made"
        again = queries[:number].count(query)  # the same question in its next phrasing
        wording = (_drawn(query, made, phrasings) + again) % phrasings
        about, said = FAMILIES[query.family], taught(query.asks)[wording]
        lines.append(
            Turn(
                f"{name}-{number}",
                name,
                "instruct",
                about.category,
                query.family,
                about.tag,
                said.text(query.subject),
                answer,
                said.name,
            )
        )
    return lines


def _drawn(query: Query, made: Made, phrasings: int) -> int:
    """Number of the phrasing of a question about a scene; twins are asked the same question in the same words."""
    return int(made.job.chance(_WORD, crc32(query.text.encode())).integers(phrasings))


def _kept(query: Query, made: Made, catalogue: Catalogue) -> bool:
    """Whether a question is taught: of facts that several classes share, in scenes made for other questions, a part.

    Each kind, use and place is then the right answer about as often as any other.
    """
    if query.family not in ("kind", "fact") or query == made.query:
        return True
    sharing = catalogue.facts(query.subject[0] if query.subject else "kind", held_out=False)
    answer = query.solve(made.scene, catalogue)
    fewest = min(map(len, sharing.values()))
    return bool(made.job.chance(_THIN).random() < fewest / len(sharing[str(answer)]))


def text_only_turns(
    jobs: Iterable[SceneJob], count: int, catalogue: Catalogue, phrasings: int, existence_pairs: int = 0
) -> list[Turn]:
    """What scenes teach, with the caption in place of the picture: reading comprehension with exact answers.

    Args:
        jobs: Scenes that are composed and not drawn, enough for the count.
        count: How many turns are wanted.
        catalogue: What scenes are made of.
        phrasings: From how many phrasings of its family each question is drawn.
        existence_pairs: As of pictures.
    """
    found: list[Turn] = []
    for job in jobs:
        if len(found) >= count:
            break
        made = Made(job, *job.compose(catalogue))
        shown = f"The picture shows {caption(made.scene, catalogue)}."
        found += [
            replace(turn, image_id="", id=f"text-{turn.id}", question=f"{shown} {turn.question}")
            for turn in turns(made, catalogue, phrasings, existence_pairs)
            if turn.kind == "instruct"
        ]
    return found[:count]


def _learned_existence(made: Made, catalogue: Catalogue, pairs: int) -> list[Query]:
    """Existence questions about a picture of one drawing: one for yes or for no, or several of each.

    A picture that is asked for what it shows and for what it does not cannot be answered without reading the word.
    """
    if made.scene.layout != "single" or made.scene.items[0].glyph is None:
        return []
    shown = Query("existence", (made.scene.items[0].word,))
    rng = made.job.chance(_YES_OR_NO)
    if not pairs:
        return [shown if rng.random() < 0.5 else denied(made, shown, catalogue)]
    absent = [word for word in catalogue.classes if word != shown.subject[0]]
    others = [absent[int(place)] for place in rng.permutation(len(absent))[:pairs]]
    return [*([shown] * pairs), *(Query("existence", (word,)) for word in others)]
