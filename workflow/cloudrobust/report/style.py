"""One style for all figures, and how they are saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..atomic import atomic
from .palette import INK

STYLE = Path(__file__).with_name("style.mplstyle")

WIDTH = 7.2
"""Width of a full page figure in inches (183 mm, two columns of a journal)."""

RESOLUTION = 200
"""Dots per inch of PNG files, and of what is rasterised inside PDFs."""

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorator: draw in the project's style, whatever the user's own matplotlib settings are."""

    @wraps(draw)
    def inside(*arguments: P.args, **keywords: P.kwargs) -> Figure:
        with matplotlib.style.context(STYLE, after_reset=True):
            return draw(*arguments, **keywords)

    return inside


def save(figure: Figure, path: str | Path) -> tuple[Path, Path]:
    """Write `path`.png and `path`.pdf; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        Any matplotlib figure.
    path
        Path without suffix.

    Returns
    -------
    tuple
        The two files written.
    """
    base = Path(path)
    png, pdf = base.with_name(f"{base.name}.png"), base.with_name(f"{base.name}.pdf")
    # Lay out once: the layout engine would find slightly other places at each resolution.
    settings = {"figure.constrained_layout.use": False}
    with matplotlib.style.context([STYLE, settings], after_reset=True):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        with atomic(png) as part:
            figure.savefig(part, dpi=RESOLUTION, metadata={"Software": None})
        with atomic(pdf) as part:
            figure.savefig(part, dpi=RESOLUTION, metadata={"Creator": None, "Producer": None, "CreationDate": None})
    return png, pdf


def panel_letter(axes: Axes, letter: str) -> None:
    """A bold letter before the axes' title, as journals number panels."""
    axes.set_title(f"$\\bf{{{letter}}}$  {axes.get_title(loc='left')}", loc="left", color=INK)


def shorten(text: str, length: int = 26) -> str:
    """`text`, cut with an ellipsis if it is longer than `length` characters."""
    text = " ".join(str(text).split())
    return text if len(text) <= length else text[: length - 1].rstrip(" ,;.") + "…"
