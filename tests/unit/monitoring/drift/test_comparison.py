"""What a comparison names, and why; and what it does not."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from evergreen.contract.date_form import DAY
from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.monitoring.drift.comparison import PREDICTION, compare, compared_features, in_season
from evergreen.monitoring.drift.rule import significance
from evergreen.settings.sections import DriftSettings

# A check a day: at this rate one in a hundred may name a feature.
RULE = DriftSettings(false_alarms_per_year=3.6525)
CITY = Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Austin", "Dallas", "Waco"))
ROOMS = Feature(name="rooms", type=NUMBER, missing_allowed=True, minimum=1, maximum=9)
AREA = Feature(name="area", type=NUMBER, missing_allowed=True, minimum=0, maximum=1000)
FEATURES = (CITY, ROOMS, AREA)


def rows(count: int, *, seed: int) -> pd.DataFrame:
    """Of one distribution, whatever the seed."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "city": generator.choice(np.array(CITY.categories, object), count, p=[0.6, 0.3, 0.1]),
            "rooms": generator.integers(1, 10, count).astype(float),
            "area": generator.uniform(0, 1000, count),
        }
    )


REFERENCE = rows(1000, seed=0)


def reasons(current: pd.DataFrame, *, reference: pd.DataFrame = REFERENCE, rule=RULE, features=FEATURES) -> dict:
    """Of the features that have drifted, by name."""
    found = compare(reference, current, features, rule)
    return {feature.name: feature.reasons for feature in found.features if feature.drifted}


def test_a_feature_that_has_shifted_is_named_with_its_reason_and_no_other_one_is():
    current = rows(400, seed=1)
    current["area"] = current["area"] / 2 + 500

    (named,) = reasons(current).items()

    assert named[0] == "area"
    assert "median" in named[1][0]
    comparison = compare(REFERENCE, current, FEATURES, RULE)
    assert comparison.share == pytest.approx(1 / 3)
    # Half of the reference lies below the current minimum.
    assert {item.name: item.distance for item in comparison.features}["area"] == pytest.approx(0.5, abs=0.05)


def test_of_a_date_only_whether_it_is_there_is_compared():
    """Requests of next year all lie outside the training range, and a day's requests may all have one date."""
    sold = Feature(name="sold", type=DATE, form=DAY, missing_allowed=True, minimum=0.0, maximum=1e9)
    before = pd.DataFrame({"sold": ["2020-01-01", "2021-06-30", None, "2022-03-01"] * 250})
    later = pd.DataFrame({"sold": ["2031-01-01"] * 300 + [None] * 100})
    gone = pd.DataFrame({"sold": [None] * 380 + ["2031-01-01"] * 20})

    assert reasons(later, reference=before, features=[sold]) == {}
    assert "missing" in reasons(gone, reference=before, features=[sold])["sold"][0]


def test_a_comparison_without_drift_names_a_feature_once_in_a_hundred_times_or_less():
    named = sum(bool(reasons(rows(200, seed=seed), reference=rows(500, seed=-seed % 2**32))) for seed in range(1, 151))

    # Of 150 at 1%, chance lets more than 4 happen in 2% of the cases.
    assert named <= 4


def test_values_that_begin_to_be_missing_are_drift_although_those_present_are_the_same():
    current = pd.concat([REFERENCE] * 5, ignore_index=True)
    # A fifth of the rows, and every one of the reference's values is missing once.
    current.loc[: len(REFERENCE) - 1, ["rooms", "city"]] = None

    assert reasons(current) == {
        "city": ("20% of the rows are missing, 0% in the reference",),
        "rooms": ("20% of the rows are missing, 0% in the reference",),
    }


def test_values_that_were_missing_already_are_no_drift():
    reference, current = REFERENCE.copy(), rows(400, seed=1)
    reference.loc[::5, "rooms"] = None
    current.loc[::5, "rooms"] = None

    assert reasons(current, reference=reference) == {}


def test_a_category_that_training_never_saw_is_drift():
    current = rows(400, seed=1)
    current.loc[::10, "city"] = "El Paso"

    assert "10% of the rows are of a category that training never saw, 0% in the reference" in reasons(current)["city"]


