"""In season: models that are trained for answers before the season ends, and a rule that says when one is sure."""

IN_SEASON = STUDY.in_season
IN_SEASON_BRANCHES = IN_SEASON.branches or (STUDY.comparison.raw, STUDY.comparison.preprocessed)
IN_SEASON_RUNS = [(branch, model) for branch in IN_SEASON_BRANCHES for model in in_season_models()]
IN_SEASON_ENDS = {branch: [str(end) for end in STUDY.season_ends(branch)] for branch in IN_SEASON_BRANCHES}
IN_SEASON_TRAINING = STUDY.training.model_copy(update={"seeds": IN_SEASON.seeds or STUDY.training.seeds})


# `all`: one model for all ends, trained on series that are cut at random; an end: a model of its own.
rule train_in_season:
    input:
        base=lambda wildcards: PATHS.series(measured_chain(wildcards.branch)),
        split=PATHS.split,
    output:
        predictions=PATHS.in_season("{branch}", "{model}", "{ends}", "predictions.parquet"),
        models=PATHS.in_season("{branch}", "{model}", "{ends}", "model.pt"),
        card=PATHS.in_season("{branch}", "{model}", "{ends}", "card.json"),
        history=PATHS.in_season("{branch}", "{model}", "{ends}", "history.csv"),
    log:
        PATHS.log("train_in_season", "{branch}-{model}-{ends}.log"),
    benchmark:
        PATHS.benchmark("train_in_season", "{branch}-{model}-{ends}.tsv")
    wildcard_constraints:
        branch=exactly_these(IN_SEASON_BRANCHES),
        model=exactly_these(in_season_models()),
        ends=exactly_these(["all", *sorted({end for ends in IN_SEASON_ENDS.values() for end in ends})]),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 600 * attempt,
    params:
        ends=lambda wildcards: IN_SEASON_ENDS[wildcards.branch] if wildcards.ends == "all" else [wildcards.ends],
        steps=lambda wildcards: canonical([step.model_dump(mode="json") for step in steps_after(wildcards.branch)]),
        custom=lambda wildcards: [custom_code(step) for step in steps_after(wildcards.branch)],
        model=lambda wildcards: STUDY.model(wildcards.branch, wildcards.model).canonical(),
        training=IN_SEASON_TRAINING.canonical(),
        checkpoints=PATHS.checkpoints("in-season/{branch}/{model}", "{ends}"),
        code=lambda wildcards: code_of_season("train_in_season", wildcards),
    script:
        "../workflow/scripts/train_in_season.py"


rule judge_in_season:
    input:
        cut=PATHS.in_season("{branch}", "{model}", "all", "predictions.parquet"),
        each=lambda wildcards: [
            PATHS.in_season(wildcards.branch, wildcards.model, end, "predictions.parquet")
            for end in (IN_SEASON_ENDS[wildcards.branch] if IN_SEASON.per_end else [])
        ],
        models=PATHS.run(file="model.pt"),
        card=PATHS.run(file="card.json"),
        series=lambda wildcards: PATHS.series(STUDY.branches[wildcards.branch].chain),
        base=lambda wildcards: PATHS.series(measured_chain(wildcards.branch)),
        split=PATHS.split,
    output:
        curves=PATHS.in_season("{branch}", "{model}", "curves.csv"),
        stopping=PATHS.in_season("{branch}", "{model}", "stopping.csv"),
    log:
        PATHS.log("judge_in_season", "{branch}-{model}.log"),
    benchmark:
        PATHS.benchmark("judge_in_season", "{branch}-{model}.tsv")
    wildcard_constraints:
        branch=exactly_these(IN_SEASON_BRANCHES),
        model=exactly_these(in_season_models()),
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=IN_SEASON.judged(),
        ends=lambda wildcards: IN_SEASON_ENDS[wildcards.branch],
        steps=lambda wildcards: canonical([step.model_dump(mode="json") for step in steps_after(wildcards.branch)]),
        custom=lambda wildcards: [custom_code(step) for step in steps_after(wildcards.branch)],
        resamples=STUDY.evaluation.resamples,
        code=lambda wildcards: code_of_season("judge_in_season", wildcards),
    script:
        "../workflow/scripts/judge_in_season.py"


rule draw_in_season:
    input:
        curves=[PATHS.in_season(*run, "curves.csv") for run in IN_SEASON_RUNS],
        stopping=[PATHS.in_season(*run, "stopping.csv") for run in IN_SEASON_RUNS],
    output:
        tables=[
            PATHS.report("tables", f"{name}.{suffix}")
            for name in ("in-season", "in-season-stopping")
            for suffix in ("csv", "md", "tex")
        ],
        figures=shown_figures("in-season"),
    log:
        PATHS.log("draw_in_season.log"),
    benchmark:
        PATHS.benchmark("draw_in_season.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        code=code("draw_in_season"),
    script:
        "../workflow/scripts/draw_in_season.py"


rule in_season:
    input:
        rules.draw_in_season.output,
