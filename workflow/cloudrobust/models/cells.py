"""LSTM layers on a CPU as machine code: both directions of a layer, all dates, in one call.

Hochreiter & Schmidhuber 1997, "Long short-term memory", Neural Computation 9(8):1735-1780, with the forget gate of
Gers et al. 2000, without bias:

    i, f, o = σ(W [x_t, h_{t-1}]),  g = tanh(W [x_t, h_{t-1}])
    c_t = f ∘ c_{t-1} + i ∘ g,  h_t = o ∘ tanh c_t

A date is a small product and one pass over the gates, which stay in the cache between the two. Calls of torch cost
more than such a product, and its tanh costs eight times as much as the one below. The products are those of SciPy's
BLAS.

Shapes: x (dates, batch, inputs), weights (2, 4 · hidden, inputs + hidden) with rows in torch's order i, f, g, o,
outputs (dates, batch, 2 · hidden). The first direction runs forward, the second backward through time. A series has
`lengths` dates; what follows must be zeros in `x`, and is zeros in the outputs. (The backward direction starts there.
Without biases a zero input leaves a zero state at zero.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from ..machine_code import compiled, inlined

Array = npt.NDArray[np.float32]

threadpool_limits(1, user_api="blas")  # products so small gain nothing from threads; seeds run side by side instead

_ROWS = 64
"""Series that are worked on together: OpenBLAS has kernels for such small products that copy nothing."""

# Rational approximation of tanh as in Eigen (MathFunctionsImpl.h), 2.4e-7 off at most.
_END = np.float32(7.90531110763549805)
_P = np.array(
    [-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05,
     6.37261928875436e-04, 4.89352455891786e-03], np.float32,
)  # fmt: skip
_Q = np.array([1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03], np.float32)
_P0, _P1, _P2, _P3, _P4, _P5, _P6 = _P
_Q0, _Q1, _Q2, _Q3 = _Q
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


@inlined()
def _tanh(v: Any) -> Any:
    v = v if v < _END else _END
    v = v if v > -_END else -_END
    s = v * v
    p = (((((_P0 * s + _P1) * s + _P2) * s + _P3) * s + _P4) * s + _P5) * s + _P6
    return v * p / (((_Q0 * s + _Q1) * s + _Q2) * s + _Q3)


@inlined()
def _sigmoid(v: Any) -> Any:
    return _HALF * _tanh(_HALF * v) + _HALF


@compiled(fastmath=True, error_model="numpy")
def _forward(x, w, lengths, gates, c, y):  # type: ignore[no-untyped-def]
    """Fill gates (part, 2, dates, 4, rows, hidden), cell states c (part, 2, dates, rows, hidden) and outputs y.

    `w` is transposed by gates, (2, 4, inputs + hidden, hidden).
    """
    parts, _, dates, _, rows, hidden = gates.shape
    batch, inputs = x.shape[1:]
    for part in range(parts):
        start = part * rows
        size = min(rows, batch - start)
        joined = np.empty((size, inputs + hidden), np.float32)
        h = np.empty((size, hidden), np.float32)
        for direction in range(2):
            joined[:, inputs:] = _ZERO
            for step in range(dates):
                now = step if direction == 0 else dates - 1 - step
                before = now if step == 0 else now - 1 + 2 * direction
                _copy(x[now], start, 0, joined, 0, 0, size, inputs)
                kept, states = gates[part, direction, now], c[part, direction, now]
                if step == 0:
                    states[:] = _ZERO
                for gate in range(4):
                    np.dot(joined, w[direction, gate], kept[gate, :size])
                _cells(kept.reshape(4, rows * hidden), c[part, direction, before].ravel(), states.ravel(), h.ravel())
                if direction == 0:
                    for row in range(size):
                        if now >= lengths[start + row]:  # what is over keeps its state and says nothing
                            for k in range(hidden):
                                kept[0, row, k] = kept[2, row, k] = kept[3, row, k] = h[row, k] = _ZERO
                                kept[1, row, k] = _ONE
                                states[row, k] = c[part, direction, before, row, k]
                _copy(h, 0, 0, joined, 0, inputs, size, hidden)
                _copy(h, 0, 0, y[now], start, direction * hidden, size, hidden)


@compiled(fastmath=True, error_model="numpy")
def _backward(x, w, gates, c, y, of_y, of_c, of_x, of_w):  # type: ignore[no-untyped-def]
    """Fill the gradients `of_x` (empty: not wanted) and `of_w`, by those of the outputs and of the last cell states.

    `of_c` (part, 2, rows, hidden) is used up.
    """
    parts, _, dates, _, rows, hidden = gates.shape
    batch, inputs = x.shape[1:]
    wanted = of_x.shape[0] > 0
    of_w[:] = _ZERO
    term = np.empty(of_w.shape[1:], np.float32)
    for part in range(parts):
        start = part * rows
        size = min(rows, batch - start)
        together = max(1, _ROWS // size)  # dates whose share of `of_w` is one product
        joined = np.empty((together * size, inputs + hidden), np.float32)
        of_product = np.empty((together * size, 4 * hidden), np.float32)
        of_joined = np.empty((size, inputs + hidden), np.float32)
        of_gates = np.empty((4, size, hidden), np.float32)
        of_h = np.empty((size, hidden), np.float32)
        for direction in range(2):
            first = direction * hidden
            of_joined[:] = _ZERO
            held = 0
            for back in range(dates):
                step = dates - 1 - back
                now = step if direction == 0 else dates - 1 - step
                before = now if step == 0 else now - 1 + 2 * direction
                _copy(of_y[now], start, first, of_h, 0, 0, size, hidden)
                _add(of_joined, 0, inputs, of_h, 0, 0, size, hidden)
                _cells_backward(
                    gates[part, direction, now].reshape(4, rows * hidden),
                    c[part, direction, before].ravel(),
                    c[part, direction, now].ravel(),
                    of_h.ravel(),
                    of_c[part, direction].ravel(),
                    of_gates.reshape(4, size * hidden),
                )
                if step == 0:
                    of_gates[1] = _ZERO  # there was nothing to forget
                here = held * size
                for gate in range(4):
                    _copy(of_gates[gate], 0, 0, of_product, here, gate * hidden, size, hidden)
                np.dot(of_product[here : here + size], w[direction], of_joined)
                _copy(x[now], start, 0, joined, here, 0, size, inputs)
                if step == 0:
                    joined[here : here + size, inputs:] = _ZERO
                else:
                    _copy(y[before], start, first, joined, here, inputs, size, hidden)
                if wanted and direction == 0:
                    _copy(of_joined, 0, 0, of_x[now], start, 0, size, inputs)
                elif wanted:
                    _add(of_joined, 0, 0, of_x[now], start, 0, size, inputs)
                held += 1
                if held == together or step == 0:
                    np.dot(of_product[: held * size].T, joined[: held * size], term)
                    _add(term, 0, 0, of_w[direction], 0, 0, *term.shape)
                    held = 0


@compiled(fastmath=True, error_model="numpy")
def _cells(gates, before, now, h):  # type: ignore[no-untyped-def]
    """Products in `gates` (4, cells) become gates; cell states and outputs follow.

    Every loop that matters runs over few long arrays: machine code asks before each loop whether arrays overlap.
    """
    of_i, of_f, of_g, of_o = gates[0], gates[1], gates[2], gates[3]
    for k in range(h.size):
        i, f, g, o = _sigmoid(of_i[k]), _sigmoid(of_f[k]), _tanh(of_g[k]), _sigmoid(of_o[k])
        state = f * before[k] + i * g
        of_i[k], of_f[k], of_g[k], of_o[k] = i, f, g, o
        now[k] = state
        h[k] = o * _tanh(state)


@compiled(fastmath=True, error_model="numpy")
def _cells_backward(gates, before, now, of_h, of_c, of_gates):  # type: ignore[no-untyped-def]
    """Gradients of the products, and in place of the cell state before, by those of the output and the cell state."""
    of_i, of_f, of_g, of_o = of_gates[0], of_gates[1], of_gates[2], of_gates[3]
    for k in range(of_h.size):
        i, f, g, o = gates[0, k], gates[1, k], gates[2, k], gates[3, k]
        flat = _tanh(now[k])
        of_state = of_c[k] + of_h[k] * o * (_ONE - flat * flat)
        of_o[k] = of_h[k] * flat * o * (_ONE - o)
        of_i[k] = of_state * g * i * (_ONE - i)
        of_g[k] = of_state * i * (_ONE - g * g)
        of_f[k] = of_state * before[k] * f * (_ONE - f)
        of_c[k] = of_state * f


@compiled(fastmath=True, error_model="numpy")
def _copy(source, row, column, target, to_row, to_column, rows, columns):  # type: ignore[no-untyped-def]
    """A block of one array into another. As slices of arrays they would be slower by a factor of four."""
    r0, c0, r1, c1 = np.uint64(row), np.uint64(column), np.uint64(to_row), np.uint64(to_column)  # never from the end
    for r in range(np.uint64(rows)):
        for k in range(np.uint64(columns)):
            target[r1 + r, c1 + k] = source[r0 + r, c0 + k]


@compiled(fastmath=True, error_model="numpy")
def _add(source, row, column, target, to_row, to_column, rows, columns):  # type: ignore[no-untyped-def]
    r0, c0, r1, c1 = np.uint64(row), np.uint64(column), np.uint64(to_row), np.uint64(to_column)
    for r in range(np.uint64(rows)):
        for k in range(np.uint64(columns)):
            target[r1 + r, c1 + k] += source[r0 + r, c0 + k]


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, w: Tensor, lengths: Tensor, rows: int) -> tuple[Tensor, ...]:
        dates, batch, _ = x.shape
        hidden, parts = w.shape[1] // 4, -(-batch // rows)
        gates = x.new_empty(parts, 2, dates, 4, rows, hidden)
        c = x.new_empty(parts, 2, dates, rows, hidden)
        y = x.new_empty(dates, batch, 2 * hidden)
        transposed = w.unflatten(1, (4, hidden)).transpose(2, 3).contiguous()
        _forward(*(value.numpy() for value in (x, transposed, lengths, gates, c, y)))
        last = torch.stack([c[:, 0, -1], c[:, 1, 0]]).flatten(1, 2)[:, :batch]
        return y, last, gates, c

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        y, _, gates, c = output
        x, w, *_ = inputs
        ctx.mark_non_differentiable(gates, c)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, w, gates, c, y)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        x, w, gates, c, y = ctx.saved_tensors
        parts, _, _, _, rows, hidden = gates.shape
        batch = x.shape[1]
        of_y = torch.zeros_like(y) if gradients[0] is None else gradients[0].contiguous()
        of_c = x.new_zeros(2, parts * rows, hidden)
        if gradients[1] is not None:
            of_c[:, :batch] = gradients[1]
        of_c = of_c.view(2, parts, rows, hidden).transpose(0, 1).contiguous()
        needed = ctx.needs_input_grad[0]
        of_x = torch.empty_like(x) if needed else x.new_empty(0, *x.shape[1:])
        of_w = torch.empty_like(w)
        _backward(*(value.detach().numpy() for value in (x, w, gates, c, y, of_y, of_c, of_x, of_w)))
        return of_x if needed else None, of_w, None, None


def layer(x: Tensor, weights: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """One bidirectional layer.

    Parameters
    ----------
    x
        (dates, batch, inputs), float32 on the CPU; zeros behind the end of a series.
    weights
        (2, 4 · hidden, inputs + hidden).
    lengths
        Dates of each series, int64 (batch,); None: all.

    Returns
    -------
    tuple
        Outputs (dates, batch, 2 · hidden), and cell states after the last date (2, batch, hidden).
    """
    dates, batch, _ = x.shape
    if lengths is None:
        lengths = torch.full((batch,), dates)
    rows = -(-batch // -(-batch // _ROWS))
    y, last, *_ = _Layer.apply(x.contiguous(), weights.contiguous(), lengths, rows)
    return y, last
