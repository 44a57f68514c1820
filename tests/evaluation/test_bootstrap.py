"""The bootstrap: against scipy's, against known coverage, and on whole groups."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from cloudrobust.evaluation.bootstrap import interval, mean_interval, paired_interval, resampled, unit_counts


def made(
    seed: int, first: float, second: float, parcels: int = 300, seeds: int = 3, effect: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Right answers of two branches whose difficult parcels are partly the same; `effect`: deviation of the seeds."""
    generator = np.random.default_rng(seed)
    ease = generator.normal(0, 0.7, parcels)

    def answers(share: float) -> np.ndarray:
        level = np.sqrt(1.49 + effect**2) * scipy.stats.norm.ppf(share) + generator.normal(0, effect, (seeds, 1))
        return np.asarray(generator.normal(0, 1, (seeds, parcels)) < ease + level)

    return answers(first), answers(second)


def test_one_seed_and_single_parcels_give_scipys_interval() -> None:
    first, second = made(1, 0.8, 0.7, seeds=1)
    found = paired_interval(first, second, resamples=6000)
    difference = first[0].astype(float) - second[0]
    theirs = scipy.stats.bootstrap(
        (difference,), np.mean, n_resamples=6000, method="percentile", vectorized=True, rng=np.random.default_rng(0)
    )
    assert found.estimate == pytest.approx(difference.mean())
    assert found.error == pytest.approx(theirs.standard_error, rel=0.05)
    assert found.low == pytest.approx(theirs.confidence_interval.low, abs=0.005)
    assert found.high == pytest.approx(theirs.confidence_interval.high, abs=0.005)


def test_with_few_units_it_is_students_interval() -> None:
    means = np.random.default_rng(2).normal(0.1, 1, 6)
    values, groups = np.repeat(means, 4)[None], np.repeat(np.arange(6), 4)
    found = paired_interval(values, np.zeros_like(values), groups, resamples=20000)
    theirs = scipy.stats.ttest_1samp(means, 0)
    ends = theirs.confidence_interval(0.95)
    assert found.freedom == pytest.approx(5)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=0.05)
    assert 2 * min(found.above, 1 - found.above) == pytest.approx(theirs.pvalue, rel=0.05)


@pytest.mark.parametrize("blocks", [4, 6, 10, 40])
def test_few_blocks_are_covered_too(blocks: int) -> None:
    """Parcels alike in blocks, and seeds that differ: 300 samples, so 93 % is two standard errors below 95 %."""
    generator, groups = np.random.default_rng(blocks), np.repeat(np.arange(blocks), 5)
    covered = 0
    for sample in range(300):
        alike = generator.normal(0, 1, blocks)[groups] + generator.normal(0, 1, len(groups))
        of_seeds = generator.normal(0, 0.2, (3, 1)) + generator.normal(0, 1, (3, len(groups)))
        found = paired_interval(alike + of_seeds, np.zeros((3, len(groups))), groups, resamples=200, seed=sample)
        covered += found.low <= 0 <= found.high
    assert covered >= 0.925 * 300


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    truth = 0.8 - 0.72
    found = [paired_interval(*made(seed, 0.8, 0.72, seeds=1), resamples=400, seed=seed) for seed in range(200)]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.91 <= covered <= 0.985  # 95 % within twice its standard error over 200 samples, and a little less


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_the_standard_error_is_the_spread_over_parcels_and_seeds(effect: float) -> None:
    found = [
        paired_interval(*made(seed, 0.8, 0.72, seeds=6, effect=effect), resamples=200, seed=seed) for seed in range(150)
    ]
    spread = np.std([one.estimate for one in found], ddof=1)
    assert np.sqrt(np.mean([one.error**2 for one in found])) == pytest.approx(spread, rel=0.2)


def test_parcels_that_are_alike_in_groups_need_the_groups() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    covered = {"single": 0, "groups": 0}
    for seed in range(100):
        values = np.repeat(generator.normal(0, 1, 40), 10) + generator.normal(0, 0.3, 400)
        for name, of in (("single", None), ("groups", groups)):
            one = paired_interval(values, np.zeros(400), of, resamples=300, seed=seed)
            covered[name] += one.low <= 0 <= one.high
    assert covered["groups"] >= 88
    assert covered["single"] < 70


def test_groups_of_one_are_single_parcels() -> None:
    first, second = made(2, 0.8, 0.7)
    names = np.array([f"{n:03d}" for n in range(first.shape[1])])
    assert paired_interval(first, second, names) == paired_interval(first, second)


