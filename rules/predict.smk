"""Answers to take away: every labelled parcel by a model that never saw its label, the others by the study's seeds."""


rule deal_folds:
    input:
        parcels=PATHS.parcels,
    output:
        folds=PATHS.folds,
    log:
        PATHS.log("deal_folds.log"),
    benchmark:
        PATHS.benchmark("deal_folds.tsv")
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=STUDY.split.dealt(),
        folds=STUDY.prediction.folds,
        code=code("deal_folds"),
    script:
        "../workflow/scripts/deal_folds.py"


rule cross_predict:
    input:
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        folds=PATHS.folds,
        predictions=lambda wildcards: candidate_runs(wildcards.answering, "predictions.parquet"),
        history=lambda wildcards: candidate_runs(wildcards.answering, "history.csv"),
    output:
        table=PATHS.prediction(model="{answering}", file="out_of_fold.parquet"),
        card=PATHS.prediction(model="{answering}", file="card.json"),
    log:
        PATHS.log("cross_predict", "{branch}-{answering}.log"),
    benchmark:
        PATHS.benchmark("cross_predict", "{branch}-{answering}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.answering_branches)),
        answering=exactly_these(sorted(STUDY.answering_models)),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 600 * attempt,
    params:
        models=lambda wildcards: candidate_models(wildcards.branch, wildcards.answering),
        runs=lambda wildcards: canonical(candidate_keys(wildcards.answering)),
        training=CROSS_TRAINING.canonical(),
        checkpoints=PATHS.checkpoints(model="{answering}"),
        code=lambda wildcards: code_of_candidates(wildcards.answering),
    script:
        "../workflow/scripts/cross_predict.py"


rule predict_parcels:
    input:
        table=PATHS.prediction(model="{answering}", file="out_of_fold.parquet"),
        card=PATHS.prediction(model="{answering}", file="card.json"),
        folds=PATHS.folds,
        runs=lambda wildcards: candidate_runs(wildcards.answering, "model.pt", wildcards.branch),
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        trained_on=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        parcels=PATHS.parcels,
        split=PATHS.split,
    output:
        parcels=PATHS.prediction(model="{answering}", file="parcels.parquet"),
        package=PATHS.prediction(model="{answering}", file="parcels.gpkg"),
        style=PATHS.prediction(model="{answering}", file="parcels.qml"),
        csv=PATHS.prediction(model="{answering}", file="parcels.csv"),
        likely=PATHS.prediction(model="{answering}", file="likely.csv"),
        area=report(
            PATHS.prediction(model="{answering}", file="area.csv"),
            caption="../workflow/report/area.rst",
            category="Predictions",
            labels={"branch": "{branch}", "model": "{answering}", "what": "area"},
        ),
        disagreement=report(
            PATHS.prediction(model="{answering}", file="disagreement.csv"),
            caption="../workflow/report/disagreement.rst",
            category="Predictions",
            labels={
                "branch": "{branch}",
                "model": "{answering}",
                "what": "disagreement",
            },
        ),
    log:
        PATHS.log("predict_parcels", "{branch}-{answering}.log"),
    benchmark:
        PATHS.benchmark("predict_parcels", "{branch}-{answering}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.answering_branches)),
        answering=exactly_these(sorted(STUDY.answering_models)),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=STUDY.prediction.canonical(),
        run=lambda wildcards: PATHS.run(wildcards.branch, ""),
        labels="",
        resamples=STUDY.evaluation.resamples,
        code=code("predict_parcels"),
    script:
        "../workflow/scripts/predict_parcels.py"


rule weigh_decision:
    input:
        raw=PATHS.prediction(STUDY.comparison.raw, "{answering}", "parcels.parquet"),
        preprocessed=PATHS.prediction(STUDY.comparison.preprocessed, "{answering}", "parcels.parquet"),
        folds=PATHS.folds,
    output:
        changes=report(
            PATHS.evaluation("decision-{answering}-changes.csv"),
            caption="../workflow/report/decision.rst",
            category="Predictions",
            labels={
                "branch": "both",
                "model": "{answering}",
                "what": "changed answers",
            },
        ),
        inspections=report(
            PATHS.evaluation("decision-{answering}-inspections.csv"),
            caption="../workflow/report/decision.rst",
            category="Predictions",
            labels={"branch": "both", "model": "{answering}", "what": "inspections"},
        ),
    log:
        PATHS.log("weigh_decision", "{answering}.log"),
    benchmark:
        PATHS.benchmark("weigh_decision", "{answering}.tsv")
    wildcard_constraints:
        answering=exactly_these(sorted(STUDY.answering_models)),
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=STUDY.prediction.canonical(),
        resamples=STUDY.evaluation.resamples,
        code=code("weigh_decision"),
    script:
        "../workflow/scripts/weigh_decision.py"


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
            table=PATHS.prediction(model="{answering}", file="out_of_fold.parquet"),
            card=PATHS.prediction(model="{answering}", file="card.json"),
            folds=PATHS.folds,
            runs=lambda wildcards: candidate_runs(wildcards.answering, "model.pt", wildcards.branch),
            series=lambda wildcards: OTHERS.series(STUDY.branches[wildcards.branch].chain),
            trained_on=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
            measured=OTHERS.series(measured_chain(STUDY.comparison.preprocessed)),
            parcels=OTHERS.parcels,
            split=PATHS.split,
            labels=str(STUDY.prediction.file),
        output:
            parcels=OTHERS.prediction(model="{answering}", file="answers/parcels.parquet"),
            package=OTHERS.prediction(model="{answering}", file="answers/parcels.gpkg"),
            style=OTHERS.prediction(model="{answering}", file="answers/parcels.qml"),
            csv=OTHERS.prediction(model="{answering}", file="answers/parcels.csv"),
            disagreement=OTHERS.prediction(model="{answering}", file="answers/disagreement.csv"),
        log:
            PATHS.log("predict_other_parcels", "{branch}-{answering}.log"),
        benchmark:
            PATHS.benchmark("predict_other_parcels", "{branch}-{answering}.tsv")
        wildcard_constraints:
            branch=exactly_these(sorted(STUDY.answering_branches)),
            answering=exactly_these(sorted(STUDY.answering_models)),
        conda:
            "../envs/learning.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 2500 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            cfg=STUDY.prediction.canonical(),
            run=lambda wildcards: PATHS.run(wildcards.branch, ""),
            labels=STUDY.parcels.canonical(),
            resamples=STUDY.evaluation.resamples,
            code=code("predict_parcels"),
        script:
            "../workflow/scripts/predict_parcels.py"


rule predict:
    input:
        predictions("answers/parcels.gpkg", OTHERS) if STUDY.prediction.file else predictions("parcels.gpkg"),
