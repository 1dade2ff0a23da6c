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


@contextmanager
def after_modules(network: nn.Module, changes: Mapping[str, Callable[[Tensor, Tensor], Tensor]]) -> Iterator[None]:
    """Changes what some modules inside the decoder return; the hooks are removed however the pass ends.

    Args:
        network: A Hugging Face language model.
        changes: What becomes of a module's input and output, both (batch, s, channels), by the module's name within
            the decoder, such as "layers.0.mlp". A module takes one tensor and returns one.

    Raises:
        ValueError: If the decoder has no module of that name.
    """
    decoder = network.get_decoder()
    with ExitStack() as hooks:
        for name, change in changes.items():
            try:
                module = decoder.get_submodule(name)
            except AttributeError:
                raise ValueError(f"{type(network).__name__} has no module '{name}' to change") from None
            handle = module.register_forward_hook(lambda _, inputs, output, change=change: change(inputs[0], output))
            hooks.callback(handle.remove)
        yield
