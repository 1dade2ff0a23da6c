"""A suite of questions: where its data lie, how its columns are read, what its headline is, what a report says of it.

A profile names suites in its section `suites`:

    suites: {read: [scenes, ./mine.yaml, {suite: mmbench, data: ./mmbench_dev.parquet}]}

Each is a shipped suite by name, a YAML file, or a mapping: the whole suite, or `suite` (one of the former) and the keys
that it replaces.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from inkling.components.artifacts.metric import METRICS, Metric
from inkling.components.artifacts.questions import SCENES
from inkling.components.shared.config import ConfigError, InnerSection, Section, read_file, unknown
from inkling.models.settings import explain

__all__ = [
    "SCENES", "SNARE", "THIS_RUN", "TRANSFER", "Category", "Columns", "FurtherMean", "Headline", "Report", "Suite",
    "Suites", "carried", "load_suite", "rendered_scenes", "shipped_suites",
]  # fmt: skip

TRANSFER = "transfer"
"""The suite about rendered scenes that asks what no instruction told."""
SNARE = "snare"
"""The suite of statements about rendered scenes, which the stage `suites` makes of their annotations."""
THIS_RUN = "questions"
"""The value of `artifact` that stands for the Questions artifact of the run."""
Fault = Literal["missing_image", "several_images", "without_choices", "without_answer"]
"""What can be wrong with a row that its authors meant so."""
_SHIPPED = Path(__file__).parents[1] / "suites"
_YAML = (".yaml", ".yml")


def _unset(value: Any) -> bool:
    """Whether a setting that came later has its default, so that it enters no key of what was read before."""
    return not value


class Columns(InnerSection):
    """Which columns of the data hold what; `a.b` is the field b of a struct a, or of each struct in a list a."""

    question: str = Field(description="what is asked")
    image: str = Field(
        description="the image: bytes, a struct with `bytes`, a list of one, or base64; its id where `pictures` has it"
    )
    further_images: list[str] = Field(
        [], exclude_if=_unset, description="columns of a second image and more; rows with a value there show several"
    )
    choices: str | list[str] | None = Field(
        None, description="a column of lists, or a column a choice in their order, as A to D; none: open questions"
    )
    choices_as: Literal["list", "text-list", "lettered-lines"] = Field(
        "list",
        exclude_if=lambda stated: stated == "list",
        description="list; text-list: text that writes one, `['a', 'b']`; lettered-lines: lines `A. ...` of a text",
    )
    answer: str = Field(
        description="the right choice, as `answer_as` says; of an open question an accepted answer, or all"
    )
    answer_as: Literal["letter", "index", "text"] = Field("letter", description="A, B, ...; 0, 1, ...; or its text")
    id: str | None = Field(None, description="name of the row; its number where not given")
    hint: str | None = Field(None, description="what the prompt says before the question")
    category: str | None = Field(None, description="category; one category where not given")
    family: str | None = Field(None, description="family within the category; the category where not given")
    split: str | None = Field(None, description="split, whose values `splits` sorts")
    cluster: str | None = Field(
        None, description="what questions that are not independent share; their image where not given"
    )
    size_bucket: str | None = Field(None, description="how large the object is: small, medium, large or none")
    group: str | None = Field(
        None, exclude_if=_unset, description="what questions share that the metric counts as one, as MME's pairs"
    )

    def named(self) -> dict[str, list[str]]:
        """The columns that each key names."""
        stated = {key: value for key, value in self if value and not key.endswith("_as")}
        return {key: [value] if isinstance(value, str) else value for key, value in stated.items()}


class PictureTable(InnerSection):
    """A table of its own with the images, where the questions name them."""

    data: tuple[str, ...] = Field(min_length=1, description="Parquet or JSON lines files, or patterns of them")
    id: str = Field(description="the column with what `columns.image` of a question names")
    image: str = Field(description="the column with the image, as `columns.image` else")

    @field_validator("data", mode="before")
    @classmethod
    def _one_or_many(cls, stated: Any) -> Any:
        return _listed(stated)


class Bound(InnerSection):
    """Numbers below another."""

    below: float = Field(description="the number that is too large")


class Published(InnerSection):
    """Where a suite's data are published on the Hugging Face hub."""

    repository: str = Field(description="OWNER/NAME of the dataset")
    revision: str = Field(
        "unpinned", description="the commit whose columns are read here; unpinned where none is known"
    )
    files: str = Field(description="which of its files")

    def __str__(self) -> str:
        """Where it is, as a sentence's end."""
        return f"https://huggingface.co/datasets/{self.repository} (revision {self.revision}), files {self.files}"


