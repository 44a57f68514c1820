"""The verdict: does preprocessing pay, does it not, does it harm, or can these test parcels not tell?

Two tests stand behind it, both on the difference of accuracy preprocessed - raw with the standard error of
`bootstrap` (over blocks of the split and over seeds) and Student's t:

- the test of difference: is it other than 0?
- the test of equivalence: is it smaller than the margin m in both directions? Two one-sided tests (Schuirmann 1987,
  "A comparison of the two one-sided tests procedure and the power approach for assessing the equivalence of average
  bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15:657-680), which is to say that the interval of
  1 - 2 x level lies inside -m to m.

A model whose difference is within the margin does not pay, even where it is surely above 0. The two null hypotheses of
a model exclude each other, so that no share of the level goes to either (Goeman, Solari & Stijnen 2010, "Three-sided
hypothesis testing", Statistics in Medicine 29:2117-2125). Over the models both kinds of p-value are adjusted by Holm
1979, so that the probability of any false "pays" or "harms" is at most the level, and likewise that of any false
"within the margin".

The whole study is judged by the mean difference over its models, a single hypothesis that was fixed before; the same
blocks are drawn for all models, so what they have in common is accounted for. Where one model surely gains and another
surely loses, a mean would hide both, and the answer is that it depends on the model.

Neither test sees whether a network finished learning. Models with a run that did not converge get no verdict and stay
out of the mean.

`needed` follows from the variance seen here: that from blocks falls with the number of parcels if new blocks are like
these (so their design effect is in it), that from seeds with the number of seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri, stdtr, stdtrit

from .bootstrap import RESAMPLES, Resampled, combined, least_error, mean_of, resampled, with_ones
from .confidence import holm, right_answers, units_of
from .runs import Key

LEVEL = 0.05
POWER = 0.8
"""Probability with which a study of the size `needed` would tell."""
MOST = 1e6
"""More than so many times the parcels are not thought of."""
FEW_BLOCKS = 20
"""Below so many blocks the summary says that there are few."""

PAYS, HARMS, WITHIN, OPEN, DEPENDS, UNFINISHED = VERDICTS = (
    "pays", "harms", "within margin", "cannot tell", "depends", "not converged",
)  # fmt: skip
WHOLE = "all models"
"""In the column `model`, the line about the whole study."""

COLUMNS = (
    "model", "verdict", "estimate", "low", "high", "equivalence_low", "equivalence_high", "error", "units_error",
    "freedom", "unit", "units", "parcels", "seeds", "models", "margin", "p_difference", "p_difference_holm",
    "p_equivalence", "p_equivalence_holm", "detectable", "needed", "needed_seeds", "needed_for_margin",
    "seeds_for_margin", "note",
)  # fmt: skip
PLANS = ("detectable", "needed", "needed_seeds", "needed_for_margin", "seeds_for_margin")
TESTS = ("p_difference", "p_difference_holm", "p_equivalence", "p_equivalence_holm")
Line = dict[str, Any]
Right = tuple[npt.ArrayLike, npt.ArrayLike]
"""Whether answers are right on the preprocessed and on the raw branch, (seed, parcel) each."""


def verdicts(
    frames: Mapping[Key, pd.DataFrame],
    parcels: Sequence[str],
    blocks: Mapping[str, str],
    raw: str,
    preprocessed: str,
    margin: float,
    late: Mapping[Key, Sequence[int]] | None = None,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """The verdict on each model and on the whole study.

    Parameters
    ----------
    frames, parcels, blocks, raw, preprocessed, resamples
        As in `confidence.intervals`.
    margin
        Difference of accuracy that would matter.
    late
        By run, its seeds whose training had not converged (`Run.not_converged`); one of them is enough for no verdict.

    Returns
    -------
    DataFrame
        As of `judge`.
    """
    groups = units_of(parcels, blocks).get("blocks")
    models = dict.fromkeys(model for _, model in frames)
    pairs: dict[str, Right] = {
        model: (right_answers(frames[preprocessed, model], parcels), right_answers(frames[raw, model], parcels))
        for model in models
        if (raw, model) in frames and (preprocessed, model) in frames
    }
    return judge(pairs, groups, margin, _unfinished(late or {}, (raw, preprocessed)), resamples=resamples)


def judge(
    pairs: Mapping[str, Right],
    groups: Sequence[str] | npt.NDArray[Any] | None,
    margin: float,
    unfinished: Mapping[str, str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The verdict on each model and on the whole study, from right answers.

    Parameters
    ----------
    pairs
        By model, whether the answers of the preprocessed and of the raw branch are right: (seed, parcel) each.
    groups
        (parcel,) blocks; None if single parcels are the units.
    margin
        Difference of accuracy that would matter.
    unfinished
        By model, words on runs that did not converge; these models get no verdict.
    resamples, seed
        Number of draws, and their seed.

    Returns
    -------
    DataFrame
        One line a model, and a last one (`WHOLE`) about their mean if there is more than one. `verdict` of `VERDICTS`;
        `estimate` with its interval of 95 % (`low`, `high`) and that of 90 % which is held against the margin
        (`equivalence_*`); `error`, `units_error` (of it, from the draw of units alone), `freedom`; `unit`, `units`
        (how many), `parcels`, `seeds`, `models` (how many share the correction); p-values; `detectable`, the smallest
        true difference that this study would see with a power of `POWER`; `needed` and `needed_seeds`, the test
        parcels and seeds with which it would be told whether the difference seen here is one (NaN where that is told
        already); `needed_for_margin` and `seeds_for_margin`, those with which a true difference as large as the
        margin would be seen. `note` says why other numbers are missing, if any are.
    """
    lines = judged(pairs, groups, margin, unfinished, resamples=resamples, seed=seed)
    return pd.DataFrame(lines, columns=list(COLUMNS))


