"""Evaluation: the test part is scored once, on the parcels that every branch classifies."""


rule evaluate:
    input:
        predictions=runs("predictions.parquet"),
        cards=runs("card.json"),
        parcels=PATHS.parcels,
        split=PATHS.split,
        aside=PATHS.set_aside,
    output:
        scores=PATHS.evaluation("scores.csv"),
        classes=PATHS.evaluation("classes.csv"),
        scored=PATHS.evaluation("scored.csv"),
        verdict=PATHS.evaluation("verdict.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        mcnemar=PATHS.evaluation("mcnemar.csv"),
        variance=PATHS.evaluation("variance.csv"),
        reliability=PATHS.evaluation("reliability.csv"),
        ledger=PATHS.evaluation("ledger.csv"),
        totals=PATHS.evaluation("totals.csv"),
    log:
        PATHS.log("evaluate.log"),
    benchmark:
        PATHS.benchmark("evaluate.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=COMPARISON,
        margin=STUDY.comparison.margin,
        resamples=STUDY.evaluation.resamples,
        code=code("evaluate"),
    script:
        "../workflow/scripts/evaluate.py"
