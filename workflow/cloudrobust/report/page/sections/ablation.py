"""The section on what each step does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ...ablation import effects_text
from ..tables import html_table


def ablation_tables(files: Sequence[str]) -> list[Markup]:
    """The table of effects; none where the report has no ablation.

    `files` are those of the rule that reports it, among them `ablation.csv` and `ablation.md`, which ends in the notes.
    """
    known = {Path(file).name: Path(file) for file in files}
    if "ablation.csv" not in known:
        return []
    caption, _, rest = known["ablation.md"].read_text().partition("\n\n")
    notes = rest.rpartition("|\n")[2].strip()
    text = effects_text(pd.read_csv(known["ablation.csv"]))
    return [html_table(text, f"{caption} {notes}", left=["factor", "step", "model"])]


def ablation_picture(files: Sequence[str]) -> list[tuple[str, Path]]:
    """Its figure, as `page.pictures.collect` takes it."""
    return [(Path(file).stem, Path(file)) for file in files if file.endswith(".png")]
