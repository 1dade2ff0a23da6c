"""How a language model starts into an adaptation: as it was trained, drawn towards fresh weights, attention widened.

Shrink and perturb (Ash and Adams, "On Warm-Starting Neural Network Training", NeurIPS 2020) scales trained weights down
and adds fresh ones, so that a network that was trained on something else learns as quickly as a new one. Here the word
embeddings stay as they were trained: they are what the connector's targets are made of.
"""

import numpy as np
import torch
from torch import nn
from transformers import LlamaForCausalLM

from inkling.components.adapt.recipe import LanguageStart
from inkling.models.language import spec_of

_QUERIES = ".q_proj."
_FRESH = 1  # beside the seed: the fresh weights are not those that pre-training with the same seed began with


@torch.no_grad()
def start_language(language: LlamaForCausalLM, start: LanguageStart, seed: int) -> str:
    """Gives a language model the weights that an adaptation begins with, in place.

    Args:
        language: The language model as it was trained.
        start: What is done to it. By default nothing is, to the bit.
        seed: Determines the fresh weights; the global random state is left as it was.

    Returns:
        What was done, in words for a person; empty for nothing.

    Raises:
        ValueError: If queries are to be scaled and the network has no query projections.
    """
    done = []
    if start.keep < 1:
        _mix(language, start.keep, seed)
        done.append(f"its blocks are {start.keep:g} as trained and {1 - start.keep:g} fresh")
    if start.queries != 1:
        queries = [value for name, value in language.named_parameters() if _QUERIES in name]
        if not queries:
            raise ValueError(f"language_start.queries: {language.config.model_type} has no parameters '{_QUERIES}'")
        for query in queries:
            query.mul_(start.queries)
        done.append(f"its queries are scaled by {start.queries:g}")
    return " and ".join(done)


def _mix(language: LlamaForCausalLM, keep: float, seed: int) -> None:
    """Draws all weights but those of the words towards fresh ones."""
    drawn = int(np.random.SeedSequence([seed, _FRESH]).generate_state(1)[0])
    fresh = spec_of(language).build(language.config.vocab_size, drawn).state_dict()
    words = {id(value) for module in _words(language) for value in module.parameters()}
    for name, value in language.named_parameters():
        if id(value) not in words:
            value.copy_(keep * value + (1 - keep) * fresh[name])


def _words(language: LlamaForCausalLM) -> list[nn.Module]:
    """The modules with a row for each entry of the vocabulary: inputs and outputs, often one."""
    return [language.get_input_embeddings(), language.get_output_embeddings()]