class Size(InnerSection):
    """How large a suite is as published."""

    questions: int = Field(ge=1, description="questions that are read")
    images: int | None = Field(None, ge=1, description="images that they are about, where that is known")


class FurtherMean(Section):
    """A mean over the questions of the headline."""

    mean: Literal["families", "questions", "size_buckets"] = Field(description="what weighs the same in it")
    label: str = Field("mean accuracy", description="what a report calls it")


class Headline(Section):
    """The mean that stands for the suite."""

    mean: Literal["families", "questions"] = Field("families", description="what weighs the same in it")
    categories: tuple[str, ...] = Field((), description="the categories that enter; all where none is named")
    label: str = Field("mean accuracy", description="what a report calls it")
    beside: FurtherMean | None = Field(
        None, exclude_if=lambda mean: mean is None, description="another mean that is reported below it"
    )


class Category(Section):
    """A category of questions."""

    name: str = Field(min_length=1)
    description: str = Field("", description="what its questions ask")
    values: tuple[str, ...] = Field(
        (), exclude_if=_unset, description="values of the category column that stand for it; its name where empty"
    )


class Report(Section):
    """What the report and the model card may say where this suite is read, whole sentences."""

    images: str = Field("", description="what the images are, and whether training has used any of them")
    categories: str = Field("", description="what is to be known of the categories")
    sizes: str = Field("", description="what the size of an object means")
    beyond: str = Field("", description="what the suite leaves open, as in: What this does not show: ...")
    untested: tuple[str, ...] = Field((), description="what the suite cannot test")
    use: str = Field("", description="what a model that answers it is for, in the model card")
    limits: tuple[str, ...] = Field((), description="limits of the model that the suite shows, in the model card")


