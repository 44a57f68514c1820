"""Helper functions of the rules, and nothing else."""

import copy
import json
import sys
import time
from datetime import datetime
from pathlib import Path

from cloudrobust.benchmarks import jobs, time_by_rule, time_text
from cloudrobust.config import Paths, canonical, check_files, code_hash, mask_files, products, with_folder
from cloudrobust.config import parse as parse_study
from cloudrobust.config.datasets import DatasetSource
from cloudrobust.config.finished import FinishedSource
from cloudrobust.config.in_season import CHEAP
from cloudrobust.config.dask import local_share
from cloudrobust.config.sources import RemoteSource, SimulatorSource, TableSource
from cloudrobust.config.steps import Aggregate, Composite, Interpolate, Mask, Select, Smooth
from cloudrobust.config.steps.chain import ranges
from cloudrobust.config.work import work_of
from cloudrobust.errors import InputError
from cloudrobust import run_lock
from cloudrobust.lost_jobs import lost_job_sentences
from cloudrobust.steps import modules_of


def read_study():
    """The checked configuration; what is wrong with it is one sentence, before any work starts."""
    files = [str(file) for file in workflow.configfiles]
    origin = " + ".join(files) or "config.yaml"
    try:
        study = parse_study(with_folder(config, files), origin)
        check_files(study, origin)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    return study


def tell_of_locks():
    """Note this run beside Snakemake's locks; those of a killed run are removed, others are explained."""
    if workflow.is_main_process and (sentence := run_lock.announce(Path(".snakemake"))):
        print(f"lock: {sentence}", file=sys.stderr)


STARTED = time.time()
STUDY = read_study()
tell_of_locks()
PATHS = Paths(STUDY)
# Beside this file, also where the workflow is used as a module of another.
SCRIPTS = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent / "workflow" / "scripts"
# Series come finished: there are no scenes and no tiles.
FINISHED = isinstance(STUDY.source, FinishedSource)
IS_SIMULATOR = isinstance(STUDY.source, SimulatorSource)
IS_REMOTE = isinstance(STUDY.source, RemoteSource)
# A source is found by its kind at run time; its code counts for the rules that ask it.
SOURCE_MODULE = {
    "simulator": "cloudrobust.scenes.simulator.source",
    "safe": "cloudrobust.scenes.safe.source",
    "rasters": "cloudrobust.scenes.rasters.source",
    "stac": "cloudrobust.scenes.stac.source",
    "sentinelhub": "cloudrobust.scenes.sentinelhub.source",
    "table": "cloudrobust.parcels.table",
    "bavariancrops": "cloudrobust.parcels.datasets.bavariancrops",
    "breizhcrops": "cloudrobust.parcels.datasets.breizhcrops",
}.get(STUDY.source.kind, "")
STORE = "" if FINISHED else str(STUDY.source.store)
# Every month of scenes that the branches that are compared need: tile, level, month.
SCENE_MONTHS = [
    (tile, level, month) for tile in STUDY.tiles for level, months in STUDY.compared_months.items() for month in months
]
# Where blocks of pixels are computed, and what of it lies on the job's own machine.
DASK = STUDY.dask.canonical() if STUDY.dask else "null"
DASK_THREADS, DASK_MEMORY = local_share(STUDY.dask)
# Cores that a job holds, where a rule's jobs hold more than one.
HELD = canonical({"aggregate_pixels": DASK_THREADS or (1 if STUDY.dask else 2)})
COMPARISON = canonical(
    {
        "runs": [[branch, model] for branch in STUDY.branches for model in STUDY.models],
        "chains": {name: branch.chain for name, branch in STUDY.branches.items()},
        "raw": STUDY.comparison.raw,
        "preprocessed": STUDY.comparison.preprocessed,
    }
)
PUBLISHED = STUDY.published.canonical() if STUDY.published is not None else ""
TABLES = [
    f"{name}.{suffix}"
    for name in ("accuracy", "kappa", "classes", "parameters", "scores", "verdict", "confidence", "variance")
    for suffix in ("csv", "md", "tex")
]


