"""Other splits of the same parcels, on the same series: every fold the test part once, and a random split."""

FOLDS = [f"fold-{number}" for number in range(STUDY.split.folds) if STUDY.split.method == "blocks"]
RANDOM = "random"


rule split_again:
    input:
        parcels=PATHS.parcels,
    output:
        split=PATHS.resplit("{split}", "split.parquet"),
        aside=PATHS.resplit("{split}", "set_aside.csv"),
        classes=PATHS.resplit("{split}", "classes.csv"),
        distances=PATHS.resplit("{split}", "distances.csv"),
    log:
        PATHS.log("split_again", "{split}.log"),
    benchmark:
        PATHS.benchmark("split_again", "{split}.tsv")
    wildcard_constraints:
        split=exactly_these([*FOLDS, RANDOM]),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=resplit,
        code=code("split_parcels"),
    script:
        "../workflow/scripts/split_parcels.py"


use rule train as train_again with:
    input:
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        split=PATHS.resplit("{split}", "split.parquet"),
    output:
        predictions=PATHS.resplit("{split}", "runs", "{branch}", "{model}", "predictions.parquet"),
        models=PATHS.resplit("{split}", "runs", "{branch}", "{model}", "model.pt"),
        card=PATHS.resplit("{split}", "runs", "{branch}", "{model}", "card.json"),
        history=PATHS.resplit("{split}", "runs", "{branch}", "{model}", "history.csv"),
    log:
        PATHS.log("train_again", "{split}-{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("train_again", "{split}-{branch}-{model}.tsv")
    wildcard_constraints:
        split=exactly_these([*FOLDS, RANDOM]),
        branch=exactly_these(sorted(STUDY.branches)),
        model=exactly_these(sorted(RESPLIT_MODELS)),
    params:
        model=lambda wildcards: STUDY.model(wildcards.branch, wildcards.model).canonical(),
        training=STUDY.training.canonical(),
        checkpoints=PATHS.resplit("{split}", "checkpoints", "{branch}", "{model}"),
        code=lambda wildcards: code_of_model(wildcards.model),


rule compare_claims:
    input:
        cards=runs("card.json"),
        predictions=runs("predictions.parquet"),
        split=PATHS.split,
        random_cards=resplit_runs(RANDOM, "card.json"),
        random_predictions=resplit_runs(RANDOM, "predictions.parquet"),
        random_split=PATHS.resplit(RANDOM, "split.parquet"),
    output:
        tables=[PATHS.report("tables", f"split-claims.{suffix}") for suffix in ("csv", "md", "tex")],
        figures=shown_figures("split-claims"),
    log:
        PATHS.log("compare_claims.log"),
    benchmark:
        PATHS.benchmark("compare_claims.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        again=RESPLIT,
        method=STUDY.split.method,
        resamples=STUDY.evaluation.resamples,
        code=code("compare_claims"),
    script:
        "../workflow/scripts/compare_claims.py"


rule compare_folds:
    input:
        cards=[card for fold in FOLDS for card in resplit_runs(fold, "card.json")],
        predictions=[file for fold in FOLDS for file in resplit_runs(fold, "predictions.parquet")],
        splits=[PATHS.resplit(fold, "split.parquet") for fold in FOLDS],
        asides=[PATHS.resplit(fold, "set_aside.csv") for fold in FOLDS],
        parcels=PATHS.parcels,
    output:
        scores=PATHS.evaluation("folds.csv"),
        ledger=PATHS.evaluation("folds_ledger.csv"),
        tables=[
            PATHS.report("tables", f"{name}.{suffix}")
            for name in ("cross-validation", "cross-validation-confidence")
            for suffix in ("csv", "md", "tex")
        ],
        figures=shown_figures("cross-validation"),
    log:
        PATHS.log("compare_folds.log"),
    benchmark:
        PATHS.benchmark("compare_folds.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        again=RESPLIT,
        folds=STUDY.split.folds,
        resamples=STUDY.evaluation.resamples,
        code=code("compare_folds"),
    script:
        "../workflow/scripts/compare_folds.py"


rule split_claims:
    input:
        rules.compare_claims.output,


rule cross_validation:
    input:
        rules.compare_folds.output,
