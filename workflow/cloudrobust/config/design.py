"""The branches of an ablation: all combinations of its factors, or a fraction of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .ablation import Ablation, Factor
from .sources import Level

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Cell:
    """One combination: a level of each factor, and the branch that follows.

    Attributes
    ----------
    name
        The names of its levels with hyphens between, small.
    factors
        Name of the level by name of the factor.
    level, steps
        The branch: L1C or L2A, and the steps in the order of the factors.
    """

    name: str
    factors: dict[str, str]
    level: Level
    steps: tuple[str, ...]

    @property
    def chain(self) -> str:
        """The branch as a path."""
        return "/".join((self.level, *self.steps))


@dataclass(frozen=True)
class Design:
    """The combinations that become branches, and those that do not.

    Attributes
    ----------
    cells
        Those that do.
    left_out
        Impossible ones, and why each is.
    not_drawn
        Possible ones that the fraction leaves out.
    """

    cells: tuple[Cell, ...]
    left_out: tuple[tuple[Cell, str], ...]
    not_drawn: tuple[Cell, ...] = ()

    def notes(self) -> list[str]:
        """Sentences on what is left out, and why."""
        words = []
        reasons: dict[str, list[str]] = {}
        for cell, reason in self.left_out:
            reasons.setdefault(reason, []).append(" × ".join(cell.factors.values()))
        for reason, names in reasons.items():
            words.append(f"Left out: {', '.join(names)}. The reason: {reason}.")
        if self.not_drawn:
            words.append(
                f"{len(self.cells)} of the {len(self.cells) + len(self.not_drawn)} possible combinations are computed, "
                "a D-optimal fraction for main effects; interactions of factors are taken for nothing."
            )
        return words


def crossed(ablation: Ablation, level: Level, problem: Callable[[Cell], str | None]) -> Design:
    """The design of an ablation.

    Parameters
    ----------
    ablation
        Its configuration.
    level
        The level of branches where no factor chooses it.
    problem
        Says why a combination is impossible, or None.

    Raises
    ------
    ValueError
        If two combinations have one name, fewer than two are possible, or the size of the fraction does not fit;
        the message is a sentence.
    """
    possible: list[Cell] = []
    left_out: list[tuple[Cell, str]] = []
    for cell in _combinations(ablation.factors, level):
        same = next((other for other in possible if other.chain == cell.chain), None)
        reason = f"it is the same chain as {same.name}" if same is not None else problem(cell)
        if reason is None:
            possible.append(cell)
        else:
            left_out.append((cell, reason))
    names = [cell.name for cell in possible]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two combinations are called {twice!r}; rename a level")
    if len(possible) < 2:
        why = f"; the first is not, because {left_out[0][1]}" if left_out else ""
        raise ValueError(f"fewer than two combinations of the factors are possible{why}")
    if ablation.design == "full":
        return Design(tuple(possible), tuple(left_out))
    chosen = set(fraction(possible, ablation.factors, ablation.branches or -(-len(possible) // 2)))
    drawn: list[Cell] = []
    others: list[Cell] = []
    for number, cell in enumerate(possible):
        (drawn if number in chosen else others).append(cell)
    return Design(tuple(drawn), tuple(left_out), tuple(others))


def _combinations(factors: Sequence[Factor], level: Level) -> list[Cell]:
    found = []
    for combination in itertools.product(*(factor.levels for factor in factors)):
        name = "-".join(one.name for one in combination).lower()
        levels = {factor.name: one.name for factor, one in zip(factors, combination, strict=True)}
        chosen = next((one.level for one in combination if one.level is not None), level)
        found.append(Cell(name, levels, chosen, tuple(step for one in combination for step in one.steps)))
    return found


def coded(cells: Sequence[Cell], factors: Sequence[Factor]) -> NDArray[np.float64]:
    """(cell, 1 + levels beyond the references) matrix of the main effects: a constant, and 1 where a level is taken."""
    import numpy as np

    columns = [np.ones(len(cells))]
    for factor in factors:
        taken = np.array([cell.factors[factor.name] for cell in cells])
        columns += [(taken == one.name).astype(float) for one in factor.levels[1:]]
    return np.stack(columns, axis=1)


def fraction(cells: Sequence[Cell], factors: Sequence[Factor], count: int) -> list[int]:
    """Numbers of `count` cells from which all main effects can be told, and as precisely as possible.

    D-optimal: the determinant of X'X of the main effects is as large as exchanges of one cell for another can make
    it (Fedorov, V. V. (1972), Theory of Optimal Experiments, Academic Press). The search begins with the cells whose
    numbers of levels sum to an even number: where all factors have two levels these are the regular half fraction of
    highest resolution (Box, G. E. P. and Hunter, J. S. (1961), "The 2^(k-p) fractional factorial designs",
    Technometrics 3:311-351), which is D-optimal already and stays. No chance is involved.

    Raises
    ------
    ValueError
        If there are not so many cells, or fewer than there are effects.
    """
    import numpy as np

    x = coded(cells, factors)
    effects = int(np.linalg.matrix_rank(x))
    if not effects <= count <= len(cells):
        raise ValueError(
            f"a fraction of {count} branches is not possible; write a number from {effects}, which the main effects "
            f"need, to {len(cells)}, all possible ones"
        )
    # Where some effect cannot be told even from all cells, the others still count.
    _, _, rotation = np.linalg.svd(x, full_matrices=False)
    x = x @ rotation[:effects].T
    position = {factor.name: [one.name for one in factor.levels] for factor in factors}
    even = [sum(position[name].index(value) for name, value in cell.factors.items()) % 2 == 0 for cell in cells]
    chosen = _begun(x, np.array(even), count)
    while (exchange := _best_exchange(x, chosen)) is not None:
        leaves, enters = exchange
        chosen = [*(number for number in chosen if number != leaves), enters]
    return sorted(chosen)


def _begun(x: Any, even: Any, count: int) -> list[int]:
    """The even cells, or as many of them or beyond them as make up `count`, each time the one that tells most."""
    import numpy as np

    chosen: list[int] = []
    information = 1e-6 * np.eye(x.shape[1])
    for _ in range(count):
        told = np.einsum("ij,jk,ik->i", x, np.linalg.inv(information), x)
        told[chosen] = -np.inf
        among = even & np.isfinite(told)
        told = np.where(among, told, -np.inf) if among.any() else told
        best = int(np.argmax(np.round(told, 9)))
        chosen.append(best)
        information += np.outer(x[best], x[best])
    return chosen


def _best_exchange(x: Any, chosen: list[int]) -> tuple[int, int] | None:
    """The exchange that makes the determinant grow most (Fedorov's delta); None if none does."""
    import numpy as np

    others = [number for number in range(len(x)) if number not in chosen]
    if not others:
        return None
    inside, outside = x[chosen], x[others]
    inverse = np.linalg.inv(inside.T @ inside + 1e-9 * np.eye(x.shape[1]))
    own, new = (np.einsum("ij,jk,ik->i", rows, inverse, rows) for rows in (inside, outside))
    between = inside @ inverse @ outside.T
    gain = new[None] - own[:, None] - own[:, None] * new[None] + between**2
    best = int(np.argmax(np.round(gain, 9)))
    if gain.flat[best] < 1e-6:
        return None
    return chosen[best // len(others)], others[best % len(others)]
