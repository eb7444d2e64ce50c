"""One run in many processes, each with batches of its own, as `torchrun` starts them; alone, nothing here does anything.

Every process holds the same networks: their gradients are averaged before each step, and so is whatever else the step remembers.
Which process writes files is the loop's business.
"""
from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as group


def join(device: str) -> torch.device:
    """Meet the other processes that torchrun has started, if it has; returns the device of this one ("cuda" becomes a card of its own)."""
    if int(os.environ.get("WORLD_SIZE", 1)) > 1 and not group.is_initialized():
        group.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo")
    if device == "cuda" and group.is_initialized():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device(device)


def leave() -> None:
    """Part from the other processes."""
    if group.is_initialized():
        group.destroy_process_group()


def count() -> int:
    return group.get_world_size() if group.is_initialized() else 1


def rank() -> int:
    """0 for the process that writes the files."""
    return group.get_rank() if group.is_initialized() else 0


def average(tensor: torch.Tensor) -> torch.Tensor:
    """The mean of a tensor over all processes; no gradient flows through it."""
    if count() == 1:
        return tensor
    whole = tensor.detach().clone()
    group.all_reduce(whole)
    return whole / count()


def gather(tensor: torch.Tensor) -> torch.Tensor:
    """The processes' tensors, which are of one shape, one after the other along the first dimension; no gradient flows through it."""
    if count() == 1:
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(count())]
    group.all_gather(parts, tensor.detach().contiguous())
    return torch.cat(parts)


def average_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Put the mean over all processes in the place of every gradient; a gradient that a process lacks counts as 0."""
    if count() == 1:
        return
    parameters = list(parameters)
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = average(torch.cat([g.flatten() for g in gradients]))
    for parameter, gradient, part in zip(parameters, gradients, flat.split([g.numel() for g in gradients])):
        parameter.grad = gradient.copy_(part.view_as(gradient))


def told(number: float) -> float:
    """The first process's number, told to all."""
    if count() == 1:
        return number
    tensor = torch.tensor([number], dtype=torch.float64)
    group.broadcast(tensor, 0)
    return float(tensor)
