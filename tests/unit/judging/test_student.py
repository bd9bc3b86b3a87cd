"""Student's quantiles are those of SciPy."""

import pytest
from scipy import stats

from evergreen.judging.student import student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9, 99, 100, 101, 10_000])
@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99])
def test_students_quantile_is_that_of_scipy(degrees, confidence):
    assert student_quantile(confidence, degrees) == pytest.approx(stats.t.ppf(confidence, degrees), rel=1e-4)
