"""Quality on labelled predictions: held against the holdout, by slice, and by the metric of the task."""

import pytest

from evergreen.versions.bundle import METRICS
from functions.check_drift.result import OK
from tests.bundles import changed
from tests.integration.functions.check_drift.checking import (
    ROWS,
    answers,
    bundle_files,
    classifier,
    feedback,
    records,
    truth_of,
)

pytestmark = pytest.mark.usefixtures("in_short")


def test_without_labels_quality_is_not_known_and_never_guessed(captures):
    captures.put_records(records(ROWS))

    result = captures.result()

    assert result.quality is None
    assert result.quality_reason == (
        "0 of this version's predictions have a label, 100 are needed: send what really happened to POST /feedback"
    )
    assert result.slices == []


@pytest.mark.parametrize(("count", "known"), [(99, False), (100, True)])
def test_quality_is_known_from_the_least_number_of_labels_on(captures, count, known):
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS[:count], error=10))

    result = captures.result()

    assert (result.quality is not None) == known
    assert result.quality_reason.startswith("" if known else "99 of this version's predictions have a label")


@pytest.mark.parametrize("told", ["no", "yes"])
def test_labels_of_one_class_alone_say_why_quality_is_not_known(captures, told):
    captures.put_records(records(answers(ROWS, {"no": 0.75, "yes": 0.25})))
    captures.put_feedback(feedback({item["prediction_id"]: told for item in ROWS}))

    result = captures.result(files=classifier("roc_auc"))

    assert (result.quality, result.slices) == (None, [])
    assert "roc_auc tells the rows of yes from others" in result.quality_reason


@pytest.mark.parametrize(("error", "fell"), [(10, False), (5, False), (40, True)])
def test_quality_is_held_against_the_holdout(captures, error, fell):
    """Whose predictions are off by ten."""
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS, error=error))

    quality = captures.result().quality

    assert quality["metric"] == "mae"
    assert quality["live"] == pytest.approx(error)
    assert quality["promised"] == pytest.approx(10)
    assert (quality["labels"], quality["fell"]) == (400, fell)
    assert quality["low"] <= quality["live"] <= quality["high"]


def test_a_slice_of_fewer_than_ten_labels_is_told_with_the_others(captures):
    """What the value of a feature is may tell of one person."""
    rows = ROWS[:14]
    for place, item in enumerate(rows):
        rows[place] = {**item, "features": {**item["features"], "city": "Austin" if place < 10 else f"city {place}"}}
    captures.put_records(records(rows))
    captures.put_feedback(truth_of(rows, error=5))

    slices = captures.result(files=bundle_files(quality={"slices": ["city"]})).slices

    assert [(part.slice, part.labels) for part in slices] == [
        ("city (others)", 4),
        ("city Austin", 10),
        ("version v2", 14),
    ]


def test_slices_give_the_metric_by_feature_and_by_version(captures):
    errors = {"Austin": 5.0, "Dallas": 20.0, "Waco": 80.0}
    mine, theirs = ROWS[:200], ROWS[200:300]
    captures.put_records(records(mine))
    captures.put_records(records(theirs, version="v1"))
    for city, error in errors.items():
        captures.put_feedback(truth_of([item for item in mine if item["features"]["city"] == city], error=error))
    captures.put_feedback(truth_of(theirs, error=40))

    result = captures.result(files=bundle_files(quality={"slices": ["city", "zip"]}))

    counts = {city: sum(item["features"]["city"] == city for item in mine) for city in errors}
    of_mine = sum(errors[city] * count for city, count in counts.items()) / 200
    assert [(part.slice, part.labels) for part in result.slices] == [
        *((f"city {city}", count) for city, count in counts.items()),
        ("version v1", 100),
        ("version v2", 200),
    ]
    assert [part.live for part in result.slices] == pytest.approx([*errors.values(), 40, of_mine])
    # What the champion is judged by are its own predictions.
    assert result.quality["labels"] == 200
    assert result.quality["live"] == pytest.approx(of_mine)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "f1_macro"])
