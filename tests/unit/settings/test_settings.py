"""model.toml: what is refused, and whether the message leads to the right line."""

import re
from pathlib import Path

import pytest

from cli import reference
from evergreen.errors import InvalidSettings
from evergreen.settings.model_toml import read_settings

CHECKOUT = Path(__file__).parents[3]
GOOD = (CHECKOUT / "model.toml").read_text()


def read(folder: Path, text: str):
    file = folder / "model.toml"
    file.write_text(text)
    return read_settings(file)


def test_the_demo_model_is_read(tmp_path):
    settings = read(tmp_path, GOOD)

    assert settings.name == "texas-house-prices"
    assert settings.data.target == "median"
    assert settings.data.leave_out == ["volume", "date"]
    assert settings.split.by == "date"
    assert settings.estimator.parameters == {"max_iter": 200}


def test_sections_that_are_left_out_get_defaults(tmp_path):
    settings = read(tmp_path, 'name = "a"\n[data]\npath = "a.csv"\ntarget = "y"\n[split]\nby = "day"\n')

    assert settings.split.holdout == 0.2
    assert settings.estimator.type == "hist_gradient_boosting"
    assert settings.alarms.rejected_share == 0.1


def test_a_whole_number_serves_as_a_number(tmp_path):
    assert read(tmp_path, GOOD.replace("= 500", "= 750")).alarms.latency_p99_ms == 750.0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("target =", "targt =", ["data.targt", "unknown key", "did you mean target"]),
        ("metric =", "metrics =", ["metrics", "did you mean metric"]),
        ("[split]", "[splot]", ["splot", "did you mean split"]),
        ('"mape"', '"mapy"', ["metric", "one of mape, mae, rmse", "'mapy'"]),
        ('"regression"', '"clustering"', ["task", "one of regression"]),
        ('"hist_gradient_boosting"', '"svm"', ["estimator.type", "hist_gradient_boosting"]),
        ("holdout = 0.2", 'holdout = "much"', ["split.holdout", "must be a number", "'much'"]),
        ("holdout = 0.2", "holdout = 1.5", ["split.holdout", "between 0 and 1"]),
        ("seed = 0", "seed = true", ["seed", "must be a whole number"]),
        ('["volume", "date"]', '["volume", 3]', ["data.leave_out", "a list of text"]),
        ('["volume", "date"]', '["median"]', ["data.leave_out", "target 'median'"]),
        ("leave_out = [", "longest_text = 0\nleave_out = [", ["data.longest_text", "between 1 and 10000, got 0"]),
        ("leave_out = [", 'group = "median"\nleave_out = [', ["data.group", "another column than the target"]),
        ('"texas-house-prices"', '"Texas Prices"', ["name", "lower-case"]),
        ("rejected_share = 0.1", "rejected_share = 10", ["alarms.rejected_share", "between 0 and 1"]),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_the_remedy(tmp_path, before, after, words):
    changed = GOOD.replace(before, after, 1)
    line = next(number for number, text in enumerate(changed.splitlines(), 1) if text not in GOOD.splitlines())

    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, changed)

    message = str(caught.value)
    assert message.startswith(f"model.toml:{line}:")
    for word in words:
        assert word in message


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(InvalidSettings, match=r"data\.target: is missing"):
        read(tmp_path, GOOD.replace("target =", "# target ="))


def test_a_file_that_is_not_toml_is_refused_with_the_place(tmp_path):
    with pytest.raises(InvalidSettings, match=r"is not TOML: .*line 2"):
        read(tmp_path, "name = 'a'\nthis is not toml\n")


def test_a_missing_file_says_where_to_run_the_command(tmp_path):
    with pytest.raises(InvalidSettings, match="folder of model.toml"):
        read_settings(tmp_path / "model.toml")


@pytest.mark.parametrize(("before", "after"), [('"mape"', '"accuracy"'), ('"regression"', '"classification"')])
def test_the_metric_must_be_of_the_task(tmp_path, before, after):
    with pytest.raises(InvalidSettings, match="metric: must be one of"):
        read(tmp_path, GOOD.replace(before, after, 1))


