"""Clouds: which parcel was cloudy on which date, for every date that any branch shows."""


rule know_clouds:
    input:
        # The truth lies beside the scenes, which the indexes name.
        scenes=[PATHS.scenes(level, tile, month) for tile, level, month in SCENE_MONTHS] if IS_SIMULATOR else [],
        coverage=[PATHS.coverage(tile) for tile in STUDY.tiles] if IS_SIMULATOR else [],
        masked=[PATHS.series(chain) for chain in cloud_chains()],
        spectra=[PATHS.series(chain) for chain in spectra_chains()],
        series=[PATHS.series(chain) for chain in sorted({measured_chain(branch) for branch in STUDY.branches})],
    output:
        clouds=PATHS.clouds,
    log:
        PATHS.log("know_clouds.log"),
    benchmark:
        PATHS.benchmark("know_clouds.tsv")
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        source=STUDY.source.canonical() if IS_SIMULATOR else "",
        code=code("know_clouds"),
    script:
        "../workflow/scripts/know_clouds.py"
