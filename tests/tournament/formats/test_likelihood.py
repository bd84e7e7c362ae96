"""The likelihood ratio of a normalised difference, and estimates after stopping."""

from math import log, sqrt

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from tournament.formats.likelihood import (
    ELO,
    OVERSHOOT,
    Bounds,
    cornish_fisher,
    estimate,
    expect_left,
    invert_cornish_fisher,
    log_likelihood_ratio,
)


def ratio_of(differences, low, high):
    return log_likelihood_ratio(len(differences), differences.mean(), differences.var(ddof=1), low, high)


def test_the_ratio_is_that_of_the_likelihoods_at_the_deviations_that_fit_best():
    differences = np.random.default_rng(0).normal(0.3, 1.4, size=200)
    variance = differences.var(ddof=1)
    scaled = differences.mean() + (differences - differences.mean()) * sqrt(variance / differences.var())

    def best(t):
        found = minimize_scalar(
            lambda scale: -norm.logpdf(scaled, t * np.exp(scale), np.exp(scale)).sum(), bounds=(-3, 3), method="bounded"
        )
        return -found.fun

    assert ratio_of(differences, 0.0, 0.15) == pytest.approx(best(0.15) - best(0.0), abs=1e-4)


def test_the_ratio_does_not_depend_on_the_unit_of_the_differences():
    differences = np.random.default_rng(1).normal(0.1, 1.0, size=50)
    assert ratio_of(differences, 0.0, 0.1) == pytest.approx(ratio_of(1000 * differences, 0.0, 0.1))


def test_the_ratio_changes_its_sign_with_the_differences_and_the_bounds():
    differences = np.random.default_rng(2).normal(0.1, 1.0, size=50)
    assert ratio_of(-differences, -0.1, 0.1) == pytest.approx(-ratio_of(differences, -0.1, 0.1))


def test_differences_that_are_all_zero_speak_for_the_bound_nearer_to_zero():
    assert log_likelihood_ratio(100, 0.0, 0.0, 0.0, 0.2) == pytest.approx(-2.0)
    assert log_likelihood_ratio(100, 0.0, 0.0, -0.1, 0.1) == 0.0
    assert log_likelihood_ratio(0, 0.0, 0.0, 0.0, 0.2) == 0.0


def test_differences_that_are_all_alike_have_a_finite_ratio_of_the_right_sign():
    assert log_likelihood_ratio(20, 0.5, 0.0, 0.0, 0.2) > 2
    assert log_likelihood_ratio(20, -0.5, 0.0, 0.0, 0.2) < -2


def test_bounds_are_walds_drawn_in_by_the_overshoot():
    bounds = Bounds.of(0.0, 0.1, 0.05, 16)
    assert bounds.accept == pytest.approx(log(19) - OVERSHOOT * 0.1 * 4)
    assert bounds.reject == -bounds.accept
    assert Bounds.of(0.0, 0.1, 0.05, 1e9).accept > 0


def test_a_test_with_one_look_is_estimated_as_if_it_were_of_fixed_size():
    bounds = Bounds.of(0.0, 0.2, 0.05, 100)
    ratio = 0.2 * (0.17 - 0.1) * 100  # What a mean of 0.17 deviations gives.
    found = estimate(bounds, [100], ratio)
    assert found.value == pytest.approx(0.17, abs=1e-5)
    assert found.lower == pytest.approx(0.17 - 1.959964 / 10, abs=1e-4)
    assert found.upper == pytest.approx(0.17 + 1.959964 / 10, abs=1e-4)


def test_estimates_after_stopping_are_as_often_too_low_as_too_high():
    generator = np.random.default_rng(3)
    bounds, t, step = Bounds.of(0.0, 0.15, 0.05, 20), 0.15, 20
    too_low = held = raw_too_low = 0
    for _ in range(400):
        place, looks = 0.0, []
        while True:
            place += generator.normal((t - bounds.middle) * step, sqrt(step))
            looks.append(step * (len(looks) + 1))
            ratio = place * (bounds.high - bounds.low)
            if not bounds.reject < ratio < bounds.accept:
                break
        found = estimate(bounds, looks, ratio)
        too_low += found.value < t
        held += found.lower <= t <= found.upper
        raw_too_low += place / looks[-1] + bounds.middle < t
    assert 0.44 < too_low / 400 < 0.56
    assert 0.92 < held / 400 < 0.98
    assert raw_too_low / 400 < 0.44  # The mean at stopping, uncorrected, flatters the winner.


def test_an_earlier_stop_at_the_upper_bound_means_a_larger_difference():
    bounds = Bounds.of(0.0, 0.15, 0.05, 20)
    early, late = (estimate(bounds, range(20, 20 * looks + 1, 20), bounds.accept + 0.1) for looks in (4, 12))
    assert early.value > late.value
    assert early.lower < early.value < early.upper


@pytest.mark.parametrize("t", [-0.05, 0.0, 0.05, 0.1, 0.2])
def test_the_expected_length_is_walds(t):
    generator = np.random.default_rng(4)
    bounds = Bounds(0.0, 0.1, -2.9, 2.9)
    lengths = []
    for _ in range(300):
        walk = np.cumsum(generator.normal((t - bounds.middle) * 4, 2.0, size=6000))
        ended = np.abs(walk * 0.1) >= 2.9
        lengths.append(4 * (int(ended.argmax()) + 1))
    assert expect_left(bounds, 0.0, t) == pytest.approx(np.mean(lengths), rel=0.15)
    assert expect_left(bounds, 3.0, t) == 0.0


def test_normalised_elo_is_fishtests_constant():
    assert pytest.approx(347.4356, abs=1e-3) == ELO


def test_differences_that_are_not_skewed_are_straight():
    assert cornish_fisher(0.2, 0.0, 0.0, 0.1) == pytest.approx(0.2)
    assert invert_cornish_fisher(0.2, 0.0, 0.0, 0.1) == pytest.approx(0.2)


@pytest.mark.parametrize("skewness", [-0.6, 0.6])
@pytest.mark.parametrize("t", [-0.03, 0.0, 0.05, 0.1, 0.13])
def test_the_corrected_llr_is_half_the_difference_of_the_squares_of_scores_as_good_as_normal(skewness, t):
    low, high = 0.02, 0.1

    def score(true):
        gap = t - true
        return gap + skewness * (gap**2 / 3 + true * gap / 2)

    straight = (high - low) * (cornish_fisher(t, skewness, low, high) - (high + low) / 2)
    assert straight == pytest.approx((score(low) ** 2 - score(high) ** 2) / 2, abs=2e-5)


@pytest.mark.parametrize("skewness", [-4.0, -0.5, 1e-9, 0.5, 4.0])
def test_the_cornish_fisher_correction_is_inverted(skewness):
    for t in (-3.0, -0.2, 0.0, 0.1, 2.0):
        corrected = cornish_fisher(t, skewness, -0.1, 0.3)
        assert invert_cornish_fisher(corrected, skewness, -0.1, 0.3) == pytest.approx(t, abs=1e-5)
    assert invert_cornish_fisher(np.inf, skewness, 0.0, 0.1) == np.inf
    assert invert_cornish_fisher(-np.inf, skewness, 0.0, 0.1) == -np.inf


@pytest.mark.parametrize("skewness", [-4.0, -0.5, 0.5, 4.0])
def test_skewness_never_turns_a_clear_difference_round(skewness):
    straight = [cornish_fisher(t, skewness, 0.0, 0.15) for t in np.linspace(-30, 30, 600)]
    assert (np.diff(straight) > 0).all()
    assert straight[-1] > 1 and straight[0] < -1
