"""The small file of a study that can be shared: `cloudrobust pool` makes one answer from many."""


rule write_study_file:
    input:
        scores=PATHS.evaluation("scores.csv"),
        scored=PATHS.evaluation("scored.csv"),
        confidence=PATHS.evaluation("confidence.csv"),
        verdict=PATHS.evaluation("verdict.csv"),
        parcels=PATHS.parcels,
        split=PATHS.split,
    output:
        study=PATHS.evaluation("study.json"),
    log:
        PATHS.log("write_study_file.log"),
    benchmark:
        PATHS.benchmark("write_study_file.tsv")
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        cfg=COMPARISON,
        head=shared_head(),
        code=code("write_study_file"),
    script:
        "../workflow/scripts/write_study_file.py"
