"""What explains the difference: placebos, ceilings and mask errors as branches, and a bar for every change on the way."""


def explaining(part, *kinds):
    """Models that experiments train: the named ones, or one of each kind that the study has."""
    found = [name for kind in kinds for name, model in STUDY.models.items() if model.do == kind]
    return list(part.models) or found or list(STUDY.models)[:1]


def same_run(branch, model, seeds):
    """Folder of a run that is trained anyway, by the comparison or the ablation; None if there is none."""
    chain, settings = STUDY.explained[branch].chain, STUDY.models[model]
    for name, other in STUDY.branches.items():
        if other.chain == chain and STUDY.model(name, model) == settings and set(seeds) <= set(STUDY.training.seeds):
            return PATHS.run(name, model)
    if model in ablation_models() and set(seeds) <= set(ablation_seeds()):
        for name, other in STUDY.ablated.items():
            if other.chain == chain:
                return PATHS.run(TWINS[name], model) if name in TWINS else PATHS.ablation_run(name, model)
    return None


WANTED_DIFFERENCE = STUDY.explain_difference
DIFFERENCE_MODELS = explaining(WANTED_DIFFERENCE, "tempcnn", "forest") if WANTED_DIFFERENCE else []
DIFFERENCE_SEEDS = list(WANTED_DIFFERENCE.seeds or STUDY.training.seeds) if WANTED_DIFFERENCE else []
# Folders of runs that need not be trained again, by branch and model.
SAME_RUNS = {
    (branch, model): folder
    for branch in STUDY.explained
    for model in DIFFERENCE_MODELS
    for folder in [same_run(branch, model, DIFFERENCE_SEEDS)]
    if folder is not None
}


def difference_runs(file):
    """One file of every branch that explains the difference x model."""
    return [
        f"{SAME_RUNS.get((branch, model), PATHS.difference_run(branch, model))}/{file}"
        for branch in STUDY.explained
        for model in DIFFERENCE_MODELS
    ]


def difference_parameters():
    """What is compared with what, canonical."""
    plan = STUDY.experiments
    if WANTED_DIFFERENCE is None:
        return ""
    wanted = {
        "runs": [[branch, model] for branch in STUDY.explained for model in DIFFERENCE_MODELS],
        "branches": {name: branch.chain for name, branch in STUDY.explained.items()},
        "bars": [vars(bar) for bar in plan.bars],
        "curves": plan.curves,
        "base": plan.base,
        "masks": list(plan.masks),
        "reference": plan.reference,
        "notes": plan.notes,
        "seeds": DIFFERENCE_SEEDS,
        "resamples": WANTED_DIFFERENCE.resamples,
        "confidence": WANTED_DIFFERENCE.confidence,
    }
    return canonical(wanted)


def difference_results(wildcards):
    """Tables and figures; tells what is impossible when they are asked for."""
    if WANTED_DIFFERENCE is None:
        raise WorkflowError("write explain_difference: {} into the configuration first (see docs/difference.md)")
    for note in STUDY.experiments.notes:
        print(f"explain_difference: {note}", file=sys.stderr)
    return [*rules.report_difference.output.tables, *rules.report_difference.output.figures]


def reported_difference(wildcards):
    """The same for the report's page, where the configuration wants it there."""
    return difference_results(wildcards) if WANTED_DIFFERENCE is not None and WANTED_DIFFERENCE.in_report else []


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
