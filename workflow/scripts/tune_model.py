"""Rule tune_model: the search for the hyperparameters of one model in one branch."""

from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.models import Model
from cloudrobust.config.training import Training
from cloudrobust.config.tuning import Tuning
from cloudrobust.learning.dataset import load
from cloudrobust.learning.tuning.search import save, search

with job(snakemake):
    folder = Path(snakemake.output.best).parent
    training = Training.model_validate_json(snakemake.params.training)
    searched = search(
        load(snakemake.input.series, snakemake.input.split, training.inputs),
        TypeAdapter(Model).validate_json(snakemake.params.model),
        training,
        Tuning.model_validate_json(snakemake.params.tuning),
        folder,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
    save(searched, snakemake.wildcards.branch, snakemake.wildcards.model, folder)
