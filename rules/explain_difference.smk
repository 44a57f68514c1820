"""What explains the difference: placebos, ceilings and mask errors as branches, and a bar for every change on the way."""


rule explain_difference:
    input:
        difference_results,


use rule train as train_explained with:
    input:
        series=lambda wildcards: PATHS.series(STUDY.explained[wildcards.branch].chain),
        split=PATHS.split,
    output:
        predictions=PATHS.difference_run(file="predictions.parquet"),
        models=PATHS.difference_run(file="model.pt"),
        card=PATHS.difference_run(file="card.json"),
        history=PATHS.difference_run(file="history.csv"),
    log:
        PATHS.log("train_explained", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("train_explained", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.explained)),
        model=exactly_these(sorted(DIFFERENCE_MODELS)),
    params:
        model=lambda wildcards: STUDY.models[wildcards.model].canonical(),
        training=STUDY.training.model_copy(update={"seeds": tuple(DIFFERENCE_SEEDS)}).canonical(),
        checkpoints=PATHS.checkpoints("difference-{branch}"),
        code=lambda wildcards: code_of_model(wildcards.model),


rule compare_difference:
    input:
        predictions=difference_runs("predictions.parquet"),
        cards=difference_runs("card.json"),
        split=PATHS.split,
        masks=[PATHS.series(chain) for chain in STUDY.experiments.masks.values()],
        unmasked=PATHS.series(STUDY.experiments.unmasked) if STUDY.experiments.unmasked else [],
    output:
        bars=PATHS.difference("bars.csv"),
        scores=PATHS.difference("scores.csv"),
        curves=PATHS.difference("curves.csv"),
        break_even=PATHS.difference("break-even.csv"),
        masks=PATHS.difference("masks.csv"),
        notes=PATHS.difference("notes.json"),
    log:
        PATHS.log("compare_difference.log"),
    benchmark:
        PATHS.benchmark("compare_difference.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=difference_parameters(),
        code=code("compare_difference"),
    script:
        "../workflow/scripts/compare_difference.py"


rule report_difference:
    input:
        bars=PATHS.difference("bars.csv"),
        curves=PATHS.difference("curves.csv"),
        masks=PATHS.difference("masks.csv"),
        notes=PATHS.difference("notes.json"),
    output:
        tables=[
            report(
                PATHS.report("tables", f"{name}.{form}"),
                caption="../workflow/report/difference.rst",
                category="What explains the difference",
                labels={"what": name, "form": form},
            )
            for name in ("difference", "mask-errors", "mask-curves")
            for form in ("csv", "md", "tex")
        ],
        figures=shown_figures("waterfall", "mask-errors"),
    log:
        PATHS.log("report_difference.log"),
    benchmark:
        PATHS.benchmark("report_difference.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("report_difference"),
    script:
        "../workflow/scripts/report_difference.py"
