"""Dropout whose random numbers cost little, and that every network of a stack draws from its own source.

Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting",
JMLR 15:1929-1958. On a CPU, `torch.nn.functional.dropout` draws one Bernoulli number for each
element (13 ns) and multiplies by a mask of bool (1 ns); together they took a third of TempCNN's training
step. Here one 64-bit draw serves four elements of 16 bits each (0.3 ns with NumPy's SFC64), and
the mask is of float (0.2 ns), so the probability is rounded to 1/65536; the scale uses the
rounded probability, and the expectation stays exact.

Sources of random numbers (`Noise`) are given by the context `noise`. Under `torch.func.vmap`
there is one for each network of the stack, so that a network's dropout does not depend on which others are
trained beside it. Outside of the context torch's global generator is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEVELS = 1 << 16


class Noise:
    """Random bits of one network, from a seed.

    Parameters
    ----------
    seed
        Not negative.
    device
        Where the bits are drawn: on a CPU by SFC64 (Doty-Humphrey's generator, in NumPy), elsewhere
        by the device's own generator.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.device = device
        if device.type == "cpu":
            self._numpy = np.random.Generator(np.random.SFC64(seed))
        else:
            self._torch = torch.Generator(device).manual_seed(seed)

    def bits(self, count: int) -> Tensor:
        """Random bits as int16 (count,)."""
        if self.device.type == "cpu":
            drawn = self._numpy.integers(0, 2**64, (count + 3) // 4, dtype=np.uint64)
            return torch.from_numpy(drawn.view(np.int16))[:count]
        empty = torch.empty(count, dtype=torch.int16, device=self.device)
        return empty.random_(-_LEVELS // 2, _LEVELS // 2, generator=self._torch)

    def state(self) -> Tensor:
        """What `restore` needs, as bytes."""
        if self.device.type == "cpu":
            words = self._numpy.bit_generator.state["state"]["state"]
            return torch.from_numpy(words.copy().view(np.uint8))
        return self._torch.get_state()

    def restore(self, state: Tensor) -> None:
        """Go on from a state."""
        if self.device.type == "cpu":
            now = self._numpy.bit_generator.state
            now["state"]["state"] = state.numpy().copy().view(np.uint64)
            self._numpy.bit_generator.state = now
        else:
            self._torch.set_state(state)


_SOURCES: ContextVar[Sequence[Noise] | None] = ContextVar("sources", default=None)


@contextmanager
def noise(sources: Sequence[Noise]) -> Iterator[None]:
    """Draw dropout from these: one for a network alone, or one for each network of a stack."""
    token = _SOURCES.set(sources)
    try:
        yield
    finally:
        _SOURCES.reset(token)


def _draw(count: int, dropped: int, source: Noise | None, device: torch.device) -> Tensor:
    """Float32 (count,): 0 where dropped, else the scale."""
    if source is not None:
        bits = source.bits(count)
    else:
        whole = torch.empty((count + 3) // 4, dtype=torch.int64, device=device).random_(-(2**63), None)
        bits = whole.view(torch.int16)[:count]
    keep = torch.empty(count, dtype=torch.float32, device=device)
    torch.ge(bits, dropped - _LEVELS // 2, out=keep)
    return keep.mul_(_LEVELS / (_LEVELS - dropped))


class _Mask(torch.autograd.Function):
    """A mask like x; a function of its own only to be told of `vmap`."""

    @staticmethod
    def forward(x: Tensor, dropped: int) -> Tensor:
        sources = _SOURCES.get()
        mask = _draw(x.numel(), dropped, None if sources is None else sources[0], x.device)
        return mask.as_strided(x.shape, x.stride()) if _dense(x) else mask.view(x.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None]:  # noqa: ARG004
        return None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], x: Tensor, dropped: int) -> tuple[Tensor, int]:
        sources = _SOURCES.get()
        each = x.shape if in_dims[0] is None else x.movedim(in_dims[0], 0).shape[1:]
        ones = [None] * info.batch_size if sources is None else sources
        masks = [_draw(each.numel(), dropped, source, x.device).view(each) for source in ones]
        return torch.stack(masks), 0


class _ReluTimes(torch.autograd.Function):
    """relu(x) · mask; the result is positive just where the gradient passes, so it is all that is kept."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, mask: Tensor, scale: float) -> Tensor:  # noqa: ARG004
        return (x * mask).clamp_min_(0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(output)
        ctx.scale = inputs[2]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (output,) = ctx.saved_tensors
        return torch.ops.aten.threshold_backward(gradients[0], output, 0).mul_(ctx.scale), None, None


class Dropout(nn.Module):
    """Zero each element with probability `p` in training; the identity in evaluation.

    Parameters
    ----------
    p
        Probability of zero, 0 <= p < 1.
    relu
        Whether a ReLU is applied first.
    """

    def __init__(self, p: float, relu: bool = False) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be at least 0 and less than 1; it is {p}")
        self.p, self.relu = p, relu

    def forward(self, x: Tensor) -> Tensor:
        """Any shape in, the same shape out."""
        if not self.training or self.p == 0:
            return F.relu(x) if self.relu else x
        dropped = round(self.p * _LEVELS)
        mask: Tensor = _Mask.apply(x.detach(), dropped)
        if not self.relu:
            return x * mask
        passed: Tensor = _ReluTimes.apply(x, mask, _LEVELS / (_LEVELS - dropped))
        return passed

    def extra_repr(self) -> str:
        return f"p={self.p}, relu={self.relu}"


def _dense(x: Tensor) -> bool:
    """Whether the elements of `x` fill memory without gaps, in whatever order (channels last)."""
    return x.is_contiguous() or (x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last))
