"""The steps of the branches: the path is the formula, and every prefix of a branch is a series of its own."""


rule select_scenes:
    input:
        scenes=PATHS.scenes(),
    output:
        scenes=PATHS.scenes("{chain}/{step}"),
    log:
        PATHS.log("select_scenes", "{chain}/{step}-{tile}-{month}.log"),
    benchmark:
        PATHS.benchmark("select_scenes", "{chain}/{step}-{tile}-{month}.tsv")
    wildcard_constraints:
        chain=exactly_these(pixel_chains()),
        step=exactly_these(steps_of(Select)),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        # Of the selection only what it says of this month.
        cfg=lambda wildcards: STUDY.steps[wildcards.step].in_month(wildcards.month).canonical(),
        code=code("select_scenes"),
    script:
        "../workflow/scripts/select_scenes.py"


rule mask_scenes:
    input:
        scenes=PATHS.scenes(),
        former=mask_folder,
        counterparts=counterparts,
        coverage=PATHS.coverage(),
    output:
        scenes=PATHS.scenes("{chain}/{step}"),
        masks=directory(PATHS.masks("{chain}/{step}")),
    log:
        PATHS.log("mask_scenes", "{chain}/{step}-{tile}-{month}.log"),
    benchmark:
        PATHS.benchmark("mask_scenes", "{chain}/{step}-{tile}-{month}.tsv")
    wildcard_constraints:
        chain=exactly_these(pixel_chains()),
        step=exactly_these(steps_of(Mask)),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=lambda wildcards: STUDY.steps[wildcards.step].canonical(),
        store=STORE,
        beside=lambda wildcards: mask_files(STUDY.steps[wildcards.step], wildcards.month),
        code=lambda wildcards: code_of_step("mask_scenes", STUDY.steps[wildcards.step]),
    script:
        "../workflow/scripts/mask_scenes.py"


rule observe_parcels:
    input:
        scenes=PATHS.scenes(),
        masks=mask_folder,
        coverage=PATHS.coverage(),
    output:
        observations=PATHS.observations(),
    log:
        PATHS.log("observe_parcels", "{chain}-{tile}-{month}.log"),
    benchmark:
        PATHS.benchmark("observe_parcels", "{chain}-{tile}-{month}.tsv")
    wildcard_constraints:
        chain=exactly_these(pixel_chains()),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        minimum_clear=lambda wildcards: minimum_clear(wildcards.chain),
        store=STORE,
        code=code("observe_parcels"),
    script:
        "../workflow/scripts/observe_parcels.py"


rule collect_series:
    input:
        observations=lambda wildcards: [
            PATHS.observations(wildcards.chain, tile, month)
            for tile in STUDY.tiles
            for month in STUDY.months(wildcards.chain)
        ],
        parcels=PATHS.parcels,
    output:
        series=PATHS.series(),
    log:
        PATHS.log("collect_series", "{chain}.log"),
    benchmark:
        PATHS.benchmark("collect_series", "{chain}.tsv")
    wildcard_constraints:
        chain=exactly_these(pixel_chains()),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        window=lambda wildcards: window(wildcards.chain),
        code=code("collect_series"),
    script:
        "../workflow/scripts/collect_series.py"


rule select_series:
    input:
        series=series_before,
    output:
        series=PATHS.series(),
    log:
        PATHS.log("select_series", "{chain}.log"),
    benchmark:
        PATHS.benchmark("select_series", "{chain}.tsv")
    wildcard_constraints:
        chain=exactly_these(chains_made_by(Select)),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=lambda wildcards: STUDY.step_of(wildcards.chain).canonical(),
        code=code("select_series"),
    script:
        "../workflow/scripts/select_series.py"


rule interpolate_series:
    input:
        series=series_before,
    output:
        series=PATHS.series(),
    log:
        PATHS.log("interpolate_series", "{chain}.log"),
    benchmark:
        PATHS.benchmark("interpolate_series", "{chain}.tsv")
    wildcard_constraints:
        chain=exactly_these(interpolated_chains(truth=False)),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=lambda wildcards: STUDY.step_of(wildcards.chain).canonical(),
        code=code("interpolate_series"),
    script:
        "../workflow/scripts/interpolate_series.py"


rule render_true_ground:
    input:
        series=series_before,
        coverage=[PATHS.coverage(tile) for tile in STUDY.tiles],
        landscape=PATHS.simulated_parcels if IS_SIMULATOR else [],
    output:
        series=PATHS.series(),
    log:
        PATHS.log("render_true_ground", "{chain}.log"),
    benchmark:
        PATHS.benchmark("render_true_ground", "{chain}.tsv")
    wildcard_constraints:
        chain=exactly_these(interpolated_chains(truth=True)),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=lambda wildcards: STUDY.step_of(wildcards.chain).canonical(),
        source=STUDY.source.canonical(),
        code=code("render_true_ground"),
    script:
        "../workflow/scripts/render_true_ground.py"


rule apply_step:
    input:
        series=series_before,
        reference=reference_series,
    output:
        series=PATHS.series(),
    log:
        PATHS.log("apply_step", "{chain}.log"),
    benchmark:
        PATHS.benchmark("apply_step", "{chain}.tsv")
    wildcard_constraints:
        chain=exactly_these(other_chains()),
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        cfg=lambda wildcards: STUDY.step_of(wildcards.chain).canonical(),
        custom=lambda wildcards: custom_code(STUDY.step_of(wildcards.chain)),
        code=lambda wildcards: code_of_step("apply_step", STUDY.step_of(wildcards.chain)),
    script:
        "../workflow/scripts/apply_step.py"


rule aggregate_pixels:
    input:
        scenes=lambda wildcards: [
            PATHS.scenes(scenes_before(wildcards.chain), tile, month)
            for tile in STUDY.tiles
            for month in STUDY.months(wildcards.chain)
        ],
        masks=lambda wildcards: [
            folder
            for tile in STUDY.tiles
            for month in STUDY.months(wildcards.chain)
            if (folder := folder_of_masks(scenes_before(wildcards.chain), tile, month))
        ],
        coverage=[PATHS.coverage(tile) for tile in STUDY.tiles],
        parcels=PATHS.parcels,
    output:
        series=PATHS.series(),
    log:
        PATHS.log("aggregate_pixels", "{chain}.log"),
    benchmark:
        PATHS.benchmark("aggregate_pixels", "{chain}.tsv")
    wildcard_constraints:
        chain=exactly_these(chains_made_by(Aggregate)),
    conda:
        "../envs/images.yaml"
    # Dask's local workers run beside the job itself; all others elsewhere.
    threads: DASK_THREADS or (1 if STUDY.dask else 2)
    resources:
        mem_mb=lambda wildcards, attempt, threads: (1400 + (DASK_MEMORY or 800 * threads)) * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        cfg=lambda wildcards: canonical([step.model_dump(mode="json") for step in pixel_steps(wildcards.chain)]),
        custom=lambda wildcards: [custom_code(step) for step in pixel_steps(wildcards.chain)],
        tiles=list(STUDY.tiles),
        window=lambda wildcards: window(wildcards.chain),
        minimum_clear=lambda wildcards: minimum_clear(wildcards.chain),
        store=STORE,
        # What is derived from the threads is, like them, no reason to compute anything again.
        dask=lambda wildcards, threads: DASK,
        code=lambda wildcards: code(
            "aggregate_pixels", *sorted({m for step in pixel_steps(wildcards.chain) for m in modules_of(step)})
        ),
    script:
        "../workflow/scripts/aggregate_pixels.py"
