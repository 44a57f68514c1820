"""What the scripts that add up prices share: their measured costs, and what branches need."""

import json
from dataclasses import dataclass
from typing import Any

from cloudrobust.benchmarks import jobs
from cloudrobust.config.prices import Prices
from cloudrobust.config.work import Work
from cloudrobust.energy import spent_by_job
from cloudrobust.evaluation.price import Costs, read_costs


@dataclass(frozen=True)
class Inputs:
    """What a rule of prices has to go by."""

    told: dict[str, Any]
    costs: Costs
    works: dict[str, Work]
    expected: dict[tuple[str, str], int]
    prices: Prices


def read_inputs(snakemake) -> Inputs:
    """Benchmarks, energy notes, month indexes, and the rule's parameters `work`, `held` and `prices`."""
    told = json.loads(snakemake.params.work)
    indexes = dict(zip(map(tuple, told["indexes"]), snakemake.input.scenes, strict=True))
    works = {
        name: Work(tuple(map(tuple, made_by)), tuple(map(tuple, scenes)))
        for name, (made_by, scenes) in told["works"].items()
    }
    costs = read_costs(
        jobs(snakemake.params.benchmarks),
        spent_by_job(snakemake.params.logs),
        indexes,
        json.loads(snakemake.params.held),
        simulated=told["simulated"],
    )
    expected = {(rule, chain): count for rule, chain, count in told["expected"]}
    return Inputs(told, costs, works, expected, Prices.model_validate_json(snakemake.params.prices))
