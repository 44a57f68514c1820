"""The loss that training watches, against the temperature scaling of the evaluation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from cloudrobust.evaluation.calibration import fit_temperature, temper
from cloudrobust.learning.refinement import refined_loss


@pytest.fixture
def answers():
    random = np.random.default_rng(3)
    label = random.integers(0, 4, 300)
    logits = random.normal(size=(300, 4)) + 1.5 * np.eye(4)[label]
    return logits, label


@pytest.mark.parametrize("sharpened", [0.3, 1.0, 2.0])
def test_it_is_the_loss_after_temperature_scaling(answers, sharpened):
    logits, label = answers
    p = torch.softmax(torch.from_numpy(sharpened * logits), 1).numpy()
    expected = log_loss(label, temper(p, fit_temperature(p, label)), labels=range(4))
    assert refined_loss(torch.from_numpy(np.log(p)), torch.from_numpy(label)) == pytest.approx(expected, rel=1e-5)


def test_overconfidence_does_not_change_it(answers):
    logits, label = (torch.from_numpy(values) for values in answers)
    plain, sure = refined_loss(logits, label), refined_loss(5 * logits, label)
    assert plain == pytest.approx(sure, rel=1e-6)
    cross_entropy = torch.nn.functional.cross_entropy
    assert plain < cross_entropy(logits, label) < cross_entropy(5 * logits, label)


def test_classes_count_by_their_weights(answers):
    logits, label = (torch.from_numpy(values) for values in answers)
    only = torch.tensor([1.0, 0.0, 0.0, 1.0])
    some = (label == 0) | (label == 3)
    assert refined_loss(logits, label, only) == pytest.approx(refined_loss(logits[some], label[some]), rel=1e-6)


def test_perfect_answers_and_a_single_class_have_a_finite_loss():
    label = torch.arange(3)
    assert 0 <= refined_loss(5 * torch.eye(3), label) < 1e-6
    assert refined_loss(torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64)) == 0