def code(script, *modules):
    """Hash of the code that a rule stands on; a change of it reruns the rule."""
    return code_hash(SCRIPTS / f"{script}.py", *modules)


def exactly_these(names):
    """A wildcard constraint: exactly these names (nothing, if there are none)."""
    return "|".join(names) if names else "(?!)"


def steps_of(kind):
    """Names of the configured steps of one kind that work on scenes."""
    return sorted(name for name, step in STUDY.steps.items() if isinstance(step, kind) and not on_parcels(step))


def on_parcels(step):
    """Whether a step is a mask that works on the parcels' series."""
    return isinstance(step, Mask) and step.on_parcels


def tests_spectra(step):
    """Whether a step is a mask that looks at the parcels' mean spectra at L1C."""
    return isinstance(step, Mask) and step.tests_spectra


def pixel_chains():
    """Prefixes of branches whose steps all work on scenes; parcels are averaged after them."""
    levels = {"L1C"} if any(tests_spectra(step) for step in STUDY.steps.values()) and not FINISHED else set()
    return sorted(levels | {chain for chain in STUDY.chains if STUDY.works_on_pixels(chain)})


def chains_made_by(*kinds):
    """Prefixes of branches whose last step is of a kind and works on the parcels' series."""
    return [
        chain for chain in STUDY.chains if isinstance(STUDY.step_of(chain), kinds) and not STUDY.works_on_pixels(chain)
    ]


def other_chains():
    """Prefixes of branches whose last step works on series and has no rule of its own."""
    named = set(chains_made_by(Select, Interpolate, Aggregate))
    series = (c for c in STUDY.chains if STUDY.step_of(c) is not None and not STUDY.works_on_pixels(c))
    return [chain for chain in series if chain not in named]


def scenes_before(chain):
    """The longest prefix of a chain whose steps all work on scenes."""
    return next(c for c in STUDY.prefixes(chain) if STUDY.works_on_pixels(c))


def pixel_steps(chain):
    """The steps between the scenes and the averaging, for a chain that ends with the averaging."""
    after = [c for c in reversed(STUDY.prefixes(chain)) if not STUDY.works_on_pixels(c)]
    return [step for step in map(STUDY.step_of, after) if not isinstance(step, Aggregate)]


def code_of_step(script, step):
    """Hash of the code of a step, with the modules that it finds by name."""
    return code(script, *modules_of(step))


def custom_code(step):
    """Hash of a user's own file; empty for all other steps."""
    return step.code() if step.do == "custom" else ""


def counterparts(wildcards):
    """The month's scenes of the other level, where a mask looks at it."""
    level = wildcards.chain.split("/")[0]
    others = STUDY.steps[wildcards.step].reads(level) - {level}
    return [PATHS.scenes(other, wildcards.tile, wildcards.month) for other in sorted(others)]


def reference_series(wildcards):
    """The L1C series, for a mask that tests the means of an L2A series' parcels; or what a mask is compared with."""
    step, level = STUDY.step_of(wildcards.chain), wildcards.chain.split("/")[0]
    compared = STUDY.reference_chain(wildcards.chain)
    reference = "L1C" if tests_spectra(step) and level != "L1C" else compared
    return [PATHS.series(reference)] if reference is not None else []


def interpolated_chains(truth):
    """Prefixes of branches that end in an interpolation, of what was measured or of the truth."""
    return [chain for chain in chains_made_by(Interpolate) if STUDY.step_of(chain).needs_truth == truth]


def series_before(wildcards):
    """The series that the last step of a chain works on."""
    return PATHS.series(wildcards.chain.rpartition("/")[0])


def masks_of(chain):
    """The mask steps of a chain."""
    return [STUDY.steps[name] for name in chain.split("/")[1:] if isinstance(STUDY.steps[name], Mask)]


def minimum_clear(chain):
    """Share of a parcel that must be clear on a date: the strictest of the chain's masks."""
    return max((step.minimum_clear for step in masks_of(chain)), default=0.0)


def folder_of_masks(chain, tile, month):
    """The folder of masks that a month's index names: the one of the last mask step; nothing without a mask."""
    for prefix in STUDY.prefixes(chain):
        if isinstance(STUDY.step_of(prefix), Mask):
            return PATHS.masks(prefix, tile, month)
    return []


