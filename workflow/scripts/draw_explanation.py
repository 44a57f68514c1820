"""Rule draw_explanation: the pictures of one branch x model: gradients, attention, gates."""

from adaptor import job  # before xarray

# isort: split
from pathlib import Path

import xarray as xr

from cloudrobust.atomic import atomic
from cloudrobust.report.figures.attention import context_figure, graph_figure, matrix_figure
from cloudrobust.report.figures.explained_series import pictured
from cloudrobust.report.figures.gates import gates_figure
from cloudrobust.report.figures.gradients import class_gradients_figure, gradients_figure
from cloudrobust.report.style import save

with job(snakemake):
    explained = xr.load_dataset(snakemake.input.explanation)
    with atomic(snakemake.output.folder) as folder:
        folder.mkdir(parents=True)
        for parcel in pictured(explained):
            save(gradients_figure(explained, parcel), folder / f"gradients-{parcel}")
            if "attention" in explained:
                save(matrix_figure(explained, parcel), folder / f"attention-matrix-{parcel}")
                for layer in range(explained.sizes["layer"]):
                    save(graph_figure(explained, parcel, layer), folder / f"attention-graph-{parcel}-layer-{layer + 1}")
                save(context_figure(explained, parcel), folder / f"attention-{parcel}")
            if "activation" in explained:
                save(gates_figure(explained, parcel), folder / f"gates-{parcel}")
    figure = class_gradients_figure(explained)
    save(figure, Path(snakemake.output.gradients).with_suffix(""))
