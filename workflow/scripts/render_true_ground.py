"""Rule render_true_ground: a series of what the simulated ground really reflected, on equal dates."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.sources import SimulatorSource
from cloudrobust.config.steps import Interpolate
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.simulator.source import SimulatedArchive
from cloudrobust.steps.true_ground import apply

with job(snakemake):
    series = apply(
        read_series(Path(snakemake.input.series)),
        Interpolate.model_validate_json(snakemake.params.cfg),
        SimulatedArchive(SimulatorSource.model_validate_json(snakemake.params.source)),
        TileCoverage.load(Path(snakemake.input.coverage[0])),
    )
    write_dataset(series.assign_attrs(chain=snakemake.wildcards.chain), Path(snakemake.output.series))
