"""The report: tables, figures and the summary."""


rule write_tables:
    input:
        scores=PATHS.evaluation("scores.csv"),
        classes=PATHS.evaluation("classes.csv"),
        scored=PATHS.evaluation("scored.csv"),
        verdict=PATHS.evaluation("verdict.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        mcnemar=PATHS.evaluation("mcnemar.csv"),
        variance=PATHS.evaluation("variance.csv"),
        cards=runs("card.json"),
    output:
        tables=[
            report(
                PATHS.report("tables", name),
                caption="../workflow/report/table.rst",
                category="Tables",
                labels={"table": name.partition(".")[0], "form": name.rpartition(".")[2]},
            )
            for name in TABLES
        ],
    log:
        PATHS.log("write_tables.log"),
    benchmark:
        PATHS.benchmark("write_tables.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=COMPARISON,
        published=PUBLISHED,
        code=code("write_tables"),
    script:
        "../workflow/scripts/write_tables.py"


rule draw_comparison:
    input:
        scores=PATHS.evaluation("scores.csv"),
        classes=PATHS.evaluation("classes.csv"),
        scored=PATHS.evaluation("scored.csv"),
        verdict=PATHS.evaluation("verdict.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        reliability=PATHS.evaluation("reliability.csv"),
        predictions=runs("predictions.parquet"),
        cards=runs("card.json"),
    output:
        figures=shown_figures(
            "verdict",
            "comparison",
            "confidence",
            "reliability",
            *(f"{kind}-{model}" for kind in ("classes", "confusion") for model in STUDY.models),
        ),
    log:
        PATHS.log("draw_comparison.log"),
    benchmark:
        PATHS.benchmark("draw_comparison.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        code=code("draw_comparison"),
    script:
        "../workflow/scripts/draw_comparison.py"


rule draw_predictions:
    input:
        scored=PATHS.evaluation("scored.csv"),
        predictions=runs("predictions.parquet"),
        cards=runs("card.json"),
        parcels=PATHS.parcels,
    output:
        figures=shown_figures(*(f"predictions-{model}" for model in STUDY.models)),
    log:
        PATHS.log("draw_predictions.log"),
    benchmark:
        PATHS.benchmark("draw_predictions.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        code=code("draw_predictions"),
    script:
        "../workflow/scripts/draw_predictions.py"


rule draw_parcels:
    input:
        parcels=PATHS.parcels,
        split=PATHS.split,
        distances=PATHS.parts("distances.csv"),
    output:
        figures=shown_figures("parcels", "split-distance"),
    log:
        PATHS.log("draw_parcels.log"),
    benchmark:
        PATHS.benchmark("draw_parcels.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=STUDY.split.drawn(),
        code=code("draw_parcels"),
    script:
        "../workflow/scripts/draw_parcels.py"


rule draw_series:
    input:
        raw=PATHS.series(STUDY.branches[STUDY.comparison.raw].chain),
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        clouds=PATHS.clouds,
        preprocessed=PATHS.series(STUDY.branches[STUDY.comparison.preprocessed].chain),
        parcels=PATHS.parcels,
        split=PATHS.split,
    output:
        figures=shown_figures("series"),
    log:
        PATHS.log("draw_series.log"),
    benchmark:
        PATHS.benchmark("draw_series.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=STUDY.pictures.canonical(),
        names=[STUDY.comparison.raw, STUDY.comparison.preprocessed],
        code=code("draw_series"),
    script:
        "../workflow/scripts/draw_series.py"


rule draw_chips:
    input:
        scenes=scenes_of_pictures(),
        raw=PATHS.series(STUDY.branches[STUDY.comparison.raw].chain),
        measured=PATHS.series(measured_chain(STUDY.comparison.preprocessed)),
        clouds=PATHS.clouds,
        parcels=PATHS.parcels,
        split=PATHS.split,
    output:
        figures=shown_figures("chips"),
    log:
        PATHS.log("draw_chips.log"),
    benchmark:
        PATHS.benchmark("draw_chips.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=STUDY.pictures.canonical(),
        store=STORE,
        code=code("draw_chips"),
    script:
        "../workflow/scripts/draw_chips.py"


rule write_summary:
    input:
        scores=PATHS.evaluation("scores.csv"),
        scored=PATHS.evaluation("scored.csv"),
        totals=PATHS.evaluation("totals.csv"),
        ledger=PATHS.evaluation("ledger.csv"),
        verdict=PATHS.evaluation("verdict.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        mcnemar=PATHS.evaluation("mcnemar.csv"),
        classes=PATHS.parts("classes.csv"),
        scenes=[] if FINISHED else PATHS.scene_table("ledger.csv"),
        tables=rules.write_tables.output.tables,
        predictions=runs("predictions.parquet"),
        cards=runs("card.json"),
        pictures=pictures(),
    output:
        markdown=PATHS.report("summary.md"),
        text=PATHS.report("summary.txt"),
        provenance=PATHS.report("provenance.json"),
    log:
        PATHS.log("write_summary.log"),
    benchmark:
        PATHS.benchmark("write_summary.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=COMPARISON,
        published=PUBLISHED,
        title=STUDY.title,
        study=STUDY.canonical(),
        code=code("write_summary"),
    script:
        "../workflow/scripts/write_summary.py"


rule write_page:
    input:
        scores=PATHS.evaluation("scores.csv"),
        scored=PATHS.evaluation("scored.csv"),
        totals=PATHS.evaluation("totals.csv"),
        verdict=PATHS.evaluation("verdict.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        mcnemar=PATHS.evaluation("mcnemar.csv"),
        variance=PATHS.evaluation("variance.csv"),
        classes=PATHS.parts("classes.csv"),
        distances=PATHS.parts("distances.csv"),
        provenance=PATHS.report("provenance.json"),
        predictions=runs("predictions.parquet"),
        cards=runs("card.json"),
        parcels=PATHS.parcels,
        answers=predictions("parcels.parquet"),
        answer_cards=predictions("card.json"),
        areas=predictions("area.csv"),
        disagreements=predictions("disagreement.csv"),
        likely=predictions("likely.csv"),
        changes=decisions("changes.csv"),
        inspections=decisions("inspections.csv"),
        series=[PATHS.series(branch.chain) for branch in STUDY.branches.values()],
        cloudiness=PATHS.clouds,
        scenes=scenes_of_pictures(),
        answer_figures=rules.draw_comparison.output.figures,
        figures=[
            *pictures(),
            *rules.compare_groups.output.figures,
            *explained_figures(),
            *soundness_figures(),
            *rules.add_up_price.output.figures,
        ],
        claims=IN_REPORT["split_claims"],
        folds=IN_REPORT["cross_validation"],
        robustness=IN_REPORT["robustness"],
        explanations=explanations("explanation.nc", REPORTED),
        clouds=explanations("clouds.csv", REPORTED),
        curves=explanations("faithfulness.csv", REPORTED),
        folders=explanations("figures", REPORTED),
        ablation=reported_ablation,
        price=rules.add_up_price.output,
        price_steps=ablation_price,
        difference=reported_difference,
        groups=rules.compare_groups.output.groups,
        questions=rules.compare_groups.output.questions,
    output:
        page=report(
            PATHS.report("index.html"),
            caption="../workflow/report/page.rst",
            category="Report",
        ),
    log:
        PATHS.log("write_page.log"),
    benchmark:
        PATHS.benchmark("write_page.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=COMPARISON,
        published=PUBLISHED,
        title=STUDY.title,
        study=STUDY.canonical(),
        page=STUDY.page.canonical(),
        prediction=STUDY.prediction.canonical(),
        branches=list(STUDY.branches),
        shown=[name for name, model in STUDY.models.items() if model.do in ("transformer", "lstm")],
        store=STORE,
        benchmarks=PATHS.benchmark(),
        logs=PATHS.log(),
        code=code("write_page"),
    script:
        "../workflow/scripts/write_page.py"