def test_categories_that_training_saw_but_the_reference_lacks_are_not_called_unseen():
    reference, current = rows(1000, seed=0), rows(400, seed=1)
    reference["city"] = "Austin"

    (reason,) = reasons(current, reference=reference)["city"]
    assert "'Austin' is" in reason
    assert "never saw" not in reason


def test_values_outside_the_training_range_are_drift():
    current = rows(400, seed=1)
    # Every tenth row: fewer than the test of the whole distribution would mind.
    current.loc[::10, "area"] = 1001

    assert "10% of the rows are outside the training range 0 to 1000, 0% in the reference" in reasons(current)["area"]


def test_values_at_the_ends_of_the_training_range_are_within_it():
    current = REFERENCE.copy()
    current["rooms"] = np.where(current["rooms"] < 5, 1.0, 9.0)

    assert not any("range" in reason for reason in reasons(current)["rooms"])


def test_a_feature_without_a_known_range_is_never_outside_of_it():
    unlimited = Feature(name="area", type=NUMBER, missing_allowed=True)
    current = REFERENCE.copy()
    current.loc[::10, "area"] = 1e9

    (reason,) = reasons(current, features=(unlimited,)).get("area", ("",))
    assert "range" not in reason


def test_a_difference_that_is_certain_but_small_is_no_drift():
    """At a hundred thousand rows a shift of 3% has a p-value of 1e-39."""
    count = 100_000
    reference = pd.DataFrame({"area": np.linspace(0, 1000, count)})
    current = reference.copy()
    current.loc[: count * 3 // 100 - 1, "area"] = 1000.0

    def moved(smallest_shift: float) -> bool:
        rule = DriftSettings(smallest_shift=smallest_shift)
        return bool(reasons(current, reference=reference, rule=rule, features=(AREA,)))

    assert moved(0.02)
    assert not moved(0.04)
    assert not moved(RULE.smallest_shift)


def test_the_more_is_tested_the_less_likely_a_difference_must_be():
    """One that chance shows once in a hundred to once in a thousand times: drift alone, but not among ten."""
    table = [[500, 500], [123, 77]]
    p_value = fisher_exact(table).pvalue
    assert significance(RULE) / 10 < p_value < significance(RULE)
    columns = [
        Feature(name=f"x{number}", type=CATEGORY, missing_allowed=False, categories=("a", "b")) for number in range(10)
    ]
    same = {column.name: ["a", "b"] * 500 for column in columns[1:]}
    reference = pd.DataFrame({"x0": ["a"] * 500 + ["b"] * 500, **same})
    current = pd.DataFrame({"x0": ["a"] * 123 + ["b"] * 77, **{name: values[:200] for name, values in same.items()}})

    assert list(reasons(current, reference=reference, features=columns[:1])) == ["x0"]
    assert reasons(current, reference=reference, features=columns) == {}


def test_every_test_counts_that_of_missing_values_too():
    """A difference that is drift among six tests, and not among the twelve that missing values make of them."""
    p_value = fisher_exact([[500, 500], [125, 75]]).pvalue
    assert significance(RULE) / 12 < p_value < significance(RULE) / 6
    columns = [
        Feature(name=f"x{number}", type=CATEGORY, missing_allowed=True, categories=("a", "b")) for number in range(6)
    ]
    same = {column.name: ["a", "b"] * 500 for column in columns[1:]}
    reference = pd.DataFrame({"x0": ["a"] * 500 + ["b"] * 500, **same})
    current = pd.DataFrame({"x0": ["a"] * 125 + ["b"] * 75, **{name: values[:200] for name, values in same.items()}})

    def named(missing: int) -> list[str]:
        """With as many more rows on each side that have no value at all."""
        frames = (
            pd.concat([frame, pd.DataFrame(None, range(missing), frame.columns, object)])
            for frame in (reference, current)
        )
        before, now = frames
        return list(reasons(now, reference=before, features=columns))

    assert named(0) == ["x0"]
    # One of a thousand, and of two hundred: too few to be drift themselves.
    assert named(1) == []


def test_a_column_of_which_nothing_is_left_is_drift():
    current = rows(400, seed=1)
    current["rooms"] = np.nan
    current["city"] = None

    assert reasons(current) == {
        "city": ("100% of the rows are missing, 0% in the reference",),
        "rooms": ("100% of the rows are missing, 0% in the reference",),
    }


def test_a_column_that_was_always_missing_is_no_drift_and_its_first_values_are():
    reference = REFERENCE.assign(rooms=np.nan)

    assert reasons(rows(400, seed=1).assign(rooms=np.nan), reference=reference) == {}
    assert list(reasons(rows(400, seed=1), reference=reference)) == ["rooms"]


def test_a_column_of_one_value_has_drifted_when_it_takes_another_one():
    reference = REFERENCE.assign(rooms=3.0, city="Waco")

    assert reasons(rows(400, seed=1).assign(rooms=3.0, city="Waco"), reference=reference) == {}
    moved = reasons(rows(400, seed=1).assign(rooms=4.0, city="Austin"), reference=reference)
    assert moved["rooms"] == ("0% of the rows are at most 3, 100% in the reference; median 3 → 4",)
    assert moved["city"] == ("'Austin' is 100% of the rows, 0% in the reference",)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (np.linspace(0, 10, 1000), np.linspace(5, 15, 400)),
        (np.array(["small", "large"] * 500, object), np.array(["small"] * 400, object)),
    ],
)
def test_predictions_are_compared_but_not_counted_among_the_features(before, now):
    reference, current = REFERENCE.assign(**{PREDICTION: before}), rows(400, seed=1).assign(**{PREDICTION: now})

    comparison = compare(reference, current, FEATURES, RULE)

    assert comparison.prediction.drifted
    assert comparison.prediction.distance == pytest.approx(0.5, abs=0.01)
    assert [feature.name for feature in comparison.features] == ["city", "rooms", "area"]
    assert comparison.share == 0


