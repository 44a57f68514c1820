"""Helper functions of the rules, and nothing else."""

import sys
from pathlib import Path

from cloudrobust.config import Paths, canonical, check_files, code_hash, products
from cloudrobust.config import parse as parse_study
from cloudrobust.config.sources import SimulatorSource, TableSource
from cloudrobust.config.steps import Interpolate, Mask, Select
from cloudrobust.errors import InputError


def read_study():
    """The checked configuration; what is wrong with it is one sentence, before any work starts."""
    origin = " + ".join(str(file) for file in workflow.configfiles) or "config.yaml"
    try:
        study = parse_study(config, origin)
        check_files(study, origin)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    return study


STUDY = read_study()
PATHS = Paths(STUDY)
SCRIPTS = Path(workflow.basedir, "workflow", "scripts")
IS_TABLE = isinstance(STUDY.source, TableSource)
IS_SIMULATOR = isinstance(STUDY.source, SimulatorSource)
STORE = "" if IS_TABLE else str(STUDY.source.store)
COMPARISON = canonical(
    {
        "runs": [[branch, model] for branch in STUDY.branches for model in STUDY.models],
        "chains": {name: branch.chain for name, branch in STUDY.branches.items()},
        "raw": STUDY.comparison.raw,
        "preprocessed": STUDY.comparison.preprocessed,
    }
)
TABLES = [
    f"{name}.{suffix}" for name in ("accuracy", "kappa", "classes", "parameters") for suffix in ("csv", "md", "tex")
]


def code(script, *modules):
    """Hash of the code that a rule stands on; a change of it reruns the rule."""
    return code_hash(SCRIPTS / f"{script}.py", *modules)


def one_of(names):
    """A wildcard constraint: exactly these names (nothing, if there are none)."""
    return "|".join(names) if names else "(?!)"


def steps_of(kind):
    """Names of the configured steps of one kind."""
    return sorted(name for name, step in STUDY.steps.items() if isinstance(step, kind))


def pixel_chains():
    """Prefixes of branches whose steps all work on scenes; parcels are averaged after them."""
    return [chain for chain in STUDY.chains if STUDY.works_on_pixels(chain)]


def chains_made_by(kind):
    """Prefixes of branches whose last step is of a kind and works on the parcels' series."""
    return [
        chain for chain in STUDY.chains if isinstance(STUDY.step_of(chain), kind) and not STUDY.works_on_pixels(chain)
    ]


def series_before(wildcards):
    """The series that the last step of a chain works on."""
    return PATHS.series(wildcards.chain.rpartition("/")[0])


def masks_of(chain):
    """The mask steps of a chain."""
    return [STUDY.steps[name] for name in chain.split("/")[1:] if isinstance(STUDY.steps[name], Mask)]


def minimum_clear(chain):
    """Share of a parcel that must be clear on a date: the strictest of the chain's masks."""
    return max((step.minimum_clear for step in masks_of(chain)), default=0.0)


def mask_folder(wildcards):
    """The folder of masks that a month's index names: the one of the last mask step; none without a mask."""
    words = wildcards.chain.split("/")
    for length in range(len(words), 1, -1):
        if isinstance(STUDY.steps[words[length - 1]], Mask):
            return PATHS.masks("/".join(words[:length]), wildcards.tile, wildcards.month)
    return []


def window(chain):
    """First and last day that a chain covers, canonical."""
    days = STUDY.days(chain)
    return canonical({"start": str(days[0]), "end": str(days[-1])})


def month_days(level, month):
    """First and last day of the period within a month, canonical."""
    days = [day for day in STUDY.days(level) if f"{day:%Y-%m}" == month]
    return canonical({"start": str(days[0]), "end": str(days[-1])})


def code_of_model(name):
    """Hash of the code that trains a model: its own network's, not those of the others."""
    return code("train", f"cloudrobust.models.{STUDY.models[name].do}")


def runs(file):
    """One file of every branch x model."""
    return [PATHS.run(branch, model, file) for branch in STUDY.branches for model in STUDY.models]


def figures(*names):
    """The two files of each figure."""
    return [PATHS.report("figures", f"{name}.{suffix}") for name in names for suffix in ("png", "pdf")]


def measured_chain(branch):
    """The longest prefix of a branch whose values are all measured, not filled in."""
    chains = STUDY.prefixes(STUDY.branches[branch].chain)
    return next(c for c in chains if not any(isinstance(STUDY.steps[name], Interpolate) for name in c.split("/")[1:]))


def scenes_of_pictures():
    """Indexes of the raw branch's scenes in the first tile, all months."""
    if IS_TABLE:
        return []
    chain = next(c for c in STUDY.prefixes(STUDY.branches[STUDY.comparison.raw].chain) if STUDY.works_on_pixels(c))
    return [PATHS.scenes(chain, STUDY.tiles[0], month) for month in STUDY.months(chain)]


def pictures():
    """Every figure that this study can have; a table has no scenes and no outlines of parcels."""
    wanted = [rules.draw_comparison, rules.draw_series]
    if not IS_TABLE:
        wanted += [rules.draw_predictions, rules.draw_parcels, rules.draw_chips]
    return [rule.output.figures for rule in wanted]


def show_summary():
    """The finished tables on the terminal, if this run made them."""
    summary = Path(PATHS.report("summary.txt"))
    if summary.is_file():
        print(summary.read_text(), file=sys.stderr)


def show_reasons(log):
    """The one-sentence reasons of failed jobs, once more at the end."""
    files = [log] if isinstance(log, str) else log
    lines = [line for file in files if Path(file).is_file() for line in Path(file).read_text().splitlines()]
    for line in dict.fromkeys(line for line in lines if line.startswith("error: ")):
        print(line, file=sys.stderr)


wildcard_constraints:
    tile=one_of(STUDY.tiles),
    month=r"\d{4}-\d{2}",