@pytest.mark.parametrize(("share_of_no", "fell"), [(75, False), (25, True)])
def test_a_classifier_is_judged_by_its_own_metric(captures, metric, share_of_no, fell):
    rows = answers(ROWS, {"yes": 0.25, "no": 0.75})
    captures.put_records(records(rows))
    captures.put_feedback(
        feedback(
            {item["prediction_id"]: "no" if number % 100 < share_of_no else "yes" for number, item in enumerate(rows)}
        )
    )

    result = captures.result(files=classifier(metric))

    assert result.status == OK
    assert result.prediction["name"] == "(prediction)"
    assert (result.quality["labels"], result.quality["fell"]) == (400, fell)
    if metric == "accuracy":
        assert (result.quality["promised"], result.quality["live"]) == (0.75, share_of_no / 100)


def decisive(costs) -> dict[str, bytes]:
    """The classifier, with a decision of which its metrics tell."""
    promised = {"true_positive": 0, "false_positive": 0, "false_negative": 150, "true_negative": 450}
    decision = {"positive": "yes", "costs": costs, "holdout": {**promised, "precision": None, "recall": 0.0}}
    return changed(classifier("accuracy"), METRICS, decision=decision)


def test_live_decisions_are_counted_beside_those_of_the_holdout(captures):
    said = [*answers(ROWS[:120], {"no": 0.4, "yes": 0.6}), *answers(ROWS[120:], {"no": 0.9, "yes": 0.1})]
    captures.put_records(records(said))
    truth = {item["prediction_id"]: "yes" if number < 90 or number >= 390 else "no" for number, item in enumerate(said)}
    captures.put_feedback(feedback(truth))

    costs = {"false_positive": 1.0, "false_negative": 20.0}
    found = captures.result(files=decisive(costs)).decision

    assert found["live"] == {
        "true_positive": 90,
        "false_positive": 30,
        "false_negative": 10,
        "true_negative": 270,
        "precision": 0.75,
        "recall": 0.9,
        "cost": (30 + 20 * 10) / 400,
    }
    assert (found["positive"], found["promised"]["false_negative"]) == ("yes", 150)
    assert "cost" not in captures.result(files=decisive(None)).decision["live"]
    assert captures.result(files=classifier("accuracy")).decision is None


def test_an_earlier_version_may_have_known_other_classes(captures):
    rows = answers(ROWS[:50], {"no": 0.6, "perhaps": 0.4})
    captures.put_records(records(rows, version="v1"))
    captures.put_feedback(feedback({item["prediction_id"]: "yes" for item in rows}))

    (part,) = captures.result(files=classifier("log_loss")).slices

    # A class that it did not know costs the most: minus the logarithm of the float64 epsilon.
    assert (part.slice, part.labels) == ("version v1", 50)
    assert part.live == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("metric", ["mape", "mae", "rmse"])
def test_one_wild_label_of_a_hundred_makes_no_fall_and_is_named(captures, metric):
    captures.put_records(records(ROWS))
    truth = truth_of(ROWS, error=10)
    for label in truth["labels"][:4]:
        # Under mape, a truth of 0 costs 10 to the power of 17.
        label["actual"] = 0 if metric == "mape" else 1e9
    captures.put_feedback(truth)

    result = captures.result(files=bundle_files(metric=metric))

    assert not result.quality["fell"]
    assert result.quality["wild"] == 4
    assert result.quality["live"] <= 1.1 * result.quality["promised"]
    assert result.notes[0].startswith(
        f"4 labels of those that cost most count as the worst of the others; with them, {metric} would be "
    )
    (part,) = result.slices
    assert part.live == pytest.approx(result.quality["live"])


def test_labels_far_outside_the_holdouts_truths_count_and_are_named(captures):
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS, error=5000))

    result = captures.result()

    assert result.quality["fell"]
    assert result.quality["wild"] == 0
    assert result.notes[0].startswith("400 labels outside ")


def test_labels_that_repeat_the_prediction_are_named_and_shown_by_who_told_them(captures):
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS[:100], error=40, caller="arn:aws:iam::1:role/honest"))
    captures.put_feedback(truth_of(ROWS[100:], error=0, caller="arn:aws:iam::1:role/copies"))

    result = captures.result()

    assert not result.quality["fell"]
    assert result.notes == ["75% of the labels equal their prediction exactly, 0% on the holdout do"]
    assert {(part.slice, part.labels, round(part.live)) for part in result.slices} == {
        ("version v2", 400, 10),
        ("labels from arn:aws:iam::1:role/copies", 300, 0),
        ("labels from others", 100, 40),
    }
