"""What the scripts about other splits share: the runs that were trained on them."""

import json
from pathlib import Path

from cloudrobust.evaluation.runs import Key, Run, read_runs


def runs_again(snakemake, cards) -> dict[Key, Run]:
    """Runs of every branch x model of one other split, from the paths of their cards."""
    keys = [(branch, model) for branch, model in json.loads(snakemake.params.again)]
    return read_runs(dict(zip(keys, (Path(card).parent for card in cards), strict=True)))
