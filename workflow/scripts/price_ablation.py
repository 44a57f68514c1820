"""Rule price_ablation: what each step of the ablation costs beside what it does."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.price import price_table, step_prices, totals
from cloudrobust.report.figures.price import steps_figure
from cloudrobust.report.price import steps_caption, steps_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import forms, write_files
from comparison import wanted
from price_inputs import read_inputs

with job(snakemake):
    cfg, given = wanted(snakemake), read_inputs(snakemake)
    twins, (all_seeds, seeds) = given.told["twins"], given.told["seeds"]
    models = list(dict.fromkeys(model for _, model in cfg["runs"]))
    # A run of the study itself serves where it is the same; of its seeds only the ablation's count.
    trainings = {
        branch: {
            model: ("train", f"{twins[branch]}-{model}", seeds / all_seeds)
            if branch in twins
            else ("train_ablated", f"{branch}-{model}", 1.0)
            for model in models
        }
        for branch in given.works
    }
    sums = totals(price_table(given.costs, given.works, trainings, given.expected, given.prices), given.prices)
    mean = pd.read_csv(snakemake.input.scores).groupby(["branch", "model"])["accuracy"].mean()
    sums["accuracy"] = [mean[branch, model] for branch, model in sums[["branch", "model"]].to_numpy()]
    table = step_prices(
        pd.read_csv(snakemake.input.effects), sums, dict(cfg["cells"]), dict(cfg["factors"]), cfg["design"]
    )
    for path, frame in ((snakemake.output.steps, table), (snakemake.output.totals, sums)):
        with atomic(path) as part:
            frame.to_csv(part, index=False)
    currency = given.prices.currency
    text = steps_text(table, currency)
    caption = steps_caption(given.told["simulated"], int(sums["without"].sum()))
    write_files(
        forms("price-steps", table, text, caption, left=["factor", "step", "model"]),
        Path(snakemake.output.tables[0]).parent,
    )
    save(steps_figure(table, sums, currency), Path(snakemake.output.figures[0]).with_suffix(""))
