"""Series that come finished: from a table, or from a published data set, which is fetched first."""

if FINISHED:

    if FETCHED:

        rule fetch_dataset:
            output:
                dataset=PATHS.dataset,
            log:
                PATHS.log("fetch_dataset.log"),
            benchmark:
                PATHS.benchmark("fetch_dataset.tsv")
            conda:
                "../envs/images.yaml"
            resources:
                mem_mb=lambda wildcards, attempt: 1000 * attempt,
                runtime=lambda wildcards, attempt: 600 * attempt,
            params:
                cfg=STUDY.source.canonical(),
                code=code("fetch_dataset"),
            script:
                "../workflow/scripts/fetch_dataset.py"

    rule read_finished:
        input:
            files=finished_files(),
            classes=str(STUDY.parcels.classes) if STUDY.parcels.classes else [],
        output:
            series=[PATHS.series(level) for level in STUDY.source.brings()],
            parcels=PATHS.parcels,
        log:
            PATHS.log("read_finished.log"),
        benchmark:
            PATHS.benchmark("read_finished.tsv")
        conda:
            "../envs/images.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: FINISHED_MB * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            cfg=STUDY.source.canonical(),
            levels=list(STUDY.source.brings()),
            parcels=STUDY.parcels.canonical(),
            period=STUDY.period.canonical(),
            part_column=STUDY.split.column,
            code=code("read_finished", SOURCE_MODULE),
        script:
            "../workflow/scripts/read_finished.py"
