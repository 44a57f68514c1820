"""What the rules of explain_difference and for_whom share: the runs that they train, and those trained anyway."""


def explaining(part, *kinds):
    """Models that experiments train: the named ones, or one of each kind that the study has."""
    found = [name for kind in kinds for name, model in STUDY.models.items() if model.do == kind]
    return list(part.models) or found or list(STUDY.models)[:1]


def same_run(branch, model, seeds):
    """Folder of a run that is trained anyway, by the comparison or the ablation; None if there is none."""
    chain, settings = STUDY.explained[branch].chain, STUDY.models[model]
    for name, other in STUDY.branches.items():
        if other.chain == chain and STUDY.model(name, model) == settings and set(seeds) <= set(STUDY.training.seeds):
            return PATHS.run(name, model)
    if model in ablation_models() and set(seeds) <= set(ablation_seeds()):
        for name, other in STUDY.ablated.items():
            if other.chain == chain:
                return PATHS.run(TWINS[name], model) if name in TWINS else PATHS.ablation_run(name, model)
    return None


WANTED_DIFFERENCE = STUDY.explain_difference
DIFFERENCE_MODELS = explaining(WANTED_DIFFERENCE, "tempcnn", "forest") if WANTED_DIFFERENCE else []
DIFFERENCE_SEEDS = list(WANTED_DIFFERENCE.seeds or STUDY.training.seeds) if WANTED_DIFFERENCE else []
# Folders of runs that need not be trained again, by branch and model.
SAME_RUNS = {
    (branch, model): folder
    for branch in STUDY.explained
    for model in DIFFERENCE_MODELS
    for folder in [same_run(branch, model, DIFFERENCE_SEEDS)]
    if folder is not None
}


def difference_runs(file):
    """One file of every branch that explains the difference x model."""
    return [
        f"{SAME_RUNS.get((branch, model), PATHS.difference_run(branch, model))}/{file}"
        for branch in STUDY.explained
        for model in DIFFERENCE_MODELS
    ]


def difference_parameters():
    """What is compared with what, canonical."""
    plan = STUDY.experiments
    if WANTED_DIFFERENCE is None:
        return ""
    wanted = {
        "runs": [[branch, model] for branch in STUDY.explained for model in DIFFERENCE_MODELS],
        "branches": {name: branch.chain for name, branch in STUDY.explained.items()},
        "bars": [vars(bar) for bar in plan.bars],
        "curves": plan.curves,
        "base": plan.base,
        "masks": list(plan.masks),
        "reference": plan.reference,
        "notes": plan.notes,
        "seeds": DIFFERENCE_SEEDS,
        "resamples": WANTED_DIFFERENCE.resamples,
        "confidence": WANTED_DIFFERENCE.confidence,
    }
    return canonical(wanted)


def difference_results(wildcards):
    """Tables and figures; tells what is impossible when they are asked for."""
    if WANTED_DIFFERENCE is None:
        raise WorkflowError("write explain_difference: {} into the configuration first (see docs/difference.md)")
    for note in STUDY.experiments.notes:
        print(f"explain_difference: {note}", file=sys.stderr)
    return [*rules.report_difference.output.tables, *rules.report_difference.output.figures]


def reported_difference(wildcards):
    """The same for the report's page, where the configuration wants it there."""
    return difference_results(wildcards) if WANTED_DIFFERENCE is not None and WANTED_DIFFERENCE.in_report else []


CURVE = STUDY.learning_curve
CURVE_MODELS = explaining(CURVE, "forest", "tempcnn")
CURVE_SEEDS = list(CURVE.seeds or STUDY.training.seeds)
# Shares by the names that folders have.
CURVE_SHARES = {f"share-{100 * share:g}".replace(".", "-"): share for share in sorted(CURVE.shares)}
# The branches that are compared, and not others beside them.
CURVE_BRANCHES = list(dict.fromkeys((STUDY.comparison.raw, STUDY.comparison.preprocessed)))


def curve_run(share, branch, model):
    """Folder of a run on a share of the labels; the study's own where that is all of them."""
    own = CURVE_SHARES[share] == 1 and set(CURVE_SEEDS) <= set(STUDY.training.seeds)
    return PATHS.run(branch, model) if own else PATHS.learning_curve("runs", share, branch, model)


def curve_runs(file):
    """One file of every share x branch x model."""
    return [
        f"{curve_run(share, branch, model)}/{file}"
        for share in CURVE_SHARES
        for branch in CURVE_BRANCHES
        for model in CURVE_MODELS
    ]
