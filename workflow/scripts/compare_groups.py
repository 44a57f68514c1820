"""Rule compare_groups: the difference by class, size, clear dates and clouds of the parcels, and a few questions."""

import json
from pathlib import Path

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.for_whom import binned, by_groups, pairs, questions
from cloudrobust.report.figures.for_whom import for_whom_figure
from cloudrobust.report.for_whom import advice, groups_caption, groups_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import forms, write_files
from comparison import runs_of, scored_parcels, wanted
from groups import blocks_of, known

with job(snakemake):
    cfg, parcels = wanted(snakemake), scored_parcels(snakemake)
    frames = {key: run.predictions for key, run in runs_of(snakemake).items()}
    answers = pairs(frames, parcels, cfg["raw"], cfg["preprocessed"])
    blocks, features = blocks_of(snakemake, parcels), known(snakemake, parcels)
    classes = next(iter(frames.values())).drop_duplicates("parcel").set_index("parcel")["class"].astype(str)
    groups = {"class": classes[parcels].reset_index(drop=True)}
    for name, values in features.items():
        if values.nunique() > 1:
            groups[str(name)] = binned(values.reset_index(drop=True))
    table = by_groups(answers, groups, blocks, resamples=snakemake.params.resamples)
    leaves = questions(features, next(iter(answers.values())), blocks or parcels, resamples=snakemake.params.resamples)
    words = advice(leaves, len(set(blocks or parcels)))
    caption = groups_caption(0.95, len(set(blocks)) if blocks else 1)
    with atomic(snakemake.output.groups) as part:
        table.to_csv(part, index=False)
    with atomic(snakemake.output.questions) as part:
        part.write_text(json.dumps({"caption": caption, "advice": words}, indent=1, ensure_ascii=False) + "\n")
    files = forms("for-whom", table, groups_text(table), caption, ("by", "group"))
    files["for-whom.md"] += "\n" + "".join(f"- {sentence}\n" for sentence in words)
    write_files(files, Path(snakemake.output.tables[0]).parent)
    save(for_whom_figure(table), Path(snakemake.output.figures[0]).with_suffix(""))
