"""Parcels: read and checked once, split once, and their coverage operator on every tile's pixels."""


if not IS_TABLE:

    rule read_parcels:
        input:
            parcels=str(STUDY.parcels.file or PATHS.simulated_parcels),
            classes=str(STUDY.parcels.classes) if STUDY.parcels.classes else [],
        output:
            parcels=PATHS.parcels,
        params:
            cfg=STUDY.parcels.canonical(),
            code=code("read_parcels"),
        log:
            PATHS.log("read_parcels.log"),
        benchmark:
            PATHS.benchmark("read_parcels.tsv")
        resources:
            mem_mb=2000,
            runtime=20,
        conda:
            "../envs/images.yaml"
        script:
            "../workflow/scripts/read_parcels.py"


rule split_parcels:
    input:
        parcels=PATHS.parcels,
    output:
        split=PATHS.split,
    params:
        cfg=STUDY.split.canonical(),
        code=code("split_parcels"),
    log:
        PATHS.log("split_parcels.log"),
    benchmark:
        PATHS.benchmark("split_parcels.tsv")
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../envs/images.yaml"
    script:
        "../workflow/scripts/split_parcels.py"


rule build_coverage:
    input:
        parcels=PATHS.parcels,
        grids=[PATHS.grid(tile) for tile in STUDY.tiles],
    output:
        coverage=[PATHS.coverage(tile) for tile in STUDY.tiles],
    params:
        cfg=canonical({"minimum_inside": STUDY.parcels.minimum_inside}),
        code=code("build_coverage"),
    log:
        PATHS.log("build_coverage.log"),
    benchmark:
        PATHS.benchmark("build_coverage.tsv")
    resources:
        mem_mb=2500,
        runtime=60,
    conda:
        "../envs/images.yaml"
    script:
        "../workflow/scripts/build_coverage.py"
