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
        cfg=STUDY.source.canonical(),
        days=lambda wildcards: month_days(wildcards.level, wildcards.month),
        products=lambda wildcards: products(STUDY, wildcards.tile, wildcards.level, wildcards.month),
        code=code("fetch_scenes", SOURCE_MODULE),
    script:
        "../workflow/scripts/fetch_scenes.py"
