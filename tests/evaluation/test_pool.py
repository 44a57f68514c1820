"""Pooling against published results and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from statsmodels.stats.meta_analysis import combine_effects

from cloudrobust.errors import InputError
from cloudrobust.evaluation.pool import pool

# Vaccinated with and without tuberculosis, then the same of controls: Colditz et al. 1994, JAMA 271:698-702, as in
# van Houwelingen et al. 2002, Statistics in Medicine 21:589-624, table I.
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
        (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
        (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ],
    float,
)  # fmt: skip


def log_risk_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = BCG.T
    return np.log(a / (a + b) / (c / (c + d))), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def test_the_bcg_trials_as_metafor_publishes_them() -> None:
    """metafor's documentation (Viechtbauer 2010), rma(yi, vi, data=dat) with REML."""
    found = pool(*log_risk_ratios())
    assert round(found.tau2, 4) == 0.3132
    assert round(found.estimate, 4) == -0.7145
    assert round(found.error, 4) == 0.1798
    assert round(100 * found.i2, 2) == 92.22
    assert round(found.q, 4) == 152.2330
    assert found.p < 1e-4


def test_dersimonian_and_laird_as_statsmodels_has_it() -> None:
    y, s = log_risk_ratios()
    found = pool(y, s, method="dl")
    peer = combine_effects(y, s**2, method_re="dl", use_t=True)
    assert found.tau2 == pytest.approx(peer.tau2)
    assert found.estimate == pytest.approx(peer.mean_effect_re)
    assert found.error == pytest.approx(peer.sd_eff_w_re)
    assert found.adjusted_error == pytest.approx(peer.sd_eff_w_re_hksj)
    assert (found.q, found.i2) == (pytest.approx(peer.q), pytest.approx(peer.i2))
    assert (found.low, found.high) == pytest.approx(peer.conf_int()[3])
    assert found.weights == pytest.approx(peer.weights_rel_re)


@pytest.mark.parametrize("seed", range(6))
def test_reml_is_where_the_restricted_likelihood_is_greatest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(3, 15))
    s = rng.uniform(0.01, 0.05, k)
    y = rng.normal(0.02, math.hypot(0.02 * (seed % 3), 0.03), k)

    def loss(tau2: float) -> float:
        w = 1 / (s**2 + tau2)
        mean = (w * y).sum() / w.sum()
        return float(0.5 * (-np.log(w).sum() + math.log(w.sum()) + (w * (y - mean) ** 2).sum()))

    best = minimize_scalar(loss, bounds=(0, 0.1), method="bounded", options={"xatol": 1e-12}).x
    found = pool(y, s).tau2
    assert loss(found) <= loss(best) + 1e-9
    assert found == pytest.approx(best, abs=1e-6)


def test_the_prediction_interval_holds_the_next_region_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    held, times = 0, 600
    for _ in range(times):
        s = rng.uniform(0.01, 0.03, 8)
        true = rng.normal(0.03, 0.04, 9)
        found = pool(rng.normal(true[:8], s), s)
        held += found.next_low < true[8] < found.next_high
    assert 0.92 < held / times < 0.98


def test_studies_that_agree_have_no_variance_between_them() -> None:
    found = pool([0.02, 0.021, 0.019], [0.01, 0.01, 0.01])
    assert found.tau2 == 0
    assert found.i2 == 0
    assert found.estimate == pytest.approx(0.02)


def test_two_studies_say_nothing_of_a_third_region() -> None:
    found = pool([0.02, 0.05], [0.01, 0.01])
    assert math.isnan(found.next_low)
    assert found.low < 0.035 < found.high


@pytest.mark.parametrize(
    ("estimates", "errors", "words"),
    [
        ([0.1], [0.1], "at least two studies"),
        ([0.1, 0.2], [0.1, 0.0], "standard error above zero"),
        ([0.1, math.nan], [0.1, 0.1], "needs a difference"),
    ],
)
def test_what_cannot_be_pooled_is_said(estimates: list, errors: list, words: str) -> None:
    with pytest.raises(InputError, match=words):
        pool(estimates, errors)
