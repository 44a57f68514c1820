"""Tuning: hyperparameters of each model in each branch, searched by the validation part alone (`snakemake tune`)."""

TUNED_MODELS = (
    STUDY.tuning.models
    if STUDY.tuning.models is not None
    else [name for name, model in STUDY.models.items() if model.do != "forest"]
)
TUNED_BRANCHES = STUDY.tuning.branches if STUDY.tuning.branches is not None else list(STUDY.branches)


localrules:
    tune,


rule tune_model:
    input:
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        split=PATHS.split,
    output:
        trials=PATHS.tuning("{branch}", "{model}", "trials.csv"),
        best=PATHS.tuning("{branch}", "{model}", "best.json"),
    log:
        PATHS.log("tune_model", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("tune_model", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(TUNED_BRANCHES)),
        model=exactly_these(sorted(TUNED_MODELS)),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 1440 * attempt,
    params:
        model=lambda wildcards: STUDY.models[wildcards.model].canonical(),
        training=STUDY.training.canonical(),
        tuning=canonical(STUDY.tuning.model_dump(mode="json", exclude={"models", "branches"})),
        code=lambda wildcards: code("tune_model", f"cloudrobust.models.{STUDY.models[wildcards.model].do}"),
    script:
        "../workflow/scripts/tune_model.py"


rule write_tuning:
    input:
        trials=searches("trials.csv"),
        best=searches("best.json"),
    output:
        overlay=PATHS.tuning("best.yaml"),
        trials=report(
            PATHS.tuning("trials.csv"),
            caption="../workflow/report/tuning.rst",
            category="Tuning",
            labels={"what": "trials"},
        ),
        png=report(
            PATHS.tuning("tuning.png"),
            caption="../workflow/report/tuning.rst",
            category="Tuning",
            labels={"what": "search and importance"},
        ),
        pdf=PATHS.tuning("tuning.pdf"),
    log:
        PATHS.log("write_tuning.log"),
    benchmark:
        PATHS.benchmark("write_tuning.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        cfg=canonical(
            {
                "searches": [[branch, model] for branch in TUNED_BRANCHES for model in TUNED_MODELS],
                "raw": STUDY.comparison.raw,
                "preprocessed": STUDY.comparison.preprocessed,
                "config": " ".join(str(file) for file in workflow.configfiles if Path(file).name != "best.yaml"),
            }
        ),
        code=code("write_tuning"),
    script:
        "../workflow/scripts/write_tuning.py"


rule tune:
    input:
        PATHS.tuning("best.yaml"),
        PATHS.tuning("trials.csv"),
        PATHS.tuning("tuning.png"),
