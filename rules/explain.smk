"""Explanations: what the networks look at, what that says of clouds, and whether it can be believed."""


rule explain_model:
    input:
        models=PATHS.run(file="model.pt"),
        card=PATHS.run(file="card.json"),
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        raw=PATHS.series(STUDY.branches[STUDY.comparison.raw].chain),
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        clouds=PATHS.clouds,
        parcels=PATHS.parcels,
        split=PATHS.split,
    output:
        explanation=PATHS.explanation(file="explanation.nc"),
        clouds=report(
            PATHS.explanation(file="clouds.csv"),
            caption="../workflow/report/clouds.rst",
            category="Explanations",
            subcategory="Numbers",
            labels={"branch": "{branch}", "model": "{model}", "what": "on clouds"},
        ),
        curves=report(
            PATHS.explanation(file="faithfulness.csv"),
            caption="../workflow/report/faithfulness.rst",
            category="Explanations",
            subcategory="Numbers",
            labels={"branch": "{branch}", "model": "{model}", "what": "faithfulness"},
        ),
    log:
        PATHS.log("explain_model", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("explain_model", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.branches)),
        model=exactly_these(NETWORKS),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=STUDY.pictures.canonical(),
        explanations=STUDY.explanations.canonical(),
        code=code("explain_model"),
    script:
        "../workflow/scripts/explain_model.py"


rule draw_explanation:
    input:
        explanation=PATHS.explanation(file="explanation.nc"),
    output:
        gradients=report(
            PATHS.report("figures", "gradients-{branch}-{model}.png"),
            caption="../workflow/report/gradients.rst",
            category="Explanations",
            subcategory="Figures",
            labels={"branch": "{branch}", "model": "{model}", "what": "gradients"},
        ),
        folder=directory(PATHS.explanation(file="figures")),
    log:
        PATHS.log("draw_explanation", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("draw_explanation", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(STUDY.branches)),
        model=exactly_these(NETWORKS),
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("draw_explanation"),
    script:
        "../workflow/scripts/draw_explanation.py"


rule draw_faithfulness:
    input:
        clouds=explanations("clouds.csv", REPORTED),
        curves=explanations("faithfulness.csv", REPORTED),
    output:
        faithfulness=report(
            PATHS.report("figures", "faithfulness.png"),
            caption="../workflow/report/faithfulness.rst",
            category="Explanations",
            subcategory="Figures",
            labels={"branch": "all", "model": "all", "what": "faithfulness"},
        ),
        clouds=report(
            PATHS.report("figures", "on-clouds.png"),
            caption="../workflow/report/clouds.rst",
            category="Explanations",
            subcategory="Figures",
            labels={"branch": "all", "model": "all", "what": "on clouds"},
        ),
        pdf=[PATHS.report("figures", f"{name}.pdf") for name in ("faithfulness", "on-clouds")],
    log:
        PATHS.log("draw_faithfulness.log"),
    benchmark:
        PATHS.benchmark("draw_faithfulness.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        runs=branches_of(REPORTED),
        raw=STUDY.comparison.raw,
        code=code("draw_faithfulness"),
    script:
        "../workflow/scripts/draw_faithfulness.py"


use rule draw_faithfulness as draw_all_faithfulness with:
    input:
        clouds=explanations("clouds.csv", NETWORKS),
        curves=explanations("faithfulness.csv", NETWORKS),
    output:
        faithfulness=PATHS.explanations("faithfulness.png"),
        clouds=PATHS.explanations("on-clouds.png"),
        pdf=[PATHS.explanations(f"{name}.pdf") for name in ("faithfulness", "on-clouds")],
    log:
        PATHS.log("draw_all_faithfulness.log"),
    benchmark:
        PATHS.benchmark("draw_all_faithfulness.tsv")
    params:
        runs=branches_of(NETWORKS),
        raw=STUDY.comparison.raw,
        code=code("draw_faithfulness"),


rule explain:
    input:
        explanations("figures", NETWORKS),
        rules.draw_all_faithfulness.output if NETWORKS else [],
