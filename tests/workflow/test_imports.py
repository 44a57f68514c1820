"""Which heavy packages a script may load: a study runs hundreds of short jobs, and each pays for its own."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
HEAVY = (
    "torch", "lightgbm", "sklearn", "scipy", "xarray", "geopandas", "rasterio", "odc", "matplotlib", "optuna", "captum",
    "dask", "distributed", "exactextract", "numba", "sentinelhub", "pystac_client", "s2cloudless", "cv2", "prosail",
)  # fmt: skip
IMAGES = "geopandas rasterio odc"
SERIES = "xarray"
LEARNING = "torch lightgbm sklearn scipy xarray"
SCORES = "sklearn scipy xarray"
MAY = {
    # One job for every month, level and chain.
    "fetch_scenes": IMAGES,
    "select_scenes": "geopandas",
    "mask_scenes": IMAGES,
    "observe_parcels": f"{IMAGES} {SERIES}",
    # One job for every chain.
    "aggregate_pixels": f"{IMAGES} {SERIES} dask scipy",
    "collect_series": f"geopandas {SERIES}",
    "select_series": SERIES,
    "interpolate_series": SERIES,
    "apply_step": SERIES,
    # One job for every tile, or for the study.
    "tile_grid": IMAGES,
    "build_coverage": IMAGES,
    "simulate_landscape": f"{IMAGES} scipy",
    "read_parcels": IMAGES,
    "split_parcels": "geopandas",
    "read_finished": f"geopandas {SERIES}",
    "fetch_dataset": "",
    "estimate_downloads": IMAGES,
    "account_scenes": "",
    # One job for every branch and model.
    "train": LEARNING,
    "tune_model": f"{LEARNING} optuna",
    "try_robustness": LEARNING,
    "train_in_season": LEARNING,
    "judge_in_season": LEARNING,
    "deal_folds": "geopandas",
    "cross_predict": f"{LEARNING} geopandas",
    "predict_parcels": f"{LEARNING} geopandas",
    "weigh_decision": f"{SCORES} geopandas",
    "explain_model": f"{LEARNING} geopandas captum matplotlib",
    # Scores, tables and pictures.
    "evaluate": f"{SCORES} geopandas",
    "compare_ablation": SCORES,
    "compare_claims": f"{SCORES} matplotlib",
    "compare_folds": f"{SCORES} matplotlib geopandas",
    "write_tables": SCORES,
    "write_tuning": "matplotlib",
    "write_summary": SCORES,
    "write_page": f"{SCORES} {IMAGES} matplotlib",
    "report_ablation": "matplotlib",
    "draw_chips": f"{IMAGES} {SERIES} matplotlib",
    "draw_comparison": f"{SCORES} matplotlib",
    "draw_explanation": f"{SERIES} matplotlib",
    "draw_faithfulness": f"{SERIES} matplotlib",
    "draw_parcels": "geopandas matplotlib",
    "draw_predictions": f"{SCORES} geopandas matplotlib",
    "draw_robustness": f"{SCORES} matplotlib",
    "draw_in_season": f"{SCORES} matplotlib",
    "draw_series": f"{SERIES} geopandas matplotlib",
    "compare_difference": SCORES,
    "compare_groups": f"{SCORES} matplotlib geopandas",
    "compare_learning_curve": f"{SCORES} matplotlib geopandas",
    "report_difference": "matplotlib",
    "write_study_file": f"{SCORES} geopandas",
    # What a study costs, how clouds are known, and other splits.
    "add_up_price": f"{SCORES} rasterio odc matplotlib",
    "price_ablation": f"{SCORES} rasterio odc matplotlib",
    "know_clouds": f"{IMAGES} {SERIES} scipy numba cv2",
    "render_true_ground": f"{IMAGES} {SERIES} scipy",
    "split_fewer": SCORES,
    # What other scripts import.
    "adaptor": "",
    "comparison": SCORES,
    "groups": f"{SCORES} geopandas",
    "price_inputs": "scipy rasterio odc",
    "picture": f"{SERIES} geopandas",
    "resplit_runs": "",
}
# Imports each script in a fork of a process that has loaded what the script may load, so that nothing is loaded often:
# the processes are a tree, in which each adds one package to what its parent has.
FORKS = """
import json, os, sys
import numpy, pandas, pydantic, adaptor, cloudrobust.config

def forked(work):
    sys.stdout.flush()
    if os.fork() == 0:
        work()
        sys.stdout.flush()
        os._exit(0)
    if os.wait()[1]:
        sys.exit(1)

def grow(scripts, depth):
    for imports, name in [(script["imports"], name) for name, script in scripts.items() if len(script["may"]) == depth]:
        forked(lambda: report(name, imports))
    for package in sorted({script["may"][depth] for script in scripts.values() if len(script["may"]) > depth}):
        own = {name: one for name, one in scripts.items() if one["may"][depth:][:1] == [package]}
        # The adaptor has put None in dask's place.
        forked(lambda: (sys.modules.pop(package, None), __import__(package), grow(own, depth + 1)))

def report(name, imports):
    exec(imports, {})
    print(json.dumps([name, sorted({one.partition(".")[0] for one, module in sys.modules.items() if module})]))

grow(json.loads(sys.argv[1]), 0)
"""


def imports_of(script: Path) -> str:
    """The imports at the top of a script."""
    tree = ast.parse(script.read_text())
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The heavy packages that each script's imports load."""
    scripts = {
        file.stem: {"imports": imports_of(file), "may": [one for one in HEAVY if one in MAY.get(file.stem, "").split()]}
        for file in SCRIPTS.glob("*.py")
    }
    result = subprocess.run(
        [sys.executable, "-c", FORKS, json.dumps(scripts)],
        env=os.environ | {"PYTHONPATH": f"{SCRIPTS}{os.pathsep}{SCRIPTS.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return dict(json.loads(line) for line in result.stdout.splitlines())


def test_no_script_loads_a_heavy_package_that_it_does_not_need(loaded: dict[str, list[str]]) -> None:
    assert sorted(loaded) == sorted(MAY), "name the script in this table, with what it may load"
    surplus = {name: sorted(set(found) & set(HEAVY) - set(MAY[name].split())) for name, found in loaded.items()}
    assert not {name: packages for name, packages in surplus.items() if packages}
