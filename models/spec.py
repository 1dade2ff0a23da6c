"""Plug-ins: one file each, its settings above and its network below.

The plug-ins of a seam are the files of a folder. Such a file has two parts, in this order:

    class PoolSpec(ConnectorSpec):            # the spec: settings, sizes, identity; imports nothing heavy
        type: Literal["pool"] = "pool"
        target: ClassVar[str] = "inkling.models.connectors.pool:PoolConnector"
        side: int = Field(2, ge=1)

    import torch                              # from the first import below the spec on: the network

    class PoolConnector(Connector): ...

A registry finds the file by the plug-in's name and executes it only down to that first import below the spec. So a
configuration is read, refused and costed where torch is not installed; `build` imports the whole module. A class that
a registry read is therefore another object than the one of the same name in the imported module: take specs from
registries, and ask them for what they are (`type`), not of which class.
"""

import ast
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import Field, GetCoreSchemaHandler, PlainSerializer, PlainValidator, ValidationError

from inkling.models.crops import by_crop, split_view
from inkling.models.passes import Pass
from inkling.models.resampling import ViewShapes, split_size
from inkling.models.settings import ConfigError, Section, explain, unknown

if TYPE_CHECKING:
    from inkling.models.learnt import Learnt
    from inkling.models.training.job import MeterFactory
    from inkling.models.vision.preprocess import Preprocessing

Inputs = Mapping[str, tuple[int, int]]
"""(tokens, channels) of each view of the image features, by the view's name."""