def mask_folder(wildcards):
    """The same for the wildcards of a rule."""
    return folder_of_masks(wildcards.chain, wildcards.tile, wildcards.month)


def window(chain):
    """The spans of days that a chain covers, `2022-03-01/2022-10-31`, with a space between."""
    return ranges(STUDY.days(chain))


def compared_days(level):
    """The days that are fetched for the branches that are compared: the needed ones of their months."""
    return [day for day in STUDY.days(level) if f"{day:%Y-%m}" in STUDY.compared_months[level]]


def month_days(level, month):
    """The days of a month whose scenes some branch needs, as spans."""
    return ranges(day for day in STUDY.days(level) if f"{day:%Y-%m}" == month)


def code_of_model(name):
    """Hash of the code that trains a model: its own network's, not those of the others."""
    return code("train", f"cloudrobust.models.{STUDY.models[name].do}")


def runs(file):
    """One file of every branch x model."""
    return [PATHS.run(branch, model, file) for branch in STUDY.branches for model in STUDY.models]


def figures(*names):
    """The two files of each figure."""
    return [PATHS.report("figures", f"{name}.{suffix}") for name in names for suffix in ("png", "pdf")]


def shown_figures(*names):
    """The two files of each figure; the PNG stands in Snakemake's own report."""
    files = []
    for file in figures(*names):
        shown = report(
            file, caption="../workflow/report/figure.rst", category="Figures", labels={"figure": Path(file).stem}
        )
        files.append(shown if file.endswith(".png") else file)
    return files


def measured_chain(branch):
    """The longest prefix of a branch that is a series and whose values are all measured, not filled in."""
    filling = (Interpolate, Composite, Smooth)
    chains = (chain for chain in STUDY.prefixes(STUDY.branches[branch].chain) if chain in STUDY.chains)
    return next(c for c in chains if not any(isinstance(STUDY.steps[name], filling) for name in c.split("/")[1:]))


def unmasked_chain(branch):
    """The longest prefix of a branch that is a series, before any mask and before anything is filled in."""
    chains = (chain for chain in STUDY.prefixes(measured_chain(branch)) if chain in STUDY.chains)
    return next(c for c in chains if not masks_of(c))


def cloud_chains():
    """Series whose mask, or lack of a value in a table, tells clouds; the preprocessed branch's first."""
    branches = dict.fromkeys([STUDY.comparison.preprocessed, *STUDY.branches])
    chains = dict.fromkeys(measured_chain(branch) for branch in branches)
    return [chain for chain in chains if masks_of(chain) or (FINISHED and chain.startswith("L2A"))]


def spectra_chains():
    """The L1C series that no mask has touched."""
    chains = dict.fromkeys(unmasked_chain(branch) for branch in STUDY.branches)
    return [chain for chain in chains if chain.startswith("L1C")]


def steps_after(branch):
    """The steps of a branch after the longest prefix whose values are all measured."""
    chain = STUDY.branches[branch].chain
    measured = measured_chain(branch).count("/") + 1
    return [STUDY.steps[name] for name in chain.split("/")[measured:]]


def scenes_of_pictures():
    """Indexes of the raw branch's scenes in the first tile, all months."""
    if FINISHED:
        return []
    chain = scenes_before(STUDY.branches[STUDY.comparison.raw].chain)
    return [PATHS.scenes(chain, STUDY.tiles[0], month) for month in STUDY.months(chain)]


def pictures():
    """Every figure that this study can have; finished series have no scenes and no outlines of parcels."""
    wanted = [rules.draw_comparison, rules.draw_series]
    if not FINISHED:
        wanted += [rules.draw_predictions, rules.draw_parcels, rules.draw_chips]
    return [rule.output.figures for rule in wanted]


def show_summary():
    """The finished tables on the terminal, if this run made them."""
    summary = Path(PATHS.report("summary.txt"))
    if summary.is_file():
        print(summary.read_text(), file=sys.stderr)


def show_time():
    """Where the time of this run went, by rule."""
    done = jobs(PATHS.benchmark(), since=STARTED)
    print(time_text(time_by_rule(done), time.time() - STARTED), file=sys.stderr, end="")