def test_predictions_that_only_one_side_has_are_not_compared():
    with_predictions = REFERENCE.assign(**{PREDICTION: 1.0})

    assert compare(with_predictions, rows(400, seed=1), FEATURES, RULE).prediction is None
    assert compare(REFERENCE, with_predictions, FEATURES, RULE).prediction is None


def test_features_that_are_left_out_and_the_season_are_not_compared():
    rule = DriftSettings(leave_out=["area"], season="rooms")

    assert compared_features(FEATURES, rule) == [CITY]
    assert compared_features(FEATURES, RULE) == list(FEATURES)


def test_the_season_picks_the_reference_rows_that_have_one_of_the_windows_values():
    season = DriftSettings(season="rooms")
    window = pd.DataFrame({"rooms": [2.0, 5.0, 2.0, np.nan]})

    picked = in_season(REFERENCE, window, season)

    expected = [row for row in REFERENCE.index if REFERENCE["rooms"][row] in (2.0, 5.0)]
    assert list(picked.index) == expected
    assert 0 < len(picked) < len(REFERENCE)


def test_the_season_may_be_a_category():
    window = pd.DataFrame({"city": pd.Categorical(["Waco", None])})

    assert set(in_season(REFERENCE, window, DriftSettings(season="city"))["city"]) == {"Waco"}


def test_without_a_season_or_without_its_column_the_whole_reference_is_taken():
    assert in_season(REFERENCE, REFERENCE.head(1), RULE) is REFERENCE
    assert in_season(REFERENCE, REFERENCE.head(1).drop(columns="rooms"), DriftSettings(season="rooms")) is REFERENCE


def test_what_looks_like_drift_is_the_season():
    """Big houses are sold in summer: a summer month against the year has drifted, against the summer it has not."""
    summer = Feature(name="summer", type=CATEGORY, missing_allowed=False, categories=("no", "yes"))
    year = REFERENCE.assign(summer=np.where(REFERENCE["area"] > 500, "yes", "no"))
    month = rows(800, seed=1).assign(summer="yes")
    month = month[month["area"] > 500]
    rule = DriftSettings(season="summer")

    assert "area" in reasons(month, reference=year)
    features = compared_features((*FEATURES, summer), rule)
    assert reasons(month, reference=in_season(year, month, rule), rule=rule, features=features) == {}


def test_categories_that_a_column_could_have_but_has_not_are_nothing():
    """As a window stores them: the categories of all its rows, of which a part has been taken out."""
    stored = rows(400, seed=1)
    stored["city"] = pd.Categorical(stored["city"], categories=["Austin", "Dallas", "El Paso", "Waco"])

    assert reasons(stored) == {}


def test_without_any_feature_nothing_has_drifted():
    assert compare(REFERENCE, rows(400, seed=1), [], RULE).share == 0