class Suite(Section):
    """A benchmark: data, how they are read, and how they are scored and reported."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="short name: names files, prefixes identifiers")
    version: str = Field(description="version of the suite; raise it when its answers can no longer be compared")
    title: str = Field(description="what a report calls it")
    licence: str = Field(description="the licence of its data")
    source: str = Field(description="where its data come from")
    data: tuple[str, ...] = Field((), description="Parquet or JSON lines files, or patterns of them")
    artifact: str | None = Field(None, description="a Questions artifact instead: 'questions' (this run's) or a path")
    columns: Columns | None = Field(None, description="which columns hold what")
    pictures: PictureTable | None = Field(
        None, exclude_if=_unset, description="the table of images that `columns.image` names"
    )
    hub: Published | None = Field(None, exclude_if=_unset, description="where the data are published")
    size: Size | None = Field(None, exclude_if=_unset, description="how large it is as published")
    tried: str = Field("", exclude_if=_unset, description="what the suite was tried on where this was written")
    where: dict[str, Bound | tuple[str, ...]] = Field(
        {}, exclude_if=_unset, description="rows that are read, by the values of a column, or `{below: NUMBER}`"
    )
    choices: tuple[str, ...] = Field(
        (), exclude_if=_unset, description="the choices of every question, such as [yes, no]"
    )
    open: bool = Field(False, exclude_if=_unset, description="rows without choices are open questions")
    leave_out: tuple[Fault, ...] = Field(
        (),
        exclude_if=_unset,
        description="rows that are left out, and counted, where they would else be refused: missing_image, "
        "several_images, without_choices, without_answer",
    )
    remove: tuple[str, ...] = Field((), exclude_if=_unset, description="texts that are taken out of every question")
    missing: tuple[str, ...] = Field((), description="texts in a cell that stand for no value, such as nan")
    splits: dict[Literal["validation", "test"], tuple[str, ...]] = Field(
        {}, description="values of the split column for each split; other rows are left out; all are test where empty"
    )
    size_buckets: dict[Literal["small", "medium", "large"], tuple[str, ...]] = Field(
        {},
        exclude_if=lambda buckets: not buckets,
        description="values of the size column for each bucket; as the column says where empty",
    )
    prompt: str = Field("{hint}\n{question}", description="the prompt's question, of {hint} and {question}")
    max_words: int | None = Field(None, ge=1, description="rows with more words are left out, and counted")
    metric: Annotated[Metric, METRICS] = Field(
        default_factory=lambda: METRICS.read("accuracy"),
        exclude_if=lambda metric: metric.type == "accuracy",
        description="how answers are scored: a file of components/evaluate/metrics by its name, with its settings",
    )
    headline: Headline = Headline()
    categories: tuple[Category, ...] = Field((), description="all categories in their order; those found where empty")
    report: Report = Report()

    @field_validator("data", mode="before")
    @classmethod
    def _one_or_many(cls, stated: Any) -> Any:
        return _listed(stated)

    @field_validator("where", mode="before")
    @classmethod
    def _one_or_several(cls, stated: Any) -> Any:
        return {key: _listed(value) for key, value in stated.items()} if isinstance(stated, Mapping) else stated

    @field_validator("version", mode="before")
    @classmethod
    def _as_text(cls, stated: Any) -> Any:
        return str(stated) if isinstance(stated, int | float) else stated

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.artifact is None and (not self.data or self.columns is None):
            raise ValueError(
                f"suite '{self.name}' has no {'columns' if self.data else 'data'}: state `data` (a Parquet or JSON "
                "lines file) and `columns`, or `artifact: questions`"
            )
        if self.artifact is not None and (self.data or self.columns):
            raise ValueError(f"suite '{self.name}' states `artifact` and `data`: one of them holds its questions")
        if self.splits and (self.columns is None or self.columns.split is None):
            raise ValueError(f"suite '{self.name}' sorts `splits`, but `columns.split` names no column")
        if self.size_buckets and (self.columns is None or self.columns.size_bucket is None):
            raise ValueError(f"suite '{self.name}' sorts `size_buckets`, but `columns.size_bucket` names no column")
        if self.choices and self.columns is not None and self.columns.choices:
            raise ValueError(
                f"suite '{self.name}' states `choices` and `columns.choices`: one of them holds its choices"
            )
        if self.metric.grouped and self.columns is not None and not self.lists_choices:
            raise ValueError(f"suite '{self.name}': the metric {self.metric.type} needs choices for every question")
        if self.splits and "test" not in self.splits:
            raise ValueError(f"suite '{self.name}': state in `splits` which values are test")
        names = [category.name for category in self.categories]
        for name in self.headline.categories if names else ():
            if name not in names:
                raise unknown("category of `headline`", name, names)
        try:
            self.prompt.format(hint="", question="")
        except (KeyError, IndexError, ValueError):
            raise ValueError(f"prompt {self.prompt!r} may use {{hint}} and {{question}} only") from None
        return self

    @property
    def lists_choices(self) -> bool:
        """Whether every question has choices, so that none is open."""
        return not self.open and bool(self.choices or (self.columns is not None and self.columns.choices))

    def columns_read(self) -> dict[str, list[str]]:
        """The columns of its data that are read, by the key that names them."""
        named = self.columns.named() if self.columns else {}
        return {**named, **({"where": list(self.where)} if self.where else {})}

    def in_order(self, found: Sequence[str]) -> list[str]:
        """Names of categories in the suite's order, then those that it does not list."""
        ranks = {category.name: rank for rank, category in enumerate(self.categories)}
        return sorted(found, key=lambda name: (ranks.get(name, len(ranks)), name))


