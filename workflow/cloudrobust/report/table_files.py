"""A table in its three forms: numbers as CSV, text as Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from ..atomic import atomic
from ..spreadsheets import harmless

ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "−": "$-$",
        "±": r"$\pm$",
        "Δ": r"$\Delta$",
        "–": "--",
        "×": r"$\times$",
        "κ": r"$\kappa$",
        "†": r"$\dagger$",
    }
)
"""Characters that LaTeX would take for commands, or that its fonts may lack."""


def write_forms(
    name: str,
    numbers: pd.DataFrame,
    text: pd.DataFrame,
    words: str,
    folder: str | Path,
    left: Collection[str] | None = None,
) -> None:
    """Write a table as `.csv` (numbers), `.md` and `.tex` (text below the caption `words`)."""
    write_files(forms(name, numbers, text, words, left), folder)


def forms(
    name: str, numbers: pd.DataFrame, text: pd.DataFrame, words: str, left: Collection[str] | None = None
) -> dict[str, str]:
    """Content by file name; `left` as of `markdown`."""
    return {
        f"{name}.csv": harmless(numbers).to_csv(index=False),
        f"{name}.md": f"{words}\n\n{markdown(text, left)}",
        f"{name}.tex": latex(text, words, f"tab:{name.replace('_', '-')}"),
    }


def write_files(files: dict[str, str], folder: str | Path) -> None:
    """Write texts, each whole or not at all."""
    for name, content in files.items():
        with atomic(Path(folder) / name) as part:
            part.write_text(content)


def markdown(text: pd.DataFrame, left: Collection[str] | None = None) -> str:
    """A table of text as Markdown; the columns `left` (by default the first) are aligned left, all others right."""
    left = list(text.columns[:1]) if left is None else left
    rows = [[plain(name) for name in text.columns], *([plain(cell) for cell in row] for row in text.to_numpy())]
    lines: list[list[str]] = [[] for _ in range(len(rows) + 1)]
    for number, name in enumerate(text.columns):
        width = max(3, *(len(row[number]) for row in rows))
        head, *cells = [row[number].ljust(width) if name in left else row[number].rjust(width) for row in rows]
        rule = "-" * width if name in left else "-" * (width - 1) + ":"
        for line, cell in zip(lines, (head, rule, *cells), strict=True):
            line.append(cell)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def plain(cell: object) -> str:
    """A text in one line that Markdown shows as it is: no HTML, no link, no new cell.

    A `<` that begins no tag stays as it is, because tables are read without a renderer, too.
    """
    words = re.sub(r"[\[\]|]", r"\\\g<0>", " ".join(str(cell).split()))
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", words)


def latex(text: pd.DataFrame, caption: str, label: str) -> str:
    """A table of text as a LaTeX float with booktabs rules, every special character escaped."""
    head, *body = [[escape(str(cell)) for cell in row] for row in (text.columns, *text.to_numpy())]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{escape(caption)}}}",
            rf"  \label{{{label}}}",
            rf"  \begin{{tabular}}{{l{'r' * (len(text.columns) - 1)}}}",
            r"    \toprule",
            f"    {' & '.join(head)} \\\\",
            r"    \midrule",
            *(f"    {' & '.join(row)} \\\\" for row in body),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def escape(text: str) -> str:
    """`text` with LaTeX's special characters escaped."""
    return text.replace("√(σ₁² + σ₂²)", "\0").translate(ESCAPES).replace("\0", r"$\sqrt{\sigma_1^2 + \sigma_2^2}$")