def judged(
    pairs: Mapping[str, Right],
    groups: Sequence[str] | npt.NDArray[Any] | None,
    margin: float,
    unfinished: Mapping[str, str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Line]:
    """The lines of `judge` as dicts."""
    unfinished = unfinished or {}
    if not pairs:
        return []
    flat = [with_ones(right) for pair in pairs.values() for right in pair]
    parcels = flat[0].shape[1]
    drawn = resampled(flat, mean_of, groups, resamples=resamples, seed=seed)
    both = {model: (drawn[2 * n], drawn[2 * n + 1]) for n, model in enumerate(pairs)}
    unit, units = ("parcels", parcels) if groups is None else ("blocks", len(set(np.asarray(groups).tolist())))
    common = {"unit": unit, "units": units, "parcels": parcels, "margin": margin}
    finished = [model for model in both if model not in unfinished]
    family = max(len(finished), 1)
    lines = [_line(model, [pair], family, margin, parcels) | common for model, pair in both.items()]
    known = [line for line in lines if line["model"] not in unfinished and not line["note"]]
    for test in ("p_difference", "p_equivalence"):
        adjusted = holm(np.array([line[test] for line in known], np.float64))
        for line, p in zip(known, adjusted, strict=True):
            line[f"{test}_holm"] = float(p)
    for line in lines:
        _judge_line(line, unfinished.get(line["model"], ""))
    if len(finished) > 1:
        whole = _line(WHOLE, [both[model] for model in finished], 1, margin, parcels) | common
        whole |= {f"{test}_holm": whole[test] for test in ("p_difference", "p_equivalence")}
        _judge_line(whole, "")
        if {PAYS, HARMS} <= {line["verdict"] for line in lines}:
            whole |= {"verdict": DEPENDS, "needed": np.nan, "needed_seeds": np.nan}
        lines.append(whole | {"models": len(finished)})
    return lines


def _judge_line(line: Line, late: str) -> None:
    """Add the verdict, and clear what does not go with it; `late` says that training had not converged."""
    if late:
        line |= dict.fromkeys((*PLANS, *TESTS), np.nan)
        line |= {"verdict": UNFINISHED, "note": f"{late}; a test of such answers says nothing."}
        return
    line["verdict"] = OPEN
    if line.get("p_equivalence_holm", np.nan) < LEVEL:
        line["verdict"] = WITHIN
    elif line.get("p_difference_holm", np.nan) < LEVEL:
        line["verdict"] = PAYS if line["estimate"] > 0 else HARMS
    if line["verdict"] != OPEN:
        line |= {"needed": np.nan, "needed_seeds": np.nan}


def verdict_of(table: pd.DataFrame) -> dict[str, str]:
    """The verdict by model, and on the whole study as `WHOLE`; for `study_file.study_content`."""
    return dict(zip(table["model"].astype(str), table["verdict"].astype(str), strict=True))


def rows_of(table: pd.DataFrame) -> list[Line]:
    """The lines of a table of verdicts as dicts."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _unfinished(late: Mapping[Key, Sequence[int]], branches: tuple[str, str]) -> dict[str, str]:
    """By model, which of its runs had not converged."""
    found: dict[str, list[str]] = {}
    for (branch, model), seeds in late.items():
        if seeds and branch in branches:
            words = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
            found.setdefault(model, []).append(f"on {branch} ({words})")
    return {model: f"Training had not converged {' and '.join(words)}" for model, words in found.items()}


def _line(
    model: str,
    both: Sequence[tuple[Resampled, Resampled]],
    family: int,
    margin: float,
    parcels: int,
) -> Line:
    """Everything but the verdict on the mean difference of one or more models; `family` share the correction."""
    weight = 1 / len(both)
    parts = [part for one, two in both for part in ((weight, one), (-weight, two))]
    found = combined(parts, confidence=1 - LEVEL, least=least_error(parcels))
    half = float(stdtrit(found.freedom, 1 - LEVEL)) * found.error
    line: Line = {
        "model": model, "estimate": found.estimate, "low": found.low, "high": found.high,
        "equivalence_low": found.estimate - half, "equivalence_high": found.estimate + half, "error": found.error,
        "units_error": found.units_error, "freedom": found.freedom, "models": family, "note": found.note,
    }  # fmt: skip
    if found.note:
        return line | dict.fromkeys((*TESTS, *PLANS), np.nan)
    size = abs(found.estimate)
    freedom = sum(len(part.scores) - 1 for _, part in parts)
    # A few seeds say little of their own variance; summed over runs before it is cut off at 0 it says more.
    of_seeds = max(sum(w**2 * part.seed_variance / len(part.scores) for w, part in parts), 0.0)
    plan = Plan(found.units, found.units_error**2, max(freedom, 1), of_seeds)
    different = (LEVEL / family / 2, 1 - POWER)
    # At a true difference of 0 both one-sided tests must succeed.
    equivalent = (LEVEL / family, (1 - POWER) / 2)
    needed, more = min(plan.until(size, *different), plan.until(margin - size, *equivalent))
    for_margin, more_for_margin = plan.until(margin, *different)
    seeds = max(len(part.scores) for _, part in parts)
    quantiles = -stdtrit(found.freedom, different)
    return line | {
        "p_difference": float(2 * stdtr(found.freedom, -size / found.error)),
        "p_equivalence": float(stdtr(found.freedom, (size - margin) / found.error)),
        "detectable": float(quantiles.sum() * found.error),
        "needed": np.ceil(parcels * needed),
        "needed_seeds": np.ceil(seeds * more),
        "needed_for_margin": np.ceil(parcels * for_margin),
        "seeds_for_margin": np.ceil(seeds * more_for_margin),
        "seeds": seeds,
    }


@dataclass(frozen=True)
class Plan:
    """What a study of another size could tell, from the variance of this one.

    Attributes
    ----------
    units, of_units
        How many units there are, and their part of the variance of the difference.
    seed_freedom, of_seeds
        The same of the seeds.
    """

    units: float
    of_units: float
    seed_freedom: int
    of_seeds: float

    def least_effect(self, alpha: float, beta: float, parcels: float = 1.0, seeds: float = 1.0) -> float:
        """The effect seen with so many times the units and the seeds: (t of alpha + t of beta) x standard error.

        Bloom 1995, "Minimum detectable effects", Evaluation Review 19:547-556.
        """
        of_units, of_seeds = self.of_units / parcels, self.of_seeds / seeds
        variance = of_units + of_seeds
        inverse = (of_units / variance) ** 2 / (self.units * parcels - 1)
        if of_seeds > 0:
            inverse += (of_seeds / variance) ** 2 / (self.seed_freedom * seeds)
        return -float((stdtrit(1 / inverse, alpha) + stdtrit(1 / inverse, beta)) * np.sqrt(variance))

    def until(self, effect: float, alpha: float, beta: float) -> tuple[float, float]:
        """How many times as many units, and as many seeds, show `effect`; at least 1.

        Seeds are left as they are unless they alone take more than half of the variance that the effect allows.
        """
        allowed = (effect / (ndtri(alpha) + ndtri(beta))) ** 2
        if effect <= 0 or allowed * MOST < max(self.of_units, self.of_seeds):
            return float("inf"), float("inf")
        seeds = max(1.0, 2 * self.of_seeds / allowed)
        if self.least_effect(alpha, beta, 1.0, seeds) <= effect:
            return 1.0, seeds
        while self.least_effect(alpha, beta, 10 * MOST, seeds) > effect:
            seeds *= 1.1
        low, high = 0.0, float(np.log(10 * MOST))
        for _ in range(50):
            middle = (low + high) / 2
            enough = self.least_effect(alpha, beta, float(np.exp(middle)), seeds) <= effect
            low, high = (low, middle) if enough else (middle, high)
        return float(np.exp(high)), seeds
