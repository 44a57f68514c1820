"""How often the verdict is wrong, how often it finds the truth, and how often intervals hold it: made-up studies.

    python benchmarks/verdict.py [--studies 1000]

Every study has known true differences, parcels that are alike within blocks, differences that are, too, and seeds that
differ (`cloudrobust.evaluation.made_studies.Setting`). The code that is tried is the one that a run uses.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from cloudrobust.evaluation.bootstrap import mean_of, paired_interval, resampled, with_ones
from cloudrobust.evaluation.made_studies import Setting, made_study, rates
from cloudrobust.report.table_files import markdown

MARGIN = 0.05
BLOCKS = (6, 10, 20, 40, 80)


def coverage(blocks: int, studies: int, resamples: int = 400, difference: float = 0.05) -> dict[str, object]:
    """How often two kinds of interval of 95 % hold the true difference of one model, and how wide they are."""
    setting, generator = Setting(blocks=blocks, models=1), np.random.default_rng([blocks, 1])
    held = {"quantiles": 0, "Student's": 0}
    widths: dict[str, list[float]] = {name: [] for name in held}
    for number in range(studies):
        ((first, second),) = made_study(setting, difference, generator).values()
        found = paired_interval(first, second, setting.groups, resamples=resamples, seed=number)
        both = resampled(
            [with_ones(first), with_ones(second)], mean_of, setting.groups, resamples=resamples, seed=number
        )
        low, high = np.quantile(both[0].with_seeds(1) - both[1].with_seeds(2), [0.025, 0.975])
        for name, ends in (("quantiles", (low, high)), ("Student's", (found.low, found.high))):
            held[name] += int(ends[0] <= difference <= ends[1])
            widths[name].append(ends[1] - ends[0])
    line: dict[str, object] = {"blocks": str(blocks)}
    line |= {f"{name} hold": f"{100 * count / studies:.1f} %" for name, count in held.items()}
    return line | {f"{name}, points": f"±{50 * np.median(w):.1f}" for name, w in widths.items()}


def verdicts(blocks: int, studies: int) -> list[dict[str, str]]:
    """How often verdicts are wrong and right, a line for each true difference."""
    found = rates(Setting(blocks=blocks), [0.0, MARGIN, -MARGIN, 2 * MARGIN], MARGIN, studies)
    return [
        {
            "blocks": str(blocks),
            "test fields": str(row["parcels"]),
            "true difference": f"{100 * row['difference']:+.0f} points" if row["difference"] else "none",
            "a model wrong": f"{100 * row['any_wrong']:.1f} %",
            "whole wrong": f"{100 * row['whole_wrong']:.1f} %",
            "models right": f"{100 * row['each_right']:.0f} %",
            "whole right": f"{100 * row['whole_right']:.0f} %",
            "smallest seen": f"{100 * row['detectable']:.1f}",
        }
        for row in found.to_dict("records")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=1000, help="made-up studies for each line (1000)")
    parser.add_argument(
        "--blocks", type=int, nargs="*", default=[4, *BLOCKS], help="numbers of blocks (4 6 10 20 40 80)"
    )
    options = parser.parse_args()
    studies = options.studies
    begin = time.process_time()
    print(f"{studies} studies a line; {Setting()}\n")
    print(markdown(pd.DataFrame([coverage(blocks, studies) for blocks in options.blocks])), flush=True)
    lines = [line for blocks in options.blocks if blocks in BLOCKS for line in verdicts(blocks, studies)]
    print(f"Margin {100 * MARGIN:.0f} points, three models\n")
    print(markdown(pd.DataFrame(lines)))
    print(f"{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()
