"""The ablation: factors crossed into branches, models trained on each, and the effect of every step."""

# Those of the ablation's branches that are branches of the comparison, too: their models need not be trained again.
TWINS = {
    name: twin
    for name, branch in STUDY.ablated.items()
    for twin in [next((n for n, other in STUDY.branches.items() if other.chain == branch.chain), None)]
    if twin is not None
    and set(ablation_seeds()) <= set(STUDY.training.seeds)
    and all(STUDY.model(twin, model) == STUDY.models[model] for model in ablation_models())
}


rule ablation:
    input:
        ablation_results,


use rule train as train_ablated with:
    input:
        series=lambda wildcards: PATHS.series(STUDY.ablated[wildcards.branch].chain),
        split=PATHS.split,
    output:
        predictions=PATHS.ablation_run(file="predictions.parquet"),
        models=PATHS.ablation_run(file="model.pt"),
        card=PATHS.ablation_run(file="card.json"),
        history=PATHS.ablation_run(file="history.csv"),
    log:
        PATHS.log("train_ablated", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("train_ablated", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(sorted(set(STUDY.ablated) - set(TWINS))),
        model=exactly_these(sorted(STUDY.models)),
    params:
        model=lambda wildcards: STUDY.models[wildcards.model].canonical(),
        training=STUDY.training.model_copy(update={"seeds": tuple(ablation_seeds())}).canonical(),
        checkpoints=PATHS.checkpoints("ablation-{branch}"),
        code=lambda wildcards: code_of_model(wildcards.model),


rule compare_ablation:
    input:
        predictions=ablation_runs("predictions.parquet"),
        cards=ablation_runs("card.json"),
        split=PATHS.split,
    output:
        effects=PATHS.ablation("effects.csv"),
        scores=PATHS.ablation("scores.csv"),
        notes=PATHS.ablation("notes.json"),
    log:
        PATHS.log("compare_ablation.log"),
    benchmark:
        PATHS.benchmark("compare_ablation.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=ablation_parameters(),
        code=code("compare_ablation"),
    script:
        "../workflow/scripts/compare_ablation.py"


rule report_ablation:
    input:
        effects=PATHS.ablation("effects.csv"),
        notes=PATHS.ablation("notes.json"),
    output:
        tables=[
            report(
                PATHS.report("tables", f"ablation.{form}"),
                caption="../workflow/report/ablation.rst",
                category="Ablation",
                labels={"what": "table", "form": form},
            )
            for form in ("csv", "md", "tex")
        ],
        figures=[
            report(
                PATHS.report("figures", "ablation.png"),
                caption="../workflow/report/ablation.rst",
                category="Ablation",
                labels={"what": "figure", "form": "png"},
            ),
            PATHS.report("figures", "ablation.pdf"),
        ],
    log:
        PATHS.log("report_ablation.log"),
    benchmark:
        PATHS.benchmark("report_ablation.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("report_ablation"),
    script:
        "../workflow/scripts/report_ablation.py"
