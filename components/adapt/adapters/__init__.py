"""Adapters: few weights that train in place of the language model's own and are merged into them at the end."""

from abc import ABC
from typing import Any, ClassVar, Literal

from pydantic import Field

from inkling.models.language import spec_of
from inkling.models.spec import LanguageSpec, Registry, Spec


class AdapterSpec(Spec, ABC):
    """A low-rank change of attention matrices of every layer; merged, it leaves no trace in the artifact.

    Attributes:
        languages: Language models whose layers it knows by name, as their `type`.
    """

    runs_in_model: ClassVar[bool] = False
    languages: ClassVar[tuple[str, ...]] = ("llama",)

    rank: int = Field(8, ge=1, description="rank of the change of a matrix")
    alpha: float = Field(16.0, gt=0, description="the change is scaled by alpha / rank")
    targets: tuple[Literal["q_proj", "k_proj", "v_proj", "o_proj"], ...] = Field(
        ("q_proj", "v_proj"), min_length=1, description="matrices that are changed, as transformers names them"
    )

    def shapes(self, language: LanguageSpec) -> dict[str, tuple[int, int]]:
        """(channels in, channels out) of each matrix that is changed, by its name within the decoder."""
        size, keys = language.hidden_size, language.key_value_size
        one = {"q_proj": (size, size), "k_proj": (size, keys), "v_proj": (size, keys), "o_proj": (size, size)}
        layers = range(language.num_hidden_layers)
        return {
            f"layers.{layer}.self_attn.{name}": one[name] for layer in layers for name in dict.fromkeys(self.targets)
        }

    def num_params(self, language: LanguageSpec) -> int:
        """Weights that train: two factors for each matrix."""
        return self.rank * sum(into + out for into, out in self.shapes(language).values())

    def check(self, language: LanguageSpec) -> None:
        """Refuses a language model that it cannot change.

        Raises:
            ValueError: If it does not know its layers, or the rank is not below that of its matrices.
        """
        if language.type not in self.languages:
            raise ValueError(
                f"adapter '{self.type}' knows the layers of {', '.join(self.languages)}, not those of the language "
                f"model '{language.type}': train 'language' without an adapter"
            )
        for name, (into, out) in self.shapes(language).items():
            if self.rank >= min(into, out):
                raise ValueError(
                    f"adapter '{self.type}': rank {self.rank} is no low rank for {name} of {into} x {out}: lower 'rank'"
                )

    def build(self, network: Any) -> Any:
        """The adapter of a language model that exists, with weights drawn from torch's random state.

        Raises:
            ValueError: If it cannot change that language model.
        """
        self.check(spec_of(network))
        return self.load_target()(self, network)


ADAPTERS = Registry("adapter", __name__, AdapterSpec)