def text_of(log):
    """What Snakemake has written into its log of this run."""
    files = [log] if isinstance(log, str) else log
    return "\n".join(Path(file).read_text() for file in files if Path(file).is_file())


def show_lost_jobs(log):
    """What became of jobs that a cluster has lost, in plain words."""
    for sentence in lost_job_sentences(text_of(log)):
        print(f"lost: {sentence}", file=sys.stderr)


def show_reasons(log):
    """The one-sentence reasons of failed jobs, once more at the end."""
    lines = text_of(log).splitlines()
    for line in dict.fromkeys(line for line in lines if line.startswith("error: ")):
        print(line, file=sys.stderr)


# The models that gradients can explain, and those of them that the report explains.
NETWORKS = sorted(name for name, model in STUDY.models.items() if model.do not in ("forest", "boosted"))
WANTED = STUDY.explanations.in_report
REPORTED = [
    name
    for name, model in STUDY.models.items()
    if (model.do in ("transformer", "lstm") if WANTED is None else name in WANTED)
]


def shared_head():
    """What of the configuration goes into the file that is shared: no path, no place, no code of the user's own."""
    branches, drawn = {}, json.loads(STUDY.split.drawn())
    for name, branch in STUDY.branches.items():
        steps = [{"name": one} | STUDY.steps[one].model_dump(mode="json") for one in branch.steps]
        branches[name] = {
            "level": branch.level,
            "steps": [{k: v for k, v in step.items() if k not in ("file", "parameters")} for step in steps],
        }
    return canonical(
        {
            "title": STUDY.title,
            "period": STUDY.period.model_dump(mode="json"),
            "source": STUDY.source.kind,
            "levels": sorted({branch.level for branch in STUDY.branches.values()}),
            "branches": branches,
            "comparison": {"raw": STUDY.comparison.raw, "preprocessed": STUDY.comparison.preprocessed},
            "models": {name: model.do for name, model in STUDY.models.items()},
            "seeds": len(STUDY.training.seeds),
            "split": {key: value for key, value in drawn.items() if key in ("method", "block", "buffer", "folds")},
        }
    )


def months_of_price(branches):
    """Chain, tile and month of every index of scenes that says what these branches have cost."""
    found = {}
    for branch in branches.values():
        for level, chain in work_of(STUDY, branch.chain).scenes:
            for one in (level, chain):
                found |= {(one, tile, month): None for tile in STUDY.tiles for month in STUDY.months(one)}
    return list(found)


def priced_indexes(branches):
    """These indexes, in the same order."""
    return [PATHS.scenes(*key) for key in months_of_price(branches)]


def priced_work(branches):
    """What these branches need, and how many jobs that takes, canonical."""
    works = {name: work_of(STUDY, branch.chain) for name, branch in branches.items()}
    monthly = ("select_scenes", "mask_scenes", "observe_parcels")
    counts = {
        (rule, chain): len(STUDY.tiles) * len(STUDY.months(chain)) if rule in monthly else 1
        for work in works.values()
        for rule, chain in work.jobs
    }
    of_tiles = {"tile_grid": len(STUDY.tiles), "build_coverage": len(STUDY.tiles), "read_parcels": 1}
    common = ({"read_finished": 1} if FINISHED else of_tiles) | {"split_parcels": 1}
    wanted = {
        "works": {name: [work.jobs, work.scenes] for name, work in works.items()},
        "expected": [[*key, count] for key, count in ({(rule, ""): n for rule, n in common.items()} | counts).items()],
        "months": {name: STUDY.months(STUDY.branches[name].chain) for name in works if name in STUDY.branches},
        "indexes": months_of_price(branches),
        "kinds": {name: step.do for name, step in STUDY.steps.items()},
        "twins": {name: twin for name, twin in TWINS.items() if name in works},
        "seeds": [len(STUDY.training.seeds), len(ablation_seeds())],
        "simulated": IS_SIMULATOR,
    }
    return canonical(wanted)


