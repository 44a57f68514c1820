"""Robustness: trained models on fewer clear dates, under more clouds, and with the season cut short."""


rule try_robustness:
    input:
        models=PATHS.run(file="model.pt"),
        card=PATHS.run(file="card.json"),
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        base=lambda wildcards: PATHS.series(measured_chain(wildcards.branch)),
        unmasked=lambda wildcards: PATHS.series(unmasked_chain(wildcards.branch)),
        reference=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        clouds=PATHS.clouds,
        split=PATHS.split,
        scored=PATHS.evaluation("scored.csv"),
    output:
        table=PATHS.robustness("{branch}", "{model}.csv"),
    log:
        PATHS.log("try_robustness", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("try_robustness", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.branches)),
        model=exactly_these(sorted(STUDY.models)),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        cfg=STUDY.robustness.tried(),
        steps=lambda wildcards: canonical([step.model_dump(mode="json") for step in steps_after(wildcards.branch)]),
        custom=lambda wildcards: [custom_code(step) for step in steps_after(wildcards.branch)],
        resamples=STUDY.evaluation.resamples,
        code=lambda wildcards: code(
            "try_robustness",
            f"cloudrobust.models.{STUDY.models[wildcards.model].do}",
            *sorted({module for step in steps_after(wildcards.branch) for module in modules_of(step)}),
        ),
    script:
        "../workflow/scripts/try_robustness.py"


rule draw_robustness:
    input:
        tables=[PATHS.robustness(branch, f"{model}.csv") for branch in STUDY.branches for model in STUDY.models],
    output:
        tables=[PATHS.report("tables", f"robustness.{suffix}") for suffix in ("csv", "md", "tex")],
        figures=shown_figures("robustness", "robustness-parcels"),
    log:
        PATHS.log("draw_robustness.log"),
    benchmark:
        PATHS.benchmark("draw_robustness.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        code=code("draw_robustness"),
    script:
        "../workflow/scripts/draw_robustness.py"


rule robustness:
    input:
        rules.draw_robustness.output,
