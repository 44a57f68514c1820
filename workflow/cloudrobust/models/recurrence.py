"""LSTM cells of many networks and directions, date by date in batched products.

Hochreiter & Schmidhuber 1997, "Long short-term memory", Neural Computation 9(8):1735-1780, with the
forget gate of Gers et al. 2000, without bias. A date of one network is a product too small to keep a
core busy; all directions and all networks of a stack go into one batched product here. Everything of a
date lies together in memory, batch innermost, so that gates are whole blocks and no call works on strided rows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


def recurrence(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs of all dates and cell states after the last; both states are zero before the first.

    Parameters
    ----------
    x
        (dates, cells, inputs, batch).
    weights
        (cells, 4 · hidden, inputs + hidden): rows of the input, forget and output gate and of the cell
        input, columns for the input and for the last output.

    Returns
    -------
    tuple
        Outputs (dates, cells, hidden, batch) and cell states (cells, hidden, batch).
    """
    outputs, cell, *_ = _Recurrence.apply(x, weights)
    return outputs, cell


class _Recurrence(torch.autograd.Function):
    """c' = f·c + i·g, h' = o·tanh c' with gates i, f, o = σ(W [x, h]) and g = tanh(W [x, h]).

    tanh a is taken as 2 σ(2a) - 1, which on a CPU costs a third of torch's tanh.
    """

    @staticmethod
    def forward(x: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
        dates, cells, inputs, batch = x.shape
        hidden = weights.shape[1] // 4
        joined = x.new_empty(dates + 1, cells, inputs + hidden, batch)
        joined[:dates, :, :inputs] = x
        joined[0, :, inputs:] = 0
        gates = x.new_empty(dates, cells, 4 * hidden, batch)
        c = x.new_empty(dates + 1, cells, hidden, batch)
        c[0] = 0
        squashed = torch.empty_like(c[1:])
        h = joined[1:, :, inputs:]
        doubled = weights.clone()
        doubled[:, 3 * hidden :] *= 2
        parts = *_parts(gates, hidden), c[:-1], c[1:], squashed, h, joined[:-1], gates
        for i, f, o, _, g, before, after, flat, out, both, products in _dates(parts):
            torch.bmm(doubled, both, out=products)
            products.sigmoid_()
            torch.mul(i, g.mul_(2).sub_(1), out=after)
            after.addcmul_(f, before)
            torch.mul(after, 2, out=flat)
            flat.sigmoid_().mul_(2).sub_(1)
            torch.mul(o, flat, out=out)
        return h.clone(), c[dates].clone(), joined, gates, c, squashed

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.mark_non_differentiable(*output[2:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(inputs[1], *output[2:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, Tensor]:
        weights, joined, gates, c, squashed = ctx.saved_tensors
        of_outputs, of_cell = gradients[:2]
        dates, cells, hidden, batch = squashed.shape
        inputs = weights.shape[2] - hidden
        transposed = weights.transpose(1, 2)
        of_weights = torch.zeros_like(weights)
        needed = ctx.needs_input_grad[0]
        of_x = joined.new_empty(dates if needed else 1, cells, inputs + hidden, batch)
        of_gates = torch.empty_like(gates[0])
        of_i, of_f, of_o, of_sigmoids, of_g = _parts(of_gates.unsqueeze(0), hidden)
        of_i, of_f, of_o, of_sigmoids, of_g = of_i[0], of_f[0], of_o[0], of_sigmoids[0], of_g[0]
        of_c = torch.zeros_like(c[0]) if of_cell is None else of_cell.contiguous().clone()
        of_h = torch.zeros_like(of_c)
        through = torch.empty_like(of_c)
        of_joined = of_x if needed else of_x.expand(dates, -1, -1, -1)
        outside = of_outputs if of_outputs is not None else through.new_zeros(()).expand(dates, 1, 1, 1)
        parts = (*_parts(gates, hidden), c[:-1], squashed, joined[:-1].transpose(2, 3), of_joined)
        parts += (of_joined[:, :, inputs:], outside)
        for i, f, o, sigmoids, g, before, flat, both, here, of_last, more in reversed(_dates(parts)):
            of_h = of_h + more
            torch.mul(of_h, flat, out=of_o)
            torch.mul(of_h, o, out=through)
            of_c += _tanh_backward(through, flat, grad_input=through)
            torch.mul(of_c, g, out=of_i)
            torch.mul(of_c, before, out=of_f)
            _sigmoid_backward(of_sigmoids, sigmoids, grad_input=of_sigmoids)
            torch.mul(of_c, i, out=of_g)
            _tanh_backward(of_g, g, grad_input=of_g)
            of_c *= f
            of_weights.baddbmm_(of_gates, both)
            torch.bmm(transposed, of_gates, out=here)
            of_h = of_last
        return of_x[:, :, :inputs] if needed else None, of_weights

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], x: Tensor, weights: Tensor) -> tuple[Any, Any]:
        """The networks of a stack are more cells."""
        size = info.batch_size
        x = x.unsqueeze(1).expand(-1, size, -1, -1, -1) if in_dims[0] is None else x.movedim(in_dims[0], 1)
        weights = weights.expand(size, -1, -1, -1) if in_dims[1] is None else weights.movedim(in_dims[1], 0)
        results = _Recurrence.apply(x.flatten(1, 2), weights.flatten(0, 1))
        split = [value.unflatten(0 if number == 1 else 1, (size, -1)) for number, value in enumerate(results)]
        return tuple(split), tuple(0 if number == 1 else 1 for number in range(len(split)))


def _parts(gates: Tensor, hidden: int) -> tuple[Tensor, ...]:
    """Views of (dates, cells, 4 · hidden, batch): i, f, o, these three together, g."""
    i, f, o, g = gates.split(hidden, dim=2)
    return i, f, o, gates[:, :, : 3 * hidden], g


def _dates(parts: tuple[Tensor, ...]) -> list[tuple[Tensor, ...]]:
    """The parts date by date; one call each instead of one a date."""
    return list(zip(*(part.unbind(0) for part in parts), strict=True))
