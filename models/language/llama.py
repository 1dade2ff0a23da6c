"""Language models: Llama-3-style networks of Hugging Face transformers, in the sizes of the presets."""

from typing import TYPE_CHECKING

from inkling.models.language.presets import Preset, load_preset

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

BEGIN, END, PAD = 0, 1, 2


def build_language_model(preset: str | Preset, vocabulary: int, seed: int, device: str = "cpu") -> "LlamaForCausalLM":
    """Builds a language model with initial weights: RMSNorm, rotary positions, SwiGLU.

    Args:
        preset: Its size, by name or as a value.
        vocabulary: Pieces of its tokenizer; ids 0, 1 and 2 begin, end and pad a text.
        seed: Determines the initial weights; the global random state is left as it was.
        device: Where its parameters lie; on "meta" they have shapes and no values.

    Raises:
        ValueError: If there is no preset of that name.
    """
    size = load_preset(preset) if isinstance(preset, str) else preset
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.key_value_heads,
        max_position_embeddings=size.context,
        rope_parameters={"rope_type": "default", "rope_theta": size.rope_theta},
        tie_word_embeddings=size.tied,
        initializer_range=size.initial_std,
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=PAD,
        attn_implementation="sdpa",
    )
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
