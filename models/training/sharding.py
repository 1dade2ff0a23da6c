"""FSDP2 under Lightning: each rank holds a shard of every parameter; checkpoints hold whole ones, as in any other run.

Whole tensors go between rank 0's memory and the shards one at a time, so no rank but 0 ever holds the network.
"""

from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

_SCALARS = "_parameters_that_were_scalars"


def blocks(network: torch.nn.Module) -> list[torch.nn.Module]:
    """The entries of every list of modules in a network, outermost lists only.

    A network that names its `trunk` has them there alone: what it holds beside is also called by other methods than
    `forward`, in front of which nothing is gathered, and so belongs to the whole.
    """
    if isinstance(trunk := getattr(network, "trunk", None), torch.nn.Module):
        return blocks(trunk)
    if isinstance(network, torch.nn.ModuleList):
        return list(network)
    return [block for child in network.children() for block in blocks(child)]


def compile_blocks(network: torch.nn.Module) -> None:
    """Compiles the blocks in place; their parameters keep their names."""
    for block in blocks(network):
        block.compile()


def run_eagerly(network: torch.nn.Module) -> None:
    """Undoes `compile_blocks`: what is scored after training comes in other shapes, each compiled anew otherwise."""
    for block in blocks(network):
        block._compiled_call_impl = None


def shard(network: torch.nn.Module, mesh: DeviceMesh, bf16: bool) -> None:
    """Leaves each rank its shard of rank 0's network, in place; those of the others may lie on the meta device.

    FSDP2 takes no scalar parameters: they become vectors of one number, in checkpoints they stay what they were.

    Args:
        network: The network; each of its blocks is gathered and freed on its own.
        mesh: The ranks, one dimension.
        bf16: Whether matrices are multiplied in bf16; shards and sums of gradients stay in fp32.
    """
    _widen(network)
    # Rank 0 keeps the whole tensors, each (d0, ...); afterwards every rank holds about (d0 / ranks, ...) of each.
    whole = {name: value.detach() for name, value in _tensors(network)} if dist.get_rank() == 0 else {}
    policy = MixedPrecisionPolicy(torch.bfloat16, torch.float32) if bf16 else MixedPrecisionPolicy()
    for part in (*blocks(network), network):
        fully_shard(part, mesh=mesh, mp_policy=policy)
    network.to_empty(device=mesh.device_type)
    with torch.no_grad():
        for name, value in _tensors(network):
            _fill(value, whole.get(name))


def gathered(network: torch.nn.Module) -> dict[str, Tensor]:
    """The whole weights of a network on every rank, whether it is sharded or not; all ranks call this."""
    return {
        name: value.full_tensor().cpu() if isinstance(value, DTensor) else value.detach().cpu()
        for name, value in network.state_dict().items()
    }


def _widen(network: torch.nn.Module) -> None:
    """Makes scalar parameters vectors of one number; the modules that have them remember it."""
    for module in network.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            if value.ndim == 0:
                wide = torch.nn.Parameter(value.detach().reshape(1), value.requires_grad)
                setattr(module, name, wide)
                module.__dict__.setdefault(_SCALARS, set()).add(name)


def _scalars(network: torch.nn.Module) -> set[str]:
    """Names of the parameters of a network that were scalars before it was sharded."""
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in network.named_modules()
        for name in module.__dict__.get(_SCALARS, ())
    }


