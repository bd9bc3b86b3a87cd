"""Student's t is that of SciPy."""

import pytest
from scipy import stats

from evergreen.judging.student import normal_score, student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9, 99, 100, 101, 10_000])
@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99])
def test_students_quantile_is_that_of_scipy(degrees, confidence):
    assert student_quantile(confidence, degrees) == pytest.approx(stats.t.ppf(confidence, degrees), rel=1e-4)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9, 99, 100, 101, 10_000])
@pytest.mark.parametrize("statistic", [-4.0, -0.3, 0.0, 0.5, 1.0, 3.0])
def test_a_normal_score_is_as_improbable_as_the_statistic(degrees, statistic):
    expected = stats.norm.isf(stats.t.sf(statistic, degrees))

    assert normal_score(statistic, degrees) == pytest.approx(expected, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize("degrees", [5, 100])
def test_a_statistic_beyond_all_probability_has_a_finite_score(degrees):
    assert 3 < normal_score(1e9, degrees) < 9
    assert normal_score(-1e9, degrees) == -normal_score(1e9, degrees)