class Spec(Section):
    """Which plug-in, and its settings.

    A subclass gives `type` its name, as `type: Literal["pool"] = "pool"`.

    Attributes:
        target: The class that `build` makes, as "module:Class".
        runs_in_model: Whether whoever runs what was made with this plug-in runs the plug-in too.
        trainable: Whether what it builds has weights that a recipe may train.
    """

    target: ClassVar[str]
    runs_in_model: ClassVar[bool] = True
    trainable: ClassVar[bool] = True

    type: str

    def modules(self) -> tuple[str, ...]:
        """Modules that building and running this plug-in imports, beside what they import themselves."""
        return (self.target.partition(":")[0],)

    def places(self) -> list[str]:
        """Files and folders of this machine that are read for it."""
        return []

    def load_target(self) -> Any:
        """Imports the class that this spec describes, and with it everything heavy."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(module), name)


def specs_in(value: Any) -> Iterator[Spec]:
    """Every spec within a value: itself, what it holds, and what sections, mappings and sequences hold."""
    if isinstance(value, Spec):
        yield value
    if isinstance(value, Section):
        value = dict(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from specs_in(item)


class EncoderSpec(Spec, ABC):
    """A frozen network that turns pixels into image features.

    Attributes:
        package: Name of the data package with its weights and of the file in it; None where it needs none.
    """

    package: ClassVar[tuple[str, str] | None] = None

    @property
    @abstractmethod
    def preprocessing(self) -> "Preprocessing":
        """How a whole picture becomes the pixels that it takes."""

    @property
    @abstractmethod
    def views(self) -> dict[str, tuple[int, int]]:
        """(tokens, channels) of each view that it can give of the pixels that it takes, by name."""

    @abstractmethod
    def num_params(self) -> int:
        """Its weights."""

    @abstractmethod
    def multiply_adds(self) -> int:
        """Multiplications with an addition that a whole picture takes."""

    @property
    def all_views(self) -> ViewShapes:
        """(tokens, channels) of each view of a picture, by name: its own, with a crop rule in front, a size behind."""
        return ViewShapes(self.views, self.type)

    def preprocessing_of(self, views: Sequence[str]) -> "Preprocessing":
        """How a picture becomes the pixels of these views: crops are cut out of a picture as many times as large.

        Raises:
            ConfigError: If they are cropped by several rules, so that no pixels serve them all.
        """
        if len(by_crop(views)) > 1:
            raise ConfigError(f"the views {', '.join(views)} are cropped in different ways and share no pixels")
        whole = self.preprocessing
        return whole.model_copy(update={"image_size": whole.image_size * split_view(views[0])[0]})

    @property
    def learning_steps(self) -> int:
        """Steps that it is trained here, on the training pictures, before it encodes; 0, the default: it is not."""
        return 0

    def learn(
        self, network: Any, pictures: Sequence[bytes], captions: Sequence[str], work: Path, progress: "MeterFactory"
    ) -> "Learnt":
        """Trains a network that it built, in place; it is frozen again afterwards.

        Killed at any moment, it goes on to the same bits when it is called again.

        Args:
            network: What `build` made.
            pictures: Encoded bytes of each training picture.
            captions: What each is said to show; empty where nothing is said.
            work: Directory that outlives a kill.
            progress: Shows the steps.

        Raises:
            ConfigError: If it is one that is not trained here.
            ValueError: If the pictures or captions are not enough.
        """
        raise ConfigError(f"the encoder {self.type} takes its weights as they are: it is not trained here")

    def resolve(self) -> Self:
        """The spec with everything in it that rebuilding the network needs beside the weights."""
        return self

    def build(self, views: Sequence[str]) -> Any:
        """The network that gives these views of an image, without trained weights, frozen and in evaluation mode.

        It maps normalised pixels (batch, 3, image_size, image_size), of the size that `preprocessing_of` says, to a
        tuple with each view's image features (batch, tokens, channels); its `load_published` takes the weights as their
        authors publish them.

        Raises:
            ConfigError: If it has no such view, the message names those that it has; if a view cannot be resampled; or
                if the views are cropped in different ways.
        """
        shapes, whole = self.all_views, self.views
        for view in views:
            shapes.shape(view)
        sized = [split_size(split_view(view)[1], whole) for view in views]
        network = self.load_target()(self, tuple(own for own, _ in sized))
        self.preprocessing_of(views)
        network.crops_per_side = split_view(views[0])[0]
        network.resample([(whole[own][0], side) for own, side in sized])
        return network.eval().requires_grad_(False)

    def load(self, views: Sequence[str], weights: Path) -> Any:
        """The network that gives these views, with weights that were stored.

        Args:
            views: Names of the views.
            weights: A safetensors file that holds exactly its tensors.

        Raises:
            RuntimeError: If a tensor is missing, left over or of another shape.
        """
        from safetensors.torch import load_file

        network = self.build(views)
        network.load_state_dict(load_file(weights))
        return network


class ConnectorSpec(Spec, ABC):
    """A network between image features and a language model.

    Attributes:
        reads_question: Whether image tokens depend on the question, so that each question has a sequence of its own.
    """

    reads_question: ClassVar[bool] = False

    view: str = Field(
        "grid", exclude_if=lambda view: view == "grid", description="the view of the image features that it reads"
    )

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that it reads, in the order in which its network takes them."""
        return (self.view,)

    @abstractmethod
    def image_tokens(self, inputs: Inputs) -> int:
        """Image tokens that come out."""

    @abstractmethod
    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """Its trainable weights, for a language model of that hidden size."""

    @abstractmethod
    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """Multiplications with an addition that an image takes."""

    def build(self, inputs: Inputs, hidden_size: int) -> Any:
        """The network, with weights drawn from torch's random state.

        Args:
            inputs: (tokens, channels) of each view that it reads.
            hidden_size: Channels of the language model's inputs.
        """
        return self.load_target()(self, inputs, hidden_size)


