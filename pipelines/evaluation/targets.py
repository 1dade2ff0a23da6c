"""What can be evaluated, and a model in torch or a bundle in ONNX found from a directory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import ENCODER, MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import MANIFEST, Manifest
from inkling.pipelines.local.run import Run, home

if TYPE_CHECKING:
    from inkling.models.inference.answering import Answering


class Target(ABC):
    """A model that can be asked.

    Attributes:
        name: What it is called on the screen.
        templated: Whether questions are put into the chat template here, and not by what is asked.
    """

    templated: ClassVar[bool] = True
    name: str

    def check(self, config: EvaluateConfig) -> None:  # noqa: B027 (most can be asked by every method)
        """Refuses, before anything is asked, a method that the model cannot answer by.

        Raises:
            ConfigError: Naming one that it can.
        """

    @abstractmethod
    def answer(self, config: EvaluateConfig, questions: Path, folder: Path) -> Answers:
        """Has it asked the questions of a suite, or takes what it answered before.

        Args:
            config: How it is asked, with the suite.
            questions: The Questions artifact.
            folder: Where the Answers may lie.
        """

    @abstractmethod
    def answering(self, config: EvaluateConfig, questions: Questions, folder: Path) -> "Answering":
        """The model itself, ready to be asked these questions."""


@dataclass(frozen=True)
class TorchTarget(Target):
    """A MultimodalModel.

    Attributes:
        name: Its directory as it was stated.
        model: The artifact.
        encoder: Features with the encoder that it was trained with.
    """

    name: str
    model: Path
    encoder: Path

    def answer(self, config: EvaluateConfig, questions: Path, folder: Path) -> Answers:
        """As `Target` says."""
        from inkling.components.evaluate.build import build_evaluate

        features = self._features(config, questions, folder)
        return build_evaluate(config, self.model, questions, features, folder / "answers")

    def answering(self, config: EvaluateConfig, questions: Questions, folder: Path) -> "Answering":
        """As `Target` says."""
        from inkling.components.evaluate.torch_answering import torch_answering

        features = Features.open(self._features(config, questions.path, folder))
        return torch_answering(config, MultimodalModelArtifact.open(self.model), questions, features)

    def _features(self, config: EvaluateConfig, questions: Path, folder: Path) -> Path:
        from inkling.components.encode.questions import encode_questions

        return encode_questions(self.encoder, questions, folder / "features", config.threads).path


@dataclass(frozen=True)
class BundleTarget(Target):
    """A Bundle.

    Attributes:
        name: Its directory as it was stated.
        bundle: The artifact.
    """

    name: str
    bundle: Path

    def check(self, config: EvaluateConfig) -> None:
        """As `Target` says."""
        refuse_ranks(config, f"the bundle {self.name}")

    def answer(self, config: EvaluateConfig, questions: Path, folder: Path) -> Answers:
        """As `Target` says."""
        from inkling.components.evaluate.bundles import build_from_bundle

        return build_from_bundle(config, self.bundle, questions, folder / "answers")

    def answering(self, config: EvaluateConfig, questions: Questions, folder: Path) -> "Answering":
        """As `Target` says."""
        from inkling.components.evaluate.bundles import bundle_answering

        return bundle_answering(config, Bundle.open(self.bundle), questions.images())


def refuse_ranks(config: EvaluateConfig, what: str) -> None:
    """Refuses ranks for what has none.

    Raises:
        ConfigError: If the configuration launches any.
    """
    if config.launched:
        raise ConfigError(
            f"evaluate.processes and evaluate.nodes share the questions to a model in torch; {what} is asked by one "
            "process: leave them at 1, and launch.scheduler at local_cwd"
        )


def directory_target(stated: str, encoder: Path | None) -> Target:
    """The model of a directory: of a finished run, a MultimodalModel or a Bundle.

    Args:
        stated: The directory.
        encoder: Features with the model's encoder; looked for in this home's store where None.

    Raises:
        ConfigError: If it is none of these, or the encoder is not found.
    """
    path = Path(stated)
    if (path / "run.json").is_file():
        outputs = Run.read(path).outputs
        return TorchTarget(
            stated, Path(outputs["adapt"]["multimodal_model"]), encoder or Path(outputs["encode"]["features"])
        )
    if (path / MANIFEST).is_file():
        kind = Manifest.read(path).type
        if kind == Bundle.type:
            return BundleTarget(stated, path)
        if kind == MultimodalModelArtifact.type:
            return TorchTarget(stated, path, _encoder_of(path, encoder))
        raise ConfigError(f"{stated} holds a {kind}; a run, a MultimodalModel or a Bundle can be evaluated")
    if not path.exists():
        raise ConfigError(
            f"{stated} is neither a directory that is there nor a URL: name a run, a MultimodalModel, a Bundle, or an "
            "endpoint as http://HOST:PORT/v1"
        )
    raise ConfigError(f"{stated} is no finished run ({path / 'run.json'}) and no artifact ({path / MANIFEST})")


def _encoder_of(model: Path, encoder: Path | None) -> Path:
    """Features with the encoder of a model."""
    artifact = MultimodalModelArtifact.open(model)
    wanted = artifact.read_json(ENCODER)["digest"]
    if encoder is not None:
        if Features.open(encoder).encoder_digest != wanted:
            raise ConfigError(f"--encoder {encoder} is of another encoder than {model} was trained with")
        return encoder
    for path in _features(model):
        if Features(path, Manifest.read(path)).encoder_digest == wanted:
            return path
    raise ConfigError(
        f"the encoder of {model} is in no Features beside it or in {home() / 'store'}: name them with --encoder"
    )


def _features(model: Path) -> Iterator[Path]:
    """Where Features may lie: beside the model as a run has them, and in the store."""
    yield from (path.parent for path in sorted(model.resolve().parents[1].glob(f"*/features/{MANIFEST}")))
    yield from (path.parent for path in sorted((home() / "store").glob(f"encode-*/features/{MANIFEST}")))