def branches_of(models):
    """Every branch with each of these models, canonical."""
    return canonical([[branch, model] for branch in STUDY.branches for model in models])


def explanations(file, models):
    """One file of the explanations of these models in every branch."""
    return [PATHS.explanation(branch, model, file) for branch in STUDY.branches for model in models]


def explained_figures():
    """The figures of explanations that stand beside the others."""
    if not REPORTED:
        return []
    classes = [f"gradients-{branch}-{model}" for branch in STUDY.branches for model in REPORTED]
    return [PATHS.report("figures", f"{name}.png") for name in ("faithfulness", "on-clouds", *classes)]


def predictions(file, paths=PATHS):
    """One file of every branch x model whose answers are taken away."""
    return [
        paths.prediction(branch, name, file) for branch in STUDY.answering_branches for name in STUDY.answering_models
    ]


def decisions(file):
    """One file about the choice of the branch for every model that answers, where it answers in both branches."""
    both = {STUDY.comparison.raw, STUDY.comparison.preprocessed}
    if len(both) < 2 or not both <= set(STUDY.answering_branches):
        return []
    return [PATHS.evaluation(f"decision-{name}-{file}") for name in STUDY.answering_models]


# What each fold trains: the study's training with the first of its seeds.
CROSS_TRAINING = STUDY.training.model_copy(update={"seeds": STUDY.training.seeds[: STUDY.prediction.seeds]})


def candidate_keys(answering):
    """Branch and model of the runs that decide which model stands behind a name, such as "best"."""
    return [[branch, model] for branch in STUDY.answering_branches for model in STUDY.candidates(answering)]


def candidate_runs(answering, file, branch=None):
    """One file of each of these runs, or of those in one branch."""
    return [PATHS.run(b, model, file) for b, model in candidate_keys(answering) if branch in (None, b)]


def candidate_models(branch, answering):
    """Their models as they stand in a branch, canonical, by name."""
    models = {name: STUDY.model(branch, name).model_dump(mode="json") for name in STUDY.candidates(answering)}
    return canonical(models)


def code_of_candidates(answering):
    """Hash of the code that trains any of them."""
    return code("cross_predict", *(f"cloudrobust.models.{STUDY.models[n].do}" for n in STUDY.candidates(answering)))


def show_extra_trainings():
    """What cross-prediction adds to the study's trainings, before it is spent."""
    print(STUDY.extra_trainings(), file=sys.stderr)


def other_parcels():
    """The study as it stands, but with the parcels that are to be predicted, and without their labels."""
    wanted = STUDY.prediction
    others = copy.deepcopy(dict(config)) | {"results": PATHS.others}
    for experiments in ("ablation", "explain_difference"):
        others.pop(experiments, None)
    others["prediction"] = {key: value for key, value in others.get("prediction", {}).items() if key == "confident"}
    if isinstance(STUDY.source, TableSource):
        others["source"] = others["source"] | {"file": str(wanted.file)}
    else:
        changed = {"file": str(wanted.file), "layer": wanted.layer, "id": wanted.id or STUDY.parcels.id, "label": None}
        others["parcels"] = others.get("parcels", {}) | changed
    return others


# A published data set that the network may complete.
FETCHED = isinstance(STUDY.source, DatasetSource) and STUDY.source.download
# Memory of reading finished series: a data set's cube, twice over while it is written (docs/published-studies.md).
FINISHED_MB = 16000 if isinstance(STUDY.source, DatasetSource) else 2500


def finished_files():
    """What a source of finished series reads: its files, or the list of those that were fetched."""
    files = [PATHS.dataset] if FETCHED else map(str, STUDY.source.files())
    return [*files, *map(str, STUDY.source.given())]


def ablation_models():
    """Names of the models that the ablation trains."""
    return [] if STUDY.ablation is None else list(STUDY.ablation.models or STUDY.models)


def ablation_seeds():
    """The seeds that it trains."""
    return [] if STUDY.ablation is None else list(STUDY.ablation.seeds or STUDY.training.seeds)


def ablation_runs(file):
    """One file of every branch of the ablation x model; of the study's own run where that is the same."""
    return [
        PATHS.run(TWINS[branch], model, file) if branch in TWINS else PATHS.ablation_run(branch, model, file)
        for branch in STUDY.ablated
        for model in ablation_models()
    ]