def test_equal_branches_may_differ_on_two_other_parcels() -> None:
    first, _ = made(3, 0.8, 0.7, seeds=1)
    found = paired_interval(first, first)
    assert (found.estimate, found.above) == (0.0, 0.5)
    assert found.high == -found.low == pytest.approx(scipy.stats.t.ppf(0.975, 299) * np.sqrt(2) / 300)
    assert not found.excludes_zero


def test_where_all_are_right_the_interval_is_no_point() -> None:
    found = mean_interval(np.ones((2, 50)))
    assert (found.estimate, found.high) == (1.0, 1.0)
    assert 0.95 < found.low < 0.97


def sets_of_scores() -> list[np.ndarray]:
    """(seed, parcel) answers that are constant or nearly so: every share of right ones, alike or one apart in seeds."""
    sets = []
    for seeds in (1, 2, 3):
        for parcels in (2, 3, 7, 83):
            for right in range(0, parcels + 1, 1 if parcels < 83 else 6):
                same = np.zeros((seeds, parcels))
                same[:, :right] = 1
                apart = same.copy()
                apart[0, right % parcels] = 1 - apart[0, right % parcels]
                elsewhere = np.stack([np.roll(row, shift) for shift, row in enumerate(same)])
                sets += [same, apart, elsewhere, same / 3, elsewhere * 0.1 + 1e-17]
    return sets


@pytest.mark.parametrize("blocks", [None, 2, 3])
def test_no_interval_is_nan_without_a_sentence(blocks: int | None) -> None:
    for values in sets_of_scores():
        groups = None if blocks is None else np.arange(values.shape[1]) % blocks
        with np.errstate(all="raise", under="ignore"):
            found = [
                mean_interval(values, groups, resamples=20),
                paired_interval(values, values[:1], groups, resamples=20),
            ]
        for one in found:
            assert np.isfinite(one.estimate)
            assert one.note or np.isfinite([one.low, one.high, one.error, one.above, one.freedom]).all()
            assert one.note or one.low < one.estimate < one.high or one.estimate in (0, 1)


def test_a_single_unit_says_why_it_has_no_interval() -> None:
    found = mean_interval(np.array([[1.0, 0.0, 1.0]]), ["a", "a", "a"])
    assert np.isnan(found.low)
    assert "cannot show how others differ" in found.note
    assert "not defined" in interval(np.nan, np.array([0.1, 0.2]), 5).note
    assert "fewer than two draws" in interval(0.1, np.array([0.1, np.nan]), 5).note


def test_the_difference_is_the_negative_of_the_one_turned_round() -> None:
    first, second = made(4, 0.85, 0.7, seeds=1)
    one, other = paired_interval(first, second), paired_interval(second, first)
    assert one.excludes_zero
    assert (one.estimate, one.low) == pytest.approx((-other.estimate, -other.high))
    assert one.above == pytest.approx(1 - other.above)


def test_seeds_that_differ_widen_the_interval() -> None:
    same = np.zeros((3, 200))
    same[:, :150] = 1
    apart = same.copy()
    apart[0, :180], apart[2, 120:] = 1, 0
    assert mean_interval(apart).error > 1.5 * mean_interval(same).error


def test_every_draw_has_as_many_units_as_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(unit_counts(50, 40, seed=7)))
    assert (whole.sum(axis=1) == 50).all()
    monkeypatch.setattr("cloudrobust.evaluation.bootstrap.AT_ONCE", 150)
    parts = list(unit_counts(50, 40, seed=7))
    assert len(parts) > 10
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_statistic_that_a_draw_lacks_is_left_out_of_the_interval() -> None:
    found = interval(0.5, np.array([0.4, np.nan, 0.6]), 11)
    assert found.error == pytest.approx(np.sqrt(0.02 * 11 / 10))
    assert np.isnan(interval(np.nan, np.array([np.nan]), 11).low)


def test_unequal_parcels_are_refused() -> None:
    with pytest.raises(ValueError, match="same parcels; there are 5 and 4"):
        paired_interval(np.ones((1, 5)), np.ones((1, 4)))
    with pytest.raises(ValueError, match="3 parcels have a group, but there are 5"):
        resampled([np.ones((1, 5, 1))], lambda sums: sums[:, 0], ["a", "b", "c"])