class ShardedStrategy(ModelParallelStrategy):
    """Lightning's strategy for FSDP2 with checkpoints in our format, the same file as that of a single device."""

    def __init__(self, ranks: int) -> None:
        """Shares the network among all ranks."""
        super().__init__(data_parallel_size=ranks, tensor_parallel_size=1, save_distributed_checkpoint=False)

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Whole weights on rank 0, nothing elsewhere; weights of several names are one tensor."""
        module = self.lightning_module
        assert module is not None
        owners = {name: id(value) for name, value in module.named_parameters(remove_duplicate=False)}
        scalars = _scalars(module)
        gathered: dict[int, Tensor | None] = {}
        state = {}
        for name, value in module.state_dict().items():
            owner = owners.get(name, id(value))
            if owner not in gathered:
                gathered[owner] = _gather(value, scalar=name in scalars)
            state[name] = gathered[owner]
        return state if self.is_global_zero else {}

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Whole state of the optimiser on rank 0, in torch's own format."""
        plain = optimizer._optimizer if isinstance(optimizer, LightningOptimizer) else optimizer
        state, module = plain.state_dict(), self.lightning_module
        assert module is not None
        scalars, names = _scalars(module), {id(value): name for name, value in module.named_parameters()}
        parameters = [names[id(parameter)] for group in plain.param_groups for parameter in group["params"]]
        whole = {
            number: {
                name: _gather(value, scalar=parameters[number] in scalars) if isinstance(value, Tensor) else value
                for name, value in entry.items()
            }
            for number, entry in state["state"].items()
        }
        return {"state": whole, "param_groups": state["param_groups"]} if self.is_global_zero else {}

    def save_checkpoint(self, checkpoint: dict[str, Any], filepath: str | Path, storage_options: Any = None) -> None:
        """Writes the checkpoint on rank 0."""
        if self.is_global_zero:
            self.checkpoint_io.save_checkpoint(checkpoint, filepath)

    def load_checkpoint(self, checkpoint_path: str | Path) -> dict[str, Any]:
        """Reads the checkpoint on rank 0, hands each rank its shards, and returns the rest of it."""
        tree: dict[str, Any] = {}
        if self.is_global_zero:
            tree = self.checkpoint_io.load_checkpoint(checkpoint_path)
        weights, states = tree.pop("state_dict", {}), tree.pop("optimizer_states", [{}])
        assert self.lightning_module is not None
        with torch.no_grad():
            for name, value in _tensors(self.lightning_module):
                if name in self.lightning_module.state_dict():
                    _fill(value, weights.get(name))
            (optimizer,) = self.optimizers
            _fill_optimizer(optimizer, states[0].get("state", {}), self.broadcast(states[0].get("param_groups")))
        return self.broadcast(tree)


def _tensors(module: torch.nn.Module) -> list[tuple[str, Tensor]]:
    """Parameters and buffers, each once, under their first names."""
    return [*module.named_parameters(), *module.named_buffers()]


def _fill(value: Tensor, whole: Tensor | None) -> None:
    """Takes rank 0's values: a shard of them, or all where they are not shared out.

    Args:
        value: A tensor of this rank: a DTensor of global shape (d0, ...) whose shard here is about (d0 / ranks, ...),
            or a plain tensor that every rank holds whole.
        whole: Rank 0's values, (d0, ...); None on the other ranks, and where there are none yet.
    """
    device = value.device
    if isinstance(value, DTensor):
        # (d0, ...) on every rank for a moment; only rank 0's content counts, the others receive their shard of it.
        full = torch.empty(value.shape, dtype=value.dtype, device=device)
        full = full if whole is None else whole.to(device).reshape(value.shape)
        value.copy_(distribute_tensor(full, value.device_mesh, value.placements, src_data_rank=0))
    else:
        if whole is not None:
            value.copy_(whole)
        dist.broadcast(value, src=0)


def _fill_optimizer(optimizer: Optimizer, states: dict[int, dict[str, Tensor]], groups: list[dict[str, Any]]) -> None:
    """Gives AdamW its running means, shard by shard, and its counts of steps."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, parameter in enumerate(parameters):
        whole = states.get(number, {})
        for name in ("exp_avg", "exp_avg_sq"):
            optimizer.state[parameter][name] = torch.zeros_like(parameter)  # sharded as the parameter is
            _fill(optimizer.state[parameter][name], whole.get(name))
        step = torch.zeros((), dtype=torch.float32, device=parameter.device)  # a scalar, whole on every rank
        _fill(step, whole.get("step"))
        optimizer.state[parameter]["step"] = step
    for group, stored in zip(optimizer.param_groups, groups, strict=True):
        group.update({name: value for name, value in stored.items() if name != "params"})


def _gather(value: Tensor, scalar: bool) -> Tensor | None:
    """The whole tensor, (d0, ...), on the CPU of rank 0, from shards of (d0 / ranks, ...); all ranks call this."""
    whole = value.full_tensor() if isinstance(value, DTensor) else value
    whole = whole.reshape(()) if scalar else whole
    return whole.cpu() if dist.get_rank() == 0 else None
