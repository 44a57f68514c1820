"""One answer from many studies: random-effects mean, heterogeneity, and what to expect of the next region.

DerSimonian, R. and Laird, N. 1986, "Meta-analysis in clinical trials", Controlled Clinical Trials 7:177-188;
restricted maximum likelihood as in Viechtbauer, W. 2005, "Bias and efficiency of meta-analytic variance estimators in
the random-effects model", Journal of Educational and Behavioral Statistics 30:261-293; Hartung, J. and Knapp, G. 2001,
"A refined method for the meta-analysis of controlled clinical trials with binary outcome", Statistics in Medicine
20:3875-3889; Higgins, J. P. T. and Thompson, S. G. 2002, "Quantifying heterogeneity in a meta-analysis", Statistics in
Medicine 21:1539-1558; Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. 2009, "A re-evaluation of
random-effects meta-analysis", Journal of the Royal Statistical Society A 172:137-159.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, t

from ..errors import InputError

Floats = npt.NDArray[np.float64]
Method = Literal["reml", "dl"]
STEPS = 1000
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Pooled:
    """What several studies say together.

    Attributes
    ----------
    studies
        How many there are.
    estimate, error
        Random-effects mean and its standard error.
    adjusted_error
        The same after Hartung and Knapp, who take the scatter of the studies themselves.
    low, high
        Confidence interval of the mean, by the adjusted error and Student's t with `studies - 1` degrees of freedom.
    tau2
        Variance between studies.
    q, p
        Cochran's Q and its p-value: are the studies alike?
    i2
        Share of the variance of the estimates that lies between studies, 0 to 1.
    next_low, next_high
        Prediction interval: where the true difference of a further study lies; NaN with fewer than three studies.
    weights
        (study,) shares in the mean, which sum to 1.
    """

    studies: int
    estimate: float
    error: float
    adjusted_error: float
    low: float
    high: float
    tau2: float
    q: float
    p: float
    i2: float
    next_low: float
    next_high: float
    weights: tuple[float, ...]


def pool(
    estimates: Sequence[float], errors: Sequence[float], *, method: Method = "reml", confidence: float = 0.95
) -> Pooled:
    """Pool the estimates of independent studies.

    Parameters
    ----------
    estimates, errors
        (study,) differences and their standard errors.
    method
        How the variance between studies is estimated: "reml" (restricted maximum likelihood) or "dl" (DerSimonian
        and Laird).
    confidence
        Coverage of both intervals.

    Raises
    ------
    InputError
        With fewer than two studies, or an error that is no positive number.
    """
    y, s = np.asarray(estimates, float), np.asarray(errors, float)
    if y.ndim != 1 or y.shape != s.shape or len(y) < 2:
        raise InputError(f"pool: needs at least two studies of the same model; there are {y.size}")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise InputError("pool: every study needs a difference and a standard error above zero; leave the others out")
    k, v = len(y), s**2
    w = 1 / v
    q = float((w * (y - _mean(y, w)) ** 2).sum())
    spread = w.sum() - (w**2).sum() / w.sum()
    moments = max(0.0, float((q - (k - 1)) / spread))
    tau2 = moments if method == "dl" else _reml(y, v, moments)
    w = 1 / (v + tau2)
    mean, error = _mean(y, w), math.sqrt(1 / w.sum())
    adjusted = math.sqrt((w * (y - mean) ** 2).sum() / (k - 1) / w.sum())
    half = float(t.ppf(0.5 + confidence / 2, k - 1)) * adjusted
    typical = float((k - 1) / spread)
    wide = float(t.ppf(0.5 + confidence / 2, k - 2)) * math.sqrt(tau2 + error**2) if k > 2 else math.nan
    return Pooled(
        studies=k,
        estimate=mean,
        error=error,
        adjusted_error=adjusted,
        low=mean - half,
        high=mean + half,
        tau2=tau2,
        q=q,
        p=float(chi2.sf(q, k - 1)),
        i2=tau2 / (tau2 + typical),
        next_low=mean - wide,
        next_high=mean + wide,
        weights=tuple(float(share) for share in w / w.sum()),
    )


def _mean(y: Floats, w: Floats) -> float:
    return float((w * y).sum() / w.sum())


def _reml(y: Floats, v: Floats, start: float) -> float:
    """The variance between studies that makes the restricted likelihood greatest, by Fisher scoring from `start`.

    With P = W - W 1 (1' W 1)^-1 1' W a step is (y' P P y - tr P) / tr(P P); all weights are diagonal, so these are
    sums. A step that would go below zero is halved until it does not, and zero is tried last.
    """
    tau2 = start
    for _ in range(STEPS):
        w = 1 / (v + tau2)
        s1, s2, s3 = w.sum(), (w**2).sum(), (w**3).sum()
        trace = s1 - s2 / s1
        trace_of_square = s2 - 2 * s3 / s1 + (s2 / s1) ** 2
        step = ((w**2 * (y - _mean(y, w)) ** 2).sum() - trace) / trace_of_square
        if tau2 + step < 0:
            if tau2 <= TOLERANCE * float(v.min()):
                return 0.0
            step = -tau2 / 2
        tau2 += step
        if abs(step) <= TOLERANCE * (tau2 + float(v.min())):
            return float(tau2)
    raise InputError("pool: the variance between studies was not found (REML); try --method dl")
