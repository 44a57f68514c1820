"""At what price: what branches and steps took, from benchmarks, month indexes and energy notes."""


rule add_up_price:
    input:
        scores=PATHS.evaluation("scores.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        cards=runs("card.json"),
        series=[PATHS.series(branch.chain) for branch in STUDY.branches.values()],
        scenes=priced_indexes(STUDY.branches),
    output:
        parts=PATHS.evaluation("price.csv"),
        totals=PATHS.evaluation("price-totals.csv"),
        words=PATHS.evaluation("price.json"),
        tables=[
            report(
                PATHS.report("tables", f"price.{form}"),
                caption="../workflow/report/price.rst",
                category="Price",
                labels={"what": "table", "form": form},
            )
            for form in ("csv", "md", "tex")
        ],
        figures=shown_figures("price"),
    log:
        PATHS.log("add_up_price.log"),
    benchmark:
        PATHS.benchmark("add_up_price.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=COMPARISON,
        work=priced_work(STUDY.branches),
        prices=STUDY.prices.canonical(),
        benchmarks=PATHS.benchmark(),
        logs=PATHS.log(),
        # What is derived from the threads is, like them, no reason to add up again.
        held=lambda wildcards, threads: HELD,
        code=code("add_up_price"),
    script:
        "../workflow/scripts/add_up_price.py"


rule price_ablation:
    input:
        effects=PATHS.ablation("effects.csv"),
        scores=PATHS.ablation("scores.csv"),
        series=[PATHS.series(branch.chain) for branch in STUDY.ablated.values()],
        scenes=priced_indexes(STUDY.ablated),
    output:
        steps=PATHS.ablation("price.csv"),
        totals=PATHS.ablation("price-totals.csv"),
        tables=[
            report(
                PATHS.report("tables", f"price-steps.{form}"),
                caption="../workflow/report/price.rst",
                category="Price",
                labels={"what": "steps", "form": form},
            )
            for form in ("csv", "md", "tex")
        ],
        figures=shown_figures("price-steps"),
    log:
        PATHS.log("price_ablation.log"),
    benchmark:
        PATHS.benchmark("price_ablation.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        cfg=ablation_parameters(),
        work=priced_work(STUDY.ablated),
        prices=STUDY.prices.canonical(),
        benchmarks=PATHS.benchmark(),
        logs=PATHS.log(),
        # What is derived from the threads is, like them, no reason to add up again.
        held=lambda wildcards, threads: HELD,
        code=code("price_ablation"),
    script:
        "../workflow/scripts/price_ablation.py"
