"""Rule simulate_landscape: the made-up parcels with their true crops."""

from pathlib import Path

from adaptor import job
from cloudrobust.config.sources import SimulatorSource
from cloudrobust.scenes.simulator.landscape import make_landscape

with job(snakemake):
    landscape = make_landscape(SimulatorSource.model_validate_json(snakemake.params.cfg))
    landscape.save(Path(snakemake.output.parcels).parent)
