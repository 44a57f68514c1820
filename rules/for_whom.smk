"""For whom: the difference by groups of parcels, in every run; and by the number of labels, which trains."""


rule compare_groups:
    input:
        predictions=runs("predictions.parquet"),
        cards=runs("card.json"),
        scored=PATHS.evaluation("scored.csv"),
        split=PATHS.split,
        parcels=PATHS.parcels,
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        unmasked=PATHS.series(unmasked_chain(STUDY.comparison.raw)),
    output:
        groups=PATHS.evaluation("for_whom.csv"),
        questions=PATHS.evaluation("for_whom.json"),
        tables=[
            report(
                PATHS.report("tables", f"for-whom.{form}"),
                caption="../workflow/report/for_whom.rst",
                category="Tables",
                labels={"table": "for-whom", "form": form},
            )
            for form in ("csv", "md", "tex")
        ],
        figures=shown_figures("for-whom"),
    log:
        PATHS.log("compare_groups.log"),
    benchmark:
        PATHS.benchmark("compare_groups.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        resamples=STUDY.evaluation.resamples,
        code=code("compare_groups"),
    script:
        "../workflow/scripts/compare_groups.py"


rule split_fewer:
    input:
        split=PATHS.split,
    output:
        split=PATHS.learning_curve("splits", "{share}.parquet"),
    log:
        PATHS.log("split_fewer", "{share}.log"),
    benchmark:
        PATHS.benchmark("split_fewer", "{share}.tsv")
    wildcard_constraints:
        share=exactly_these(CURVE_SHARES),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        share=lambda wildcards: CURVE_SHARES[wildcards.share],
        draw=CURVE.draw,
        code=code("split_fewer"),
    script:
        "../workflow/scripts/split_fewer.py"


use rule train as train_on_fewer with:
    input:
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        split=PATHS.learning_curve("splits", "{share}.parquet"),
    output:
        predictions=PATHS.learning_curve("runs", "{share}", "{branch}", "{model}", "predictions.parquet"),
        models=PATHS.learning_curve("runs", "{share}", "{branch}", "{model}", "model.pt"),
        card=PATHS.learning_curve("runs", "{share}", "{branch}", "{model}", "card.json"),
        history=PATHS.learning_curve("runs", "{share}", "{branch}", "{model}", "history.csv"),
    log:
        PATHS.log("train_on_fewer", "{share}-{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("train_on_fewer", "{share}-{branch}-{model}.tsv")
    wildcard_constraints:
        share=exactly_these(CURVE_SHARES),
        branch=exactly_these(sorted(CURVE_BRANCHES)),
        model=exactly_these(sorted(CURVE_MODELS)),
    params:
        model=lambda wildcards: STUDY.model(wildcards.branch, wildcards.model).canonical(),
        training=STUDY.training.model_copy(update={"seeds": tuple(CURVE_SEEDS)}).canonical(),
        checkpoints=PATHS.checkpoints("learning-curve-{share}-{branch}"),
        code=lambda wildcards: code_of_model(wildcards.model),


rule compare_learning_curve:
    input:
        predictions=curve_runs("predictions.parquet"),
        cards=curve_runs("card.json"),
        split=PATHS.split,
        splits=[PATHS.learning_curve("splits", f"{share}.parquet") for share in CURVE_SHARES],
        parcels=PATHS.parcels,
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        unmasked=PATHS.series(unmasked_chain(STUDY.comparison.raw)),
    output:
        tables=[PATHS.report("tables", f"learning-curve.{form}") for form in ("csv", "md", "tex")],
        figures=shown_figures("learning-curve"),
    log:
        PATHS.log("compare_learning_curve.log"),
    benchmark:
        PATHS.benchmark("compare_learning_curve.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=canonical(
            {
                "runs": [
                    [f"{share}/{branch}", model]
                    for share in CURVE_SHARES
                    for branch in CURVE_BRANCHES
                    for model in CURVE_MODELS
                ],
                "shares": list(CURVE_SHARES.items()),
                "models": CURVE_MODELS,
                "seeds": CURVE_SEEDS,
                "raw": STUDY.comparison.raw,
                "preprocessed": STUDY.comparison.preprocessed,
            }
        ),
        resamples=STUDY.evaluation.resamples,
        code=code("compare_learning_curve"),
    script:
        "../workflow/scripts/compare_learning_curve.py"


rule learning_curve:
    input:
        rules.compare_learning_curve.output,
