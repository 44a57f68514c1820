"""Predictions to take away: an answer for every parcel of the study, and for other parcels on request."""


rule predict_parcels:
    input:
        predictions=PATHS.run(file="predictions.parquet"),
        models=PATHS.run(file="model.pt"),
        card=PATHS.run(file="card.json"),
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        trained_on=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        parcels=PATHS.parcels,
        split=PATHS.split,
    output:
        parcels=PATHS.prediction(file="parcels.parquet"),
        package=PATHS.prediction(file="parcels.gpkg"),
        style=PATHS.prediction(file="parcels.qml"),
        csv=PATHS.prediction(file="parcels.csv"),
        area=report(
            PATHS.prediction(file="area.csv"),
            caption="../workflow/report/area.rst",
            category="Predictions",
            labels={"branch": "{branch}", "model": "{model}", "what": "area"},
        ),
        disagreement=report(
            PATHS.prediction(file="disagreement.csv"),
            caption="../workflow/report/disagreement.rst",
            category="Predictions",
            labels={"branch": "{branch}", "model": "{model}", "what": "disagreement"},
        ),
    log:
        PATHS.log("predict_parcels", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("predict_parcels", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.branches)),
        model=exactly_these(sorted(STUDY.models)),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=STUDY.prediction.canonical(),
        labels="",
        code=code("predict_parcels"),
    script:
        "../workflow/scripts/predict_parcels.py"


if STUDY.prediction.file:
    OTHERS = Paths(parse_study(other_parcels()))

    # The whole way from scenes to series once more, for the other parcels alone.
    module others:
        snakefile:
            "../Snakefile"
        config:
            other_parcels()

    use rule * from others exclude all as other_*

    rule predict_other_parcels:
        input:
            predictions=PATHS.run(file="predictions.parquet"),
            models=PATHS.run(file="model.pt"),
            card=PATHS.run(file="card.json"),
            series=lambda wildcards: OTHERS.series(STUDY.branches[wildcards.branch].chain),
            trained_on=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
            measured=OTHERS.series(measured_chain(STUDY.comparison.preprocessed)),
            parcels=OTHERS.parcels,
            split=PATHS.split,
            labels=str(STUDY.prediction.file),
        output:
            parcels=OTHERS.prediction(file="answers/parcels.parquet"),
            package=OTHERS.prediction(file="answers/parcels.gpkg"),
            style=OTHERS.prediction(file="answers/parcels.qml"),
            csv=OTHERS.prediction(file="answers/parcels.csv"),
            disagreement=OTHERS.prediction(file="answers/disagreement.csv"),
        log:
            PATHS.log("predict_other_parcels", "{branch}-{model}.log"),
        benchmark:
            PATHS.benchmark("predict_other_parcels", "{branch}-{model}.tsv")
        wildcard_constraints:
            branch=exactly_these(sorted(STUDY.branches)),
            model=exactly_these(sorted(STUDY.models)),
        conda:
            "../envs/learning.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 2500 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            cfg=STUDY.prediction.canonical(),
            labels=STUDY.parcels.canonical(),
            code=code("predict_parcels"),
        script:
            "../workflow/scripts/predict_parcels.py"


rule predict:
    input:
        [OTHERS.prediction(b, m, "answers/parcels.gpkg") for b in STUDY.branches for m in STUDY.models]
        if STUDY.prediction.file
        else predictions("parcels.gpkg"),
