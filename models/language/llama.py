"""Llama-3-style language models: RMSNorm, rotary positions, SwiGLU, grouped keys and values (arXiv 2407.21783)."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from inkling.models.spec import LanguageSpec


class LlamaSpec(LanguageSpec):
    """The shape of a Llama; the settings are named as Hugging Face's `LlamaConfig` names them."""

    target: ClassVar[str] = "inkling.models.language.llama:build_llama"

    type: Literal["llama"] = "llama"
    num_attention_heads: int = Field(ge=1, description="query heads; hidden_size is a multiple of it")
    num_key_value_heads: int = Field(ge=1, description="key and value heads, shared by groups of query heads")
    intermediate_size: int = Field(ge=1, description="channels inside the SwiGLU feed-forward part")
    rope_theta: float = Field(gt=0, description="base of the rotary position encoding")
    tie_word_embeddings: bool = Field(description="whether the output layer shares the input embedding's weights")
    initializer_range: float = Field(gt=0, description="standard deviation of the initial weights")

    @classmethod
    def of(cls, config: Any) -> Self:
        """The spec of a network that exists.

        Args:
            config: Its Hugging Face `LlamaConfig`.
        """
        names = set(cls.model_fields) - {"type", "rope_theta"}
        theta = config.rope_parameters["rope_theta"]
        return cls.model_validate({**{name: getattr(config, name) for name in names}, "rope_theta": theta})

    @property
    def key_value_size(self) -> int:
        """Channels of the keys, and of the values, of all heads together."""
        return self.hidden_size * self.num_key_value_heads // self.num_attention_heads

    @property
    def block_params(self) -> int:
        """Queries and output, keys and values, the three matrices of the feed-forward part."""
        attention = 2 * self.hidden_size**2 + 2 * self.hidden_size * self.key_value_size
        return attention + 3 * self.hidden_size * self.intermediate_size

    def block_activation_bytes(self, bf16: bool) -> int:
        """Counted from the tensors that autograd saves, attention without its square."""
        inner, residual, keys = (8, 28, 6) if bf16 else (16, 32, 8)
        return inner * self.intermediate_size + residual * self.hidden_size + keys * self.key_value_size

    def num_params(self, vocab_size: int) -> int:
        """Weights of the embeddings, the blocks with their two norms, and the last norm."""
        embeddings = vocab_size * self.hidden_size * (1 if self.tie_word_embeddings else 2)
        blocks = self.num_hidden_layers * (self.block_params + 2 * self.hidden_size)
        return embeddings + blocks + self.hidden_size

    def operations(self, vocab_size: int, context: int) -> float:
        """6 a weight of a matrix, 6 x layers x hidden_size x context for causal attention (arXiv 2001.08361, 2.1)."""
        matrices = vocab_size * self.hidden_size + self.num_hidden_layers * self.block_params
        return 6.0 * matrices + 6.0 * self.num_hidden_layers * self.hidden_size * context


import torch
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.models.sequence.special_tokens import BOS_ID, EOS_ID, PAD_ID


def build_llama(spec: LlamaSpec, vocab_size: int, seed: int, device: str) -> LlamaForCausalLM:
    """The network with initial weights; see `LanguageSpec.build`."""
    settings = spec.model_dump(exclude={"type", "rope_theta"})
    config = LlamaConfig(
        **settings,
        vocab_size=vocab_size,
        rope_parameters={"rope_type": "default", "rope_theta": spec.rope_theta},
        bos_token_id=BOS_ID,
        eos_token_id=EOS_ID,
        pad_token_id=PAD_ID,
        attn_implementation="sdpa",
    )
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
