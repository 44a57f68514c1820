"""cloudrobust: from Sentinel-2 scenes and field parcels to the comparison of raw and preprocessed series."""

import sys

from snakemake.utils import min_version

from cloudrobust.config import check_yaml
from cloudrobust.errors import InputError

min_version("9.0")


# Strictly, and before Snakemake reads config.yaml, which shows tracebacks.
try:
    check_yaml(workflow.overwrite_configfiles or ["config.yaml"])
except InputError as error:
    sys.exit(f"error: {error}")

# A configuration given with --configfile stands for itself; several are merged in their order.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/scenes.smk"
include: "rules/parcels.smk"
include: "rules/finished.smk"
include: "rules/steps.smk"
include: "rules/clouds.smk"
include: "rules/learning.smk"
include: "rules/tuning.smk"
include: "rules/evaluation.smk"
include: "rules/ablation.smk"
include: "rules/experiments.smk"
include: "rules/price.smk"
include: "rules/study_file.smk"
include: "rules/explain_difference.smk"
include: "rules/for_whom.smk"
include: "rules/splits.smk"
include: "rules/robustness.smk"
include: "rules/in_season.smk"
include: "rules/explain.smk"
include: "rules/predict.smk"
include: "rules/report.smk"


localrules:
    all,
    ablation,
    explain_difference,


rule all:
    default_target: True
    input:
        PATHS.report("summary.md"),
        PATHS.report("index.html"),
        PATHS.evaluation("study.json"),


onstart:
    show_extra_trainings()


onsuccess:
    run_lock.leave(Path(".snakemake"))
    show_lost_jobs(log)
    show_summary()
    show_time()


onerror:
    run_lock.leave(Path(".snakemake"))
    show_lost_jobs(log)
    show_reasons(log)
