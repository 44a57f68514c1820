"""Which dates of a series a network sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.learning import load
from cloudrobust.learning.batches import Series, draw, draw_once, epoch, interleave

TOTAL = 30


@pytest.fixture
def observed():
    torch.manual_seed(0)
    seen = torch.rand(40, TOTAL) < 0.7
    seen[0] = False
    seen[0, [2, 9, 11]] = True
    seen[1] = True
    return seen


def _check(dates: torch.Tensor, observed: torch.Tensor, length: int) -> None:
    assert dates.shape == (40, length)
    for row, seen in zip(dates, observed, strict=True):
        real = row[row < TOTAL]
        assert len(real) == min(length, int(seen.sum()))
        assert (row[len(real) :] == TOTAL).all()
        assert (real.diff() > 0).all()
        assert seen[real].all()


@pytest.mark.parametrize("length", [5, 12, 30])
def test_draws_are_sorted_without_replacement_and_of_observed_dates(observed, length):
    _check(draw(observed, length, torch.Generator().manual_seed(1)), observed, length)


def test_draws_are_fair_and_follow_the_generator(observed):
    generator = torch.Generator().manual_seed(1)
    counts = torch.zeros(TOTAL)
    for _ in range(300):
        counts += torch.bincount(draw(observed[1:2], 6, generator).flatten(), minlength=TOTAL)
    assert counts.min() > 0.5 * 300 * 6 / TOTAL
    assert counts.max() < 1.5 * 300 * 6 / TOTAL
    again = [draw(observed, 6, torch.Generator().manual_seed(5)) for _ in range(2)]
    assert torch.equal(*again)


@pytest.mark.parametrize("length", [5, 7, 12, 29, 30])
def test_interleaved_sets_see_every_observed_date(observed, length):
    seen = torch.zeros(40, TOTAL + 1, dtype=torch.bool)
    sets = (observed.sum(1) + length - 1) // length
    for number in range(int(sets.max())):
        dates = interleave(observed, length, (number / sets).clamp(max=0.999))
        _check(dates, observed, length)
        now = number < sets
        seen[now] |= torch.zeros(int(now.sum()), TOTAL + 1, dtype=torch.bool).scatter(1, dates[now], True)
    assert torch.equal(seen[:, :TOTAL], observed)


def test_batches_hold_the_values_of_their_dates(files):
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    series = Series.of(dataset, torch.device("cpu"))
    rows = torch.tensor([5, 2, 60])
    dates = draw(series.observed[rows], 20, torch.Generator().manual_seed(0))
    batch = series.at(rows, dates)
    normal = dataset.normalised()
    for n, row in enumerate(rows.tolist()):
        real = dates[n][dates[n] < 24].numpy()
        np.testing.assert_array_equal(batch.x[n, : len(real)], normal[row, real])
        assert batch.mask[n].sum() == len(real)
        np.testing.assert_array_equal(batch.day[n, : len(real)], dataset.day[real])
    assert batch.label.tolist() == dataset.label[rows].tolist()
    whole = series.whole(rows)
    assert torch.equal(whole.mask, series.observed[rows])


@pytest.mark.parametrize(("rows", "sizes"), [(9, [4, 5]), (8, [4, 4]), (10, [4, 4, 2]), (1, [1])])
def test_an_epoch_shows_every_row_once_and_no_batch_of_one(rows, sizes):
    batches = list(epoch(torch.arange(rows), 4, torch.Generator().manual_seed(0)))
    assert [len(b) for b in batches] == sizes
    assert sorted(torch.cat(batches).tolist()) == list(range(rows))


def test_balanced_sampling_shows_each_class_as_often_as_every_other():
    label = torch.tensor([0] * 90 + [1] * 9 + [2])
    rows = torch.arange(100) + 1000
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.cat(list(epoch(rows, 16, generator, label))) for _ in range(60)]
    assert {len(one) for one in drawn} == {100}
    counts = torch.bincount(label[torch.cat(drawn) - 1000])
    # 6000 draws with chance 1/3: five deviations of the binomial distribution
    assert (counts - 2000).abs().max() < 5 * (6000 / 3 * 2 / 3) ** 0.5
    of_class_1 = torch.bincount(torch.cat(drawn) - 1000)[90:99].double()
    assert (of_class_1 / of_class_1.sum() - 1 / 9).abs().max() < 0.03
    unchanged = torch.bincount(label[torch.cat(list(epoch(rows, 16, generator))) - 1000])
    assert unchanged.tolist() == [90, 9, 1]


def test_dates_drawn_once_depend_on_the_series_alone_and_are_fair():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(4000, 12, 3)).astype(np.float32))
    observed = torch.ones(4000, 12, dtype=torch.bool)
    observed[0, 4:] = False
    drawn = draw_once(x, observed, 5)
    assert drawn[0].tolist() == [0, 1, 2, 3, 12]
    assert (drawn[1:].diff(dim=1) > 0).all()
    assert torch.equal(draw_once(x[70:90], observed[70:90], 5), drawn[70:90])
    counts = torch.bincount(drawn[1:].flatten(), minlength=12)[:12].double() / 3999
    assert (counts - 5 / 12).abs().max() < 4 * np.sqrt(5 / 12 * 7 / 12 / 3999)
    together = np.corrcoef(np.stack([(drawn[1:] == date).any(dim=1).numpy() for date in range(12)]))
    # Of 5 of 12 dates, two are drawn together a little less often than independent ones.
    assert np.abs(together[~np.eye(12, dtype=bool)] + 1 / 11).max() < 4.5 / np.sqrt(3999)
