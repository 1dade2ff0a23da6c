"""Hooks on the layers of a language model that last for one pass."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn


class _Change:
    """A hook of this module's, which tells it from those that Hugging Face leaves for good."""

    def __init__(self, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._change = change

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return self._change(inputs[0], output)


def _of_output(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda inputs, output: change(output)


def is_read(layer: nn.Module) -> bool:
    """Whether what a layer returns is changed or read in this pass, at all positions."""
    return any(isinstance(hook, _Change) for hook in layer._forward_hooks.values())


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
            handle = layers[index].register_forward_hook(_Change(_of_output(change)))
            hooks.callback(handle.remove)
        yield


@contextmanager
def after_modules(network: nn.Module, changes: Mapping[str, Callable[[Tensor, Tensor], Tensor]]) -> Iterator[None]:
    """Changes what some modules inside the decoder return; the hooks are removed however the pass ends.

    Args:
        network: A Hugging Face language model.
        changes: What becomes of a module's input and output, both (batch, s, channels), by the module's name within
            the decoder, such as "layers.0.mlp". A module takes one tensor and returns one. Of the last layer some see
            the positions alone that are read, so that a change is one of each position by itself.

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
            handle = module.register_forward_hook(_Change(change))
            hooks.callback(handle.remove)
        yield
