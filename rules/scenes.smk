"""Scenes: what is there, fetched month by month into a store of verified products."""


rule simulate_landscape:
    output:
        parcels=PATHS.simulated_parcels,
    log:
        PATHS.log("simulate_landscape.log"),
    benchmark:
        PATHS.benchmark("simulate_landscape.tsv")
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=STUDY.source.canonical(),
        code=code("simulate_landscape"),
    script:
        "../workflow/scripts/simulate_landscape.py"


rule tile_grid:
    output:
        grid=PATHS.grid(),
    log:
        PATHS.log("tile_grid", "{tile}.log"),
    benchmark:
        PATHS.benchmark("tile_grid", "{tile}.tsv")
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=STUDY.source.canonical(),
        code=code("tile_grid", SOURCE_MODULE),
    script:
        "../workflow/scripts/tile_grid.py"


rule fetch_scenes:
    input:
        landscape=PATHS.simulated_parcels if IS_SIMULATOR else [],
        # Only the windows over the parcels are asked from a service.
        parcels=PATHS.parcels if IS_REMOTE else [],
    output:
        scenes=PATHS.scenes("{level}"),
    log:
        PATHS.log("fetch_scenes", "{level}-{tile}-{month}.log"),
    benchmark:
        PATHS.benchmark("fetch_scenes", "{level}-{tile}-{month}.tsv")
    wildcard_constraints:
        level="L1C|L2A",
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        cfg=STUDY.fetched.canonical(),
        days=lambda wildcards: month_days(wildcards.level, wildcards.month),
        products=lambda wildcards: products(STUDY, wildcards.tile, wildcards.level, wildcards.month),
        code=code("fetch_scenes", SOURCE_MODULE),
    script:
        "../workflow/scripts/fetch_scenes.py"


if not FINISHED:

    rule account_scenes:
        input:
            scenes=[PATHS.scenes(level, tile, month) for tile, level, month in SCENE_MONTHS],
        output:
            counts=PATHS.scene_table("ledger.csv"),
            named=PATHS.scene_table("not-used.csv"),
        log:
            PATHS.log("account_scenes.log"),
        benchmark:
            PATHS.benchmark("account_scenes.tsv")
        conda:
            "../envs/images.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 800 * attempt,
            runtime=lambda wildcards, attempt: 10 * attempt,
        params:
            months=canonical(SCENE_MONTHS),
            code=code("account_scenes"),
        script:
            "../workflow/scripts/account_scenes.py"

    # Asks the archive's catalogue and fetches nothing: `snakemake estimate_downloads`, before a run or after it.
    rule estimate_downloads:
        input:
            parcels=PATHS.parcels,
            grids=[PATHS.grid(tile) for tile in STUDY.tiles],
        output:
            table=PATHS.scene_table("downloads.csv"),
        log:
            PATHS.log("estimate_downloads.log"),
        benchmark:
            PATHS.benchmark("estimate_downloads.tsv")
        conda:
            "../envs/images.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            cfg=STUDY.fetched.canonical(),
            tiles=list(STUDY.tiles),
            days=canonical({level: ranges(compared_days(level)) for level in STUDY.compared_months}),
            # What the archive holds, and what the store does, changes by itself: it is asked anew each time.
            asked=str(datetime.now()),
            code=code("estimate_downloads", SOURCE_MODULE),
        script:
            "../workflow/scripts/estimate_downloads.py"
