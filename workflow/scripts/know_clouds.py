"""Rule know_clouds: the clear fraction of every parcel on every date of every branch, as far as it is known."""

from pathlib import Path

import numpy as np

from adaptor import job
from cloudrobust.config.sources import SimulatorSource
from cloudrobust.evaluation.cloudiness import known_clouds, read_times, spectra_clouds, true_clouds
from cloudrobust.parcels.series import read_series, write_dataset
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes.index import read_index
from cloudrobust.scenes.simulator.source import SimulatedArchive

with job(snakemake):
    truth, spectra = [], []
    if snakemake.params.source:
        archive = SimulatedArchive(SimulatorSource.model_validate_json(snakemake.params.source))
        times = {time.to_pydatetime() for file in snakemake.input.scenes for time in read_index(file)["time"]}
        truth = [true_clouds(archive, times, TileCoverage.load(file)) for file in snakemake.input.coverage]
    else:
        found = [spectra_clouds(read_series(file, ["reflectance"])) for file in snakemake.input.spectra]
        spectra = [cube for cube in found if cube is not None]
    masked = [read_series(file) for file in snakemake.input.masked]
    held = [read_series(file, []) for file in snakemake.input.series]
    parcels = list(dict.fromkeys(np.concatenate([cube["parcel"].values for cube in held]).tolist()))
    clouds = known_clouds(parcels, read_times(snakemake.input.series), truth, masked, spectra)
    write_dataset(clouds, Path(snakemake.output.clouds))