class LanguageSpec(Spec, ABC):
    """A decoder-only language model.

    Attributes:
        hidden_size: Channels of the residual stream.
        num_hidden_layers: Transformer blocks.
        max_position_embeddings: Longest sequence, in tokens, that it is made for.
    """

    hidden_size: int = Field(ge=1)
    num_hidden_layers: int = Field(ge=1)
    max_position_embeddings: int = Field(ge=1)

    @classmethod
    @abstractmethod
    def of(cls, config: Any) -> Self:
        """The spec of a network that exists, from its Hugging Face config."""

    @abstractmethod
    def num_params(self, vocab_size: int) -> int:
        """Its weights, with a tokenizer of that many entries."""

    @property
    @abstractmethod
    def key_value_size(self) -> int:
        """Channels of the keys, and of the values, of all heads together."""

    @property
    @abstractmethod
    def block_params(self) -> int:
        """Weights of the matrices of one block; FSDP2 gathers a block at a time."""

    @abstractmethod
    def block_activation_bytes(self, bf16: bool) -> int:
        """Bytes that one block keeps of a token for the backward pass, in fp32 or under bf16 autocast."""

    @abstractmethod
    def operations(self, vocab_size: int, context: int) -> float:
        """Floating-point operations that training takes for a token of sequences of `context` tokens."""

    def build(self, vocab_size: int, seed: int, device: str = "cpu") -> Any:
        """The network, a Hugging Face `PreTrainedModel`, with initial weights.

        Args:
            vocab_size: Entries of its tokenizer.
            seed: Determines the initial weights; the global random state is left as it was.
            device: Where its parameters lie; on "meta" they have shapes and no values.
        """
        return self.load_target()(self, vocab_size, seed, device)


class FusionSpec(Spec, ABC):
    """How image tokens enter a language model.

    Attributes:
        exportable: Whether the ONNX graphs can hold it.
        several_images: Whether a sequence can hold several images, each where its text has it.
        languages: Language models whose layers it knows by name, as their `type`; empty: it enters any.
    """

    exportable: ClassVar[bool] = False
    several_images: ClassVar[bool] = False
    languages: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def positions(self, image_tokens: int) -> int:
        """Positions that an image takes in the sequence; 0 where it enters beside the text."""

    @abstractmethod
    def num_params(self, language: LanguageSpec) -> int:
        """Its trainable weights, for a language model of that size."""

    def multiply_adds(self, language: LanguageSpec, image_tokens: int, text_tokens: int) -> int:
        """Multiplications with an addition of a pass, beyond the language model's own over text and image positions.

        Args:
            language: The language model.
            image_tokens: Image tokens that come in.
            text_tokens: Tokens of the text.
        """
        return 0

    def check(self, language: LanguageSpec) -> None:
        """Refuses a language model that it cannot enter.

        Raises:
            ValueError: If it does not know its layers, or its settings do not fit its size; the message says which.
        """
        if self.languages and language.type not in self.languages:
            raise ValueError(
                f"fusion '{self.type}' knows the layers of {', '.join(self.languages)}, not those of the language "
                f"model '{language.type}': take the fusion prefix, which enters any"
            )
        self.num_params(language)

    def build(self, language: LanguageSpec) -> Any:
        """The network, with weights drawn from torch's random state.

        Raises:
            ValueError: If it cannot enter that language model.
        """
        self.check(language)
        return self.load_target()(self, language)


class ObjectiveSpec(Spec, ABC):
    """What an adaptation is trained for, and how much it weighs in the sum.

    Attributes:
        needs: Fields that it wants of a batch, beyond the packed turns.
        reads_text: Whether the language model reads the batch, so that it can train too, with an image or without. What
            does not trains the connector alone, on batches with images.
        divisible: Whether its mean over the parts of a batch is its loss over the batch, so that ranks may share one.
        needs_twins: Whether it learns from pictures that differ in one thing, as twins of scenes do.
        reads_states: Whether it reads a hidden state of the language model for each image token.
        reads_documents: Whether it learns from sequences that hold several images; what looks for the one image of a
            sequence, or for what is known of it, does not.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    reads_text: ClassVar[bool] = False
    divisible: ClassVar[bool] = False
    needs_twins: ClassVar[bool] = False
    reads_states: ClassVar[bool] = False
    reads_documents: ClassVar[bool] = False
    runs_in_model: ClassVar[bool] = False

    weight: float = Field(1.0, ge=0, description="factor of the loss in the sum; 0: not computed")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Passes of the language model that it makes for an image: one over the turns if it reads text."""
        return (Pass("turns"),) if self.reads_text else ()

    def build(self) -> Any:
        """The loss."""
        return self.load_target()(self)