def ablation_parameters():
    """What is compared with what, canonical."""
    if STUDY.ablation is None:
        return ""
    wanted = {
        "runs": [[branch, model] for branch in STUDY.ablated for model in ablation_models()],
        "cells": [[cell.name, cell.factors] for cell in STUDY.design.cells],
        "factors": [[factor.name, [one.name for one in factor.levels]] for factor in STUDY.ablation.factors],
        "notes": STUDY.design.notes(),
        "seeds": ablation_seeds(),
        "design": STUDY.ablation.design,
        "resamples": STUDY.ablation.resamples,
        "confidence": STUDY.ablation.confidence,
    }
    return canonical(wanted)


def ablation_results(wildcards):
    """Table and figure of the ablation; tells what of it is impossible when they are asked for."""
    if STUDY.ablation is None:
        raise WorkflowError("name the factors under ablation in the configuration first (see docs/ablation.md)")
    for note in STUDY.design.notes():
        print(f"ablation: {note}", file=sys.stderr)
    made = (rules.report_ablation.output, rules.price_ablation.output)
    return [file for output in made for file in (*output.tables, *output.figures)]


def ablation_price(wildcards):
    """What each step of it costs, in the same case."""
    return rules.price_ablation.output if STUDY.ablation is not None and STUDY.ablation.in_report else []


def reported_ablation(wildcards):
    """The same for the report's page, where the configuration wants it there."""
    return ablation_results(wildcards) if STUDY.ablation is not None and STUDY.ablation.in_report else []


def searches(file):
    """One file of every search."""
    return [PATHS.tuning(branch, model, file) for branch in TUNED_BRANCHES for model in TUNED_MODELS]


def resplit(wildcards):
    """The settings of another split, canonical."""
    if wildcards.split == RANDOM:
        return STUDY.split.random_like().drawn()
    return STUDY.split.with_fold(int(wildcards.split.removeprefix("fold-"))).drawn()


def resplit_runs(split, file):
    """One file of every branch x model that is trained on another split."""
    return [PATHS.resplit(split, "runs", branch, model, file) for branch in STUDY.branches for model in RESPLIT_MODELS]


wildcard_constraints:
    tile=exactly_these(STUDY.tiles),
    month=r"\d{4}-\d{2}",


# Models that are trained on other splits, and every branch with each of them.
RESPLIT_MODELS = [name for name in STUDY.models if STUDY.evaluation.models is None or name in STUDY.evaluation.models]
RESPLIT = canonical([[branch, model] for branch in STUDY.branches for model in RESPLIT_MODELS])


# What other targets make and the report shows where the configuration says so: their tables in numbers.
IN_REPORT = {
    "split_claims": (
        [PATHS.report("tables", "split-claims.csv")] if "split_claims" in STUDY.evaluation.in_report else []
    ),
    "cross_validation": (
        [PATHS.report("tables", "cross-validation.csv")] if "cross_validation" in STUDY.evaluation.in_report else []
    ),
    "robustness": [PATHS.report("tables", "robustness.csv")] if STUDY.robustness.in_report else [],
}


def soundness_figures():
    """Their figures."""
    names = {
        "split_claims": ("split-claims",),
        "cross_validation": ("cross-validation",),
        "robustness": ("robustness", "robustness-parcels"),
    }
    shown = [name for target, of in names.items() if IN_REPORT[target] for name in of]
    return [PATHS.report("figures", f"{name}.png") for name in shown]


def in_season_models():
    """Models that are trained for answers in season: those named, or the cheap kinds; one at least."""
    cheap = [name for name, model in STUDY.models.items() if model.do in CHEAP]
    return list(STUDY.in_season.models or cheap or list(STUDY.models)[:1])


def code_of_season(script, wildcards):
    """Hash of the code that trains or asks a model on the cut series of a branch."""
    steps = {module for step in steps_after(wildcards.branch) for module in modules_of(step)}
    return code(script, f"cloudrobust.models.{STUDY.models[wildcards.model].do}", *sorted(steps))
