"""Parcels: read and checked once, split once, and their coverage operator on every tile's pixels."""

if not FINISHED:

    rule read_parcels:
        input:
            parcels=str(STUDY.parcels.file or PATHS.simulated_parcels),
            classes=str(STUDY.parcels.classes) if STUDY.parcels.classes else [],
            grids=[PATHS.grid(tile) for tile in STUDY.tiles],
        output:
            parcels=PATHS.parcels,
        log:
            PATHS.log("read_parcels.log"),
        benchmark:
            PATHS.benchmark("read_parcels.tsv")
        conda:
            "../envs/images.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=lambda wildcards, attempt: 20 * attempt,
        params:
            cfg=STUDY.parcels.canonical(),
            part_column=STUDY.split.column,
            code=code("read_parcels"),
        script:
            "../workflow/scripts/read_parcels.py"


rule split_parcels:
    input:
        parcels=PATHS.parcels,
    output:
        split=PATHS.split,
        aside=PATHS.set_aside,
        classes=PATHS.parts("classes.csv"),
        distances=PATHS.parts("distances.csv"),
    log:
        PATHS.log("split_parcels.log"),
    benchmark:
        PATHS.benchmark("split_parcels.tsv")
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=STUDY.split.drawn(),
        code=code("split_parcels"),
    script:
        "../workflow/scripts/split_parcels.py"


rule build_coverage:
    input:
        parcels=PATHS.parcels,
        grid=PATHS.grid(),
    output:
        coverage=PATHS.coverage(),
    log:
        PATHS.log("build_coverage", "{tile}.log"),
    benchmark:
        PATHS.benchmark("build_coverage", "{tile}.tsv")
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        minimum_inside=STUDY.parcels.minimum_inside,
        code=code("build_coverage"),
    script:
        "../workflow/scripts/build_coverage.py"