def test_the_estimator_must_be_of_the_task(tmp_path):
    text = GOOD.replace('"regression"', '"classification"').replace('"mape"', '"accuracy"')

    with pytest.raises(InvalidSettings, match=r"estimator\.type: must be one of .*logistic, .*got 'lasso'"):
        read(tmp_path, text.replace('"hist_gradient_boosting"', '"lasso"'))


@pytest.mark.parametrize(
    ("section", "line", "words"),
    [
        ("split", 'type = "tme"', "split.type: must be one of time, group, order, random, got 'tme'"),
        ("preprocessing", 'scale = "log"', "preprocessing.scale: must be one of auto, standard"),
        ("preprocessing", "missing_indicator = 1", "preprocessing.missing_indicator: must be a boolean, got 1"),
        ("preprocessing", "min_frequency = 0", "preprocessing.min_frequency: must be 1 at least"),
        ("tracking", 'wandb = "houses"', "tracking.wandb: must be entity/project, got 'houses'"),
        ("tracking", 'wandb_secret = "arn:aws:x"', "tracking.wandb_secret: must be the name of a secret"),
        ("tracking", 'wandb_url = "http://wandb.example.com"', "tracking.wandb_url: must be an https:// URL"),
        (
            "endpoint",
            'protocols = ["tensorflow", "grpc"]',
            "endpoint.protocols: must be one of tensorflow, open-inference, mlflow, got 'grpc'",
        ),
        ("endpoint", 'protocols = "mlflow"', "endpoint.protocols: must be a list"),
        ("alarms", "minimum_requests = 0", "alarms.minimum_requests: must be 1 at least"),
        (
            "drift",
            'alarm_on = ["broken", "brokn"]',
            "drift.alarm_on: must be one of share, importance, broken, predict",
        ),
        ("drift", "importance = 0.0", "drift.importance: must lie between 0 and 1, got 0"),
        ("drift", "broken = 0.4", "drift.broken: must be 0.5 to 1, got 0.4"),
        ("drift", "significance = 0.01", "drift.significance: unknown key"),
        ("drift", "false_alarms_per_year = 0", "drift.false_alarms_per_year: must be above 0, and "),
        (
            "drift",
            "false_alarms_per_year = 80",
            "drift.false_alarms_per_year: must be above 0, and 73.05 at most with a check",
        ),
        ("promotion", "confidence = 0.4", "promotion.confidence: must lie between 0.5 and 1, got 0.4"),
        ("promotion", "max_latency_ms = 0", "promotion.max_latency_ms: must be above 0, got 0"),
        ("promotion", 'contract_changes = "yes"', "promotion.contract_changes: must be one of refuse, allow"),
        ("card", 'ownr = "me"', "card.ownr: unknown key; did you mean owner?"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line(tmp_path, section, line, words):
    lines = ['name = "a"', "[data]", 'path = "a.csv"', 'target = "y"', f"[{section}]", line]
    lines += [] if section == "split" else ["[split]", 'by = "day"']

    with pytest.raises(InvalidSettings, match=re.escape(f"model.toml:6: {words}")):
        read(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("kind", ["order", "random"])
def test_a_time_split_needs_its_column_and_those_by_order_or_at_random_have_none(tmp_path, kind):
    split = re.search(r"(?s)\[split\].*?(?=\n\[|\Z)", GOOD)[0]

    with pytest.raises(InvalidSettings, match="split.by: is missing: name the column that orders the rows in time"):
        read(tmp_path, GOOD.replace(split, "[split]\nholdout = 0.2\n"))
    with pytest.raises(InvalidSettings, match=f"goes with the types time and group; the type {kind} has no column"):
        read(tmp_path, GOOD.replace(split, f'[split]\ntype = "{kind}"\nby = "day"\n'))
    assert read(tmp_path, GOOD.replace(split, f'[split]\ntype = "{kind}"\n')).split.by == ""


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ("pinball_1.5", "metric: must end in a number between 0 and 1, such as pinball_0.9, got 'pinball_1.5'"),
        ("roc_auc", "metric: must be one of mape, .*, pinball_0.9, got 'roc_auc'"),
    ],
)
def test_a_metric_is_refused_by_what_it_must_be(tmp_path, metric, says):
    with pytest.raises(InvalidSettings, match=says):
        read(tmp_path, GOOD.replace('"mape"', f'"{metric}"'))


def test_a_regression_has_no_positive_class(tmp_path):
    with pytest.raises(InvalidSettings, match="positive: goes with classification only"):
        read(tmp_path, GOOD.replace("seed = 0", 'seed = 0\npositive = "yes"'))


def test_an_estimator_without_probabilities_cannot_be_judged_by_log_loss(tmp_path):
    text = GOOD.replace('"regression"', '"classification"').replace('"mape"', '"log_loss"')

    with pytest.raises(InvalidSettings, match="log_loss needs probabilities, and linear_svm knows none; use accuracy"):
        read(tmp_path, text.replace('"hist_gradient_boosting"', '"linear_svm"'))


def of_two_classes(decision: str, *, estimator: str = "logistic") -> str:
    text = GOOD.replace('"regression"', '"classification"').replace('"mape"', '"accuracy"')
    return re.sub(r'type = "hist_gradient_boosting"', f'type = "{estimator}"', text) + f"\n[decision]\n{decision}\n"


@pytest.mark.parametrize(
    ("written", "threshold"),
    [
        ("0.07", 0.07),
        ('"f1"', "f1"),
        ('"balanced_accuracy"', "balanced_accuracy"),
        ("{ false_positive = 1, false_negative = 20.5 }", {"false_positive": 1, "false_negative": 20.5}),
    ],
)
def test_a_threshold_is_a_number_an_aim_or_costs(tmp_path, written, threshold):
    assert read(tmp_path, of_two_classes(f"threshold = {written}")).decision.threshold == threshold


@pytest.mark.parametrize(
    "written",
    [
        *("0.0", "1", "nan", '"F1"', "{ false_positive = 1 }"),
        "{ false_positive = 1, false_negative = 0 }",
        '{ false_positive = 1, false_negative = "20" }',
        "{ false_positive = 1, false_negative = inf }",
        "{ false_positive = 1, false_negative = 1, true_positive = 1 }",
    ],
)
def test_another_threshold_is_refused_with_its_line_and_what_it_may_be(tmp_path, written):
    words = (
        r"model\.toml:\d+: decision\.threshold: must be a number between 0 and 1, f1, balanced_accuracy, or what .*got"
    )

    with pytest.raises(InvalidSettings, match=words):
        read(tmp_path, of_two_classes(f"threshold = {written}"))


def test_a_threshold_needs_a_classifier_with_probabilities(tmp_path):
    with pytest.raises(InvalidSettings, match="decision.threshold: goes with classification only"):
        read(tmp_path, GOOD + "\n[decision]\nthreshold = 0.3\n")
    with pytest.raises(InvalidSettings, match="decision.threshold: linear_svm knows no probabilities"):
        read(tmp_path, of_two_classes("threshold = 0.3", estimator="linear_svm"))
    for wrong in ("true", "[0.5]"):
        with pytest.raises(InvalidSettings, match="decision.threshold: must be a number or text or a table, got"):
            read(tmp_path, of_two_classes(f"threshold = {wrong}"))


def test_the_logarithm_of_a_target_goes_with_regression(tmp_path):
    text = GOOD.replace('"regression"', '"classification"').replace('"mape"', '"accuracy"')

    with pytest.raises(InvalidSettings, match="log_target: goes with regression only"):
        read(tmp_path, text + "\n[preprocessing]\nlog_target = true\n")


def test_a_join_key_that_is_no_feature_can_be_left_out_of_the_log_where_features_are_stored(tmp_path):
    text = GOOD.replace('leave_out = ["volume", "date"]', 'leave_out = ["volume", "date", "owner"]')
    text = text.replace("leave_out = []", 'leave_out = ["owner"]')
    stored = read(tmp_path, f'{text}\n[features]\nservice = "owners"\n')

    stored.check_features(["city", "month", "year"], file="houses.csv")
    with pytest.raises(InvalidSettings, match=r"\[log\] leave_out names 'owner'"):
        read(tmp_path, text).check_features(["city", "month", "year"], file="houses.csv")


def test_the_reference_page_is_what_the_code_says():
    assert (CHECKOUT / "docs" / "model-toml.md").read_text() == reference.page()
