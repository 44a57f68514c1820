"""`cloudrobust pool`: one answer from many studies."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from ..evaluation.pool import Pooled

NAME = "pool"
HELP = "one answer from the files of many studies: mean, heterogeneity, and what to expect of the next region"
METRICS = ("accuracy", "kappa", "macro_f1")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "studies", nargs="+", metavar="STUDY", help="folder of a study, of its results, or a file study.json"
    )
    parser.add_argument("--metric", choices=METRICS, default="accuracy", help="score that is compared")
    parser.add_argument(
        "--method", choices=("reml", "dl"), default="reml",
        help="variance between studies: restricted maximum likelihood, or DerSimonian and Laird",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=Path("pooled"), help="folder for table and figure (pooled)")


def run(given: argparse.Namespace) -> int:
    """Pool the studies, print the answer, and write table and figure."""
    from ..errors import InputError
    from ..evaluation.pool import pool
    from ..evaluation.study_file import find_study_file, read_study_file, table_of
    from ..report.figures.forest import forest_figure
    from ..report.pool import chain_words, pool_notes, pool_sentence, pool_text, studies_text
    from ..report.style import save
    from ..report.table_files import forms, markdown, write_files

    files = [find_study_file(one) for one in given.studies]
    contents = [read_study_file(file) for file in files]
    labels = _labels([str(content["title"]) for content in contents], given.studies)
    for n, content in enumerate(contents):
        if content in contents[:n]:
            first = labels[contents.index(content)]
            raise InputError(f"{files[n]}: is the same study as {first}; name each study once")
    studies = dict(zip(labels, contents, strict=True))
    table = table_of(studies, given.metric)
    pooled, left_out, kept = {}, [], []
    for model in dict.fromkeys(table["model"]):
        mine = table[table["model"] == model]
        unsure = mine[~(mine["error"] > 0)]
        if len(unsure):
            names = ", ".join(unsure["study"])
            left_out.append(f"{model}: {names} gives no standard error above zero and is left out.")
        mine = mine.drop(unsure.index)
        if len(mine) < 2:
            left_out.append(f"{model}: {len(mine) or 'no'} study gives a difference; pooling takes two.")
            continue
        pooled[model] = pool(mine["estimate"].tolist(), mine["error"].tolist(), method=given.method)
        kept.append(mine.index)
    if not pooled:
        raise InputError(f"pool: no model stands in two studies with a standard error; {' '.join(left_out)}".rstrip())
    used = table.loc[[n for index in kept for n in index]]
    words = pool_notes(studies, left_out, given.method, {label: chain_words(c) for label, c in studies.items()})
    sentences = [pool_sentence(model, one, given.metric) for model, one in pooled.items()]
    print("\n".join([*sentences, "", markdown(pool_text(pooled)), *words]))
    numbers = used.assign(weight=[w for one in pooled.values() for w in one.weights])
    caption = " ".join([*sentences, *words])
    write_files(
        forms("pooled", _numbers(pooled), pool_text(pooled), caption)
        | forms("studies", numbers, studies_text(used, pooled), "The studies that were pooled.", ["model", "study"]),
        given.output,
    )
    save(forest_figure(used, pooled, given.metric), given.output / "forest")
    print(f"\nTables and figure: {given.output}")
    return 0


def _numbers(pooled: Mapping[str, Pooled]) -> pd.DataFrame:
    """One row a model."""
    import pandas as pd

    rows = [
        {"model": model} | {k: v for k, v in asdict(one).items() if k != "weights"} for model, one in pooled.items()
    ]
    return pd.DataFrame(rows)


def _labels(titles: list[str], given: list[str]) -> list[str]:
    """The titles; where two studies share one, with the folder behind it."""
    return [
        title if titles.count(title) == 1 else f"{title} ({where})" for title, where in zip(titles, given, strict=True)
    ]