AnySpec = TypeVar("AnySpec", bound=Spec)


class Registry(Generic[AnySpec]):
    """The plug-ins of a folder, by name. A plug-in's name is its file's, or that with `-` for `_`.

    As the annotation of a setting, `connector: Annotated[ConnectorSpec, CONNECTORS]`, it reads the spec out of a
    configuration (`{type: pool, side: 2}` or just `pool`) and writes all of its settings back.
    """

    def __init__(self, kind: str, package: str, base: type[AnySpec]) -> None:
        """Takes the place; nothing is read yet.

        Args:
            kind: What messages call a plug-in of this folder, such as "connector".
            package: The folder's import name.
            base: What every spec of the folder is.
        """
        self.kind, self.package, self._base = kind, package, base

    def names(self) -> list[str]:
        """Names of the plug-ins that there are, sorted."""
        return sorted(self._specs())

    def find(self, name: str) -> type[AnySpec]:
        """The spec class of a plug-in.

        Raises:
            ConfigError: If there is none of that name; the message names those that there are.
        """
        specs = self._specs()
        if name not in specs:
            raise unknown(self.kind, name, specs)
        return specs[name]

    def read(self, stated: Any) -> AnySpec:
        """The spec that a configuration states.

        Args:
            stated: A plug-in's name, a mapping with its name under `type` and its settings, or a spec.

        Raises:
            ConfigError: If there is no such plug-in, or it does not take a setting; the message names the valid ones.
        """
        if isinstance(stated, self._base):
            return stated
        settings = {"type": stated} if isinstance(stated, str) else stated
        if not isinstance(settings, Mapping) or not isinstance(settings.get("type"), str):
            raise ConfigError(f"{self.kind}: expected a name or a mapping with its name under 'type', got {stated!r}")
        name = settings["type"]
        spec = self.find(name)
        try:
            return spec.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(explain(error, spec, f"{self.kind} {name}")) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Makes pydantic read and write a field of this annotation through the registry."""
        written = PlainSerializer(lambda spec, info: spec.model_dump(mode=info.mode))
        return handler.generate_schema(Annotated[Any, PlainValidator(self.read), written])

    def _specs(self) -> dict[str, type[AnySpec]]:
        """The spec of each file that has one, by the plug-in's name."""
        found: dict[str, type[AnySpec]] = {}
        folder = Path(importlib.import_module(self.package).__path__[0])
        for path in sorted(folder.glob("*.py")):
            spec = _spec_of(path, f"{self.package}.{path.stem}")
            if spec is not None and issubclass(spec, self._base):
                found[spec.model_fields["type"].default] = spec
        return found


@cache
def _spec_of(path: Path, module: str) -> "type[Spec] | None":
    """The spec of a plug-in's file, read without the file's network; None if the file is no plug-in."""
    tree = ast.parse(path.read_text(), path)
    name, light_part = "", list[ast.stmt]()
    for node in tree.body:
        if name and isinstance(node, ast.Import | ast.ImportFrom):
            break
        if isinstance(node, ast.ClassDef) and _has_target(node):
            name = node.name
        light_part.append(node)
    if not name:
        return None
    light = ModuleType(module)
    light.__file__ = str(path)
    code = compile(ast.Module(light_part, []), path, "exec", dont_inherit=True)
    exec(code, light.__dict__)  # noqa: S102 (a file of this project, as an import would execute it)
    spec = getattr(light, name)
    assert issubclass(spec, Spec)
    return spec


def _has_target(node: ast.ClassDef) -> bool:
    """Whether a class sets `target`, as a plug-in's spec does."""
    return any(
        isinstance(line, ast.AnnAssign) and line.value and ast.unparse(line.target) == "target" for line in node.body
    )
