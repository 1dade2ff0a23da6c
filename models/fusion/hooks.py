"""Hooks on the layers of a language model that last for one pass."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn


@contextmanager
def after_layers(network: nn.Module, changes: Mapping[int, Callable[[Tensor], Tensor]]) -> Iterator[None]:
    """Changes what some decoder layers return; the hooks are removed however the pass ends.

    Args:
        network: A Hugging Face language model.
        changes: What becomes of the hidden states (batch, s, hidden_size) after a layer, by its index from 0.
    """
    layers = network.get_decoder().layers
    with ExitStack() as hooks:
        for index, change in changes.items():
            handle = layers[index].register_forward_hook(lambda layer, inputs, hidden, change=change: change(hidden))
            hooks.callback(handle.remove)
        yield