def _listed(stated: Any) -> Any:
    return (stated,) if isinstance(stated, str) else stated


def load_suite(stated: Any) -> Suite:
    """Reads a suite.

    Args:
        stated: Name of a shipped one, path of a YAML file, or a mapping as the module says.

    Raises:
        ConfigError: If there is none, or it cannot be used; the message names the key and what is valid.
    """
    if isinstance(stated, str):
        return _validated(_content(stated)) if stated.endswith(_YAML) else _shipped(stated)
    if not isinstance(stated, Mapping):
        raise ConfigError(f"a suite is a name, a YAML file or a mapping, not {stated!r}")
    if "suite" in stated:
        own = {key: value for key, value in stated.items() if key != "suite"}
        stated = {**_content(str(stated["suite"])), **own}
    return _validated(dict(stated))


@cache
def _shipped(name: str) -> Suite:
    return _validated(_content(name))


def _content(name: str) -> dict[str, Any]:
    """The keys of a suite by name or path, its data relative to its own folder."""
    own = name.endswith(_YAML)
    path = Path(name) if own else _SHIPPED / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(f"there is no suite {name}") if own else unknown("suite", name, shipped_suites())
    content = read_file(path)
    if isinstance(base := content.pop("suite", None), str):
        content = {**_content(base), **content}
    return _placed(content, path.parent) if own else content


def _placed(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths of the data made absolute."""
    artifact, pictures = content.get("artifact"), content.get("pictures")
    placed = dict(content)
    if "data" in content:
        placed["data"] = _absolute(content["data"], folder)
    if isinstance(pictures, Mapping) and "data" in pictures:
        placed["pictures"] = {**pictures, "data": _absolute(pictures["data"], folder)}
    if isinstance(artifact, str) and artifact != THIS_RUN:
        placed["artifact"] = str((folder / artifact).absolute())
    return placed


def _absolute(patterns: Any, folder: Path) -> Any:
    """Patterns relative to a folder made absolute; what are none as they are, for the suite to refuse."""
    listed = _listed(patterns)
    if not isinstance(listed, Sequence) or not all(isinstance(pattern, str) for pattern in listed):
        return patterns
    return [str((folder / pattern).absolute()) for pattern in listed]


def _validated(content: dict[str, Any]) -> Suite:
    """A suite whose relative paths are those of the working directory."""
    try:
        return Suite.model_validate(_placed(content, Path()))
    except ValidationError as error:
        raise ConfigError(explain(error, Suite, f"suite {content.get('name', '')}".strip())) from None


def shipped_suites() -> list[str]:
    """Names of the suites that ship."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yaml"))


def carried(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section `suites` of a profile with suites in place of the names of files, so that a task opens none."""
    read = [
        suite.name if suite in rendered_scenes() else suite.model_dump(mode="json", exclude_unset=True)
        for suite in _read(section)
    ]
    return {**section, "read": read}


def _read(section: Any) -> Any:
    """The suites of the section `suites` of a profile."""
    stated = section.get("read", [SCENES, TRANSFER]) if isinstance(section, Mapping) else section
    if isinstance(stated, str):
        stated = [stated]
    if not isinstance(stated, Sequence) or not stated:
        raise ConfigError("name at least one suite, as in `suites: {read: [scenes]}`")
    suites = tuple(one if isinstance(one, Suite) else load_suite(one) for one in stated)
    names = [suite.name for suite in suites]
    if len(set(names)) < len(names):
        raise ConfigError(f"two suites have one name: {', '.join(names)}")
    return suites


Suites = Annotated[tuple[Suite, ...], BeforeValidator(_read)]
"""The type of a stage's setting `suites`, which takes the section `suites` of the profile."""


def rendered_scenes() -> tuple[Suite, ...]:
    """What is read where a profile names no suites."""
    return load_suite(SCENES), load_suite(TRANSFER)
