"""Made-up studies whose true difference is known: how often the verdict is wrong, and how often it finds the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from ..log import Progress
from .verdict import DEPENDS, HARMS, PAYS, WHOLE, WITHIN, judged

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How the answers of a made-up study come about.

    An answer is right if a normal variable is above 0 (a probit model), which is a sum of independent parts, given here
    by their standard deviations beside that of 1 which single answers have. The expected accuracy follows exactly.

    Attributes
    ----------
    blocks, parcels
        Number of blocks, and of test parcels in each.
    accuracy
        Expected accuracy of the raw branch.
    models, seeds
        How many.
    ease, ease_of_block
        How easy a parcel, or a whole block, is for everybody.
    fit, fit_of_block
        How well a branch (of all models alike) suits a parcel, or a whole block: this correlates the differences within
        blocks, and those of the models.
    seed
        How much a network's training run differs from the next.
    """

    blocks: int = 20
    parcels: int = 10
    accuracy: float = 0.85
    models: int = 3
    seeds: int = 3
    ease: float = 0.8
    ease_of_block: float = 0.4
    fit: float = 0.4
    fit_of_block: float = 0.2
    seed: float = 0.1

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """(parcel,) number of the block."""
        return np.repeat(np.arange(self.blocks), self.parcels)


def made_study(setting: Setting, difference: float, generator: np.random.Generator) -> dict[str, tuple[Floats, Floats]]:
    """Right answers of every model on the preprocessed and on the raw branch, (seed, parcel) each.

    Parameters
    ----------
    setting
        How they come about.
    difference
        Expected accuracy of the preprocessed branch minus that of the raw one, of every model.
    generator
        The source of chance.
    """
    s, groups = setting, setting.groups
    parcels = len(groups)
    common = generator.normal(0, s.ease, parcels) + generator.normal(0, s.ease_of_block, s.blocks)[groups]
    suited = [
        common + generator.normal(0, s.fit, parcels) + generator.normal(0, s.fit_of_block, s.blocks)[groups]
        for _ in range(2)
    ]
    spread = float(np.sqrt(1 + s.ease**2 + s.ease_of_block**2 + s.fit**2 + s.fit_of_block**2 + s.seed**2))
    levels = [spread * float(norm.ppf(s.accuracy + difference)), spread * float(norm.ppf(s.accuracy))]

    def answers(branch: int) -> Floats:
        latent = levels[branch] + suited[branch] + generator.normal(0, s.seed, (s.seeds, 1))
        return np.asarray(latent + generator.normal(0, 1, (s.seeds, parcels)) > 0, np.float64)

    return {f"model {n}": (answers(0), answers(1)) for n in range(s.models)}


def rates(
    setting: Setting,
    differences: Sequence[float],
    margin: float,
    studies: int = 1000,
    resamples: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """How often each verdict is given at known true differences.

    Parameters
    ----------
    setting
        How the studies come about.
    differences
        True differences, each the same for all models of a study.
    margin
        As in `verdict.judge`.
    studies, resamples, seed
        Studies for each difference, draws in each, and the seed of all.

    Returns
    -------
    DataFrame
        One line a difference: `blocks`, `parcels`, `difference`, `studies`; `any_wrong`, the share of studies in which
        at least one model got a wrong verdict (of `wrong`), and `whole_wrong`, that of studies wrong as a whole;
        `each_right` and `whole_right`, the share of models and of studies with the right verdict (of `right`);
        `covered`, how often a model's interval of 95 % holds the truth; `detectable`, the median smallest
        detectable difference of a model.
    """
    progress = Progress("differences", len(differences))
    table: list[dict[str, object]] = []
    for position, difference in enumerate(differences):
        generator = np.random.default_rng([seed, position, setting.blocks])
        single: list[list[str]] = []
        whole: list[str] = []
        covered: list[bool] = []
        detectable: list[float] = []
        for number in range(studies):
            study = made_study(setting, difference, generator)
            lines = judged(study, setting.groups, margin, resamples=resamples, seed=number)
            of_models = [line for line in lines if line["model"] != WHOLE]
            single.append([line["verdict"] for line in of_models])
            whole.append(lines[-1]["verdict"])
            covered += [line["low"] <= difference <= line["high"] for line in of_models]
            detectable += [line["detectable"] for line in of_models]
        verdicts, of_whole = np.array(single), np.array(whole)
        bad, good = wrong(difference, margin), right(difference, margin)
        table.append(
            {
                "blocks": setting.blocks,
                "parcels": setting.blocks * setting.parcels,
                "difference": difference,
                "studies": studies,
                "any_wrong": float(np.isin(verdicts, bad).any(axis=1).mean()),
                "whole_wrong": float(np.isin(of_whole, bad).mean()),
                "each_right": float((verdicts == good).mean()),
                "whole_right": float((of_whole == good).mean()),
                "covered": float(np.mean(covered)),
                "detectable": float(np.median(detectable)),
            }
        )
        progress.step()
    return pd.DataFrame(table)


def right(difference: float, margin: float) -> str:
    """The verdict that is right at a true difference."""
    if abs(difference) < margin:
        return WITHIN
    return PAYS if difference > 0 else HARMS


def wrong(difference: float, margin: float) -> list[str]:
    """The verdicts that are false at a true difference; "cannot tell" never is."""
    if difference == 0:
        return [PAYS, HARMS, DEPENDS]
    opposite = HARMS if difference > 0 else PAYS
    return [opposite, DEPENDS, *([WITHIN] if abs(difference) >= margin else [])]
