"""Learning: one job trains all seeds of a branch x model and predicts every parcel."""


rule train:
    input:
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        split=PATHS.split,
    output:
        predictions=PATHS.run(file="predictions.parquet"),
        models=PATHS.run(file="model.pt"),
        card=PATHS.run(file="card.json"),
        history=PATHS.run(file="history.csv"),
    log:
        PATHS.log("train", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("train", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.branches)),
        model=exactly_these(sorted(STUDY.models)),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 600 * attempt,
    params:
        model=lambda wildcards: STUDY.model(wildcards.branch, wildcards.model).canonical(),
        training=STUDY.training.canonical(),
        checkpoints=PATHS.checkpoints(),
        code=lambda wildcards: code_of_model(wildcards.model),
    script:
        "../workflow/scripts/train.py"
