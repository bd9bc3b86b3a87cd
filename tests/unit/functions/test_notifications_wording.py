"""What people are told when an alarm fires, in words they can act on."""

import json
from dataclasses import asdict, replace

import pytest

from evergreen import names
from evergreen.confusion import Confusion
from functions.check_drift.result import BROKEN_INPUT, INSUFFICIENT_DATA, OK
from functions.notify.wording import advice, bulleted, compose, is_told_already, quality_in_words
from tests.unit.functions.notifications import CHECK, FELL, MODEL, alarm, told


def test_a_drift_message_says_what_since_when_how_far_what_next_and_what_to_run():
    said = told().paragraphs

    assert MODEL in said["What"]
    assert CHECK.reason in said["What"]
    for words in (CHECK.drift_since, CHECK.start, CHECK.end, "12,345 predictions"):
        assert words in said["Since"]
    assert "\n  - listings: median 1200 → 2400; 5% of the rows are missing" in said["How far"]
    assert "\n  - city: 'Waco' is 30% of the rows, 10% in the reference" in said["How far"]
    assert "\n  - (prediction): median 100 → 200" in said["How far"]
    assert "month" not in said["How far"]
    assert "Version v7 goes on serving" in said["What happens next"]
    assert "evergreen drift -e dev" in said["What to do"]
    assert "evergreen train -e dev" in said["What to do"]
    assert said["Report"] == CHECK.report


def test_the_commands_are_for_the_environment_of_the_alarm():
    said = compose(alarm(stack="evergreen-prod"), asdict(CHECK))

    assert "evergreen drift -e prod" in said.paragraphs["What to do"]
    assert said.subject.startswith("Evergreen prod: ")


def test_a_drift_message_says_whether_quality_fell():
    assert (
        told()
        .paragraphs["Quality"]
        .startswith("it holds: mape 10.1% (95% interval 9.2% to 11.1%) on 1250 labelled predictions, 10% promised")
    )
    assert (
        told(check=replace(CHECK, quality=FELL.as_dict())).paragraphs["Quality"].startswith("it has fallen: mape 31% ")
    )


def test_without_labels_a_message_says_that_quality_is_not_known_and_why():
    unknown = replace(
        CHECK, quality=None, quality_reason="3 of this version's predictions have a label, 100 are needed"
    )

    assert told(check=unknown).paragraphs["Quality"] == f"not known: {unknown.quality_reason}"
    assert quality_in_words(asdict(unknown)) == f"not known: {unknown.quality_reason}"


def test_a_check_of_decisions_says_what_they_cost_beside_the_holdout():
    live = Confusion(true_positive=90, false_positive=30, false_negative=10, true_negative=270)
    promised = Confusion(true_positive=0, false_positive=0, false_negative=30, true_negative=570)
    costs = {"false_positive": 1.0, "false_negative": 20.0}
    decision = {"positive": "yes", "live": live.as_dict(costs), "promised": promised.as_dict(costs)}

    assert quality_in_words(asdict(replace(CHECK, decision=decision))).endswith(
        "10% promised by the holdout. Decisions: 90 right and 30 wrong of those predicted yes, 270 right and 10 wrong "
        "of the others; precision 75% (not known on the holdout), recall 90% (0% on the holdout), cost of a decision "
        "0.575 (1 on the holdout)"
    )


def test_a_quality_message_says_how_far_it_fell():
    message = told(names.ALARM_QUALITY, replace(CHECK, quality=FELL.as_dict()))

    assert f"The predictions of {MODEL} are worse than its holdout promised" in message.paragraphs["What"]
    for number in ("31%", "28%", "34%", "10% promised"):
        assert number in message.paragraphs["How far"]
    assert CHECK.since in message.paragraphs["Since"]
    assert "evergreen train -e dev" in message.paragraphs["What to do"]


WITHOUT_LOSS = "This is drift without loss of quality"


@pytest.mark.parametrize("stack", ["-e dev", "--local"])
def test_the_command_gives_the_advice_of_the_message(stack):
    check = asdict(CHECK)

    assert advice(check, stack).startswith(WITHOUT_LOSS)
    assert f"`evergreen train {stack}`" in advice(check, stack)
    assert told().paragraphs["What to do"] == f"`evergreen drift -e dev` shows all features. {advice(check, '-e dev')}"


@pytest.mark.parametrize("quality", [None, FELL.as_dict()])
def test_drift_is_not_called_harmless_if_quality_fell_or_is_not_known(quality):
    check = replace(CHECK, quality=quality)

    assert WITHOUT_LOSS not in told(check=check).as_text()
    assert advice(asdict(check), "-e dev").startswith("If the world has changed, add newer rows")


def test_a_fall_of_quality_without_drift_is_advised_on_and_nothing_where_nothing_is_found():
    calm = replace(CHECK, status=OK, alarms=[])

    assert "`evergreen train -e dev`" in advice(asdict(replace(calm, quality=FELL.as_dict())), "-e dev")
    assert advice(asdict(calm), "-e dev") == ""
    assert advice(asdict(replace(calm, quality=None, status=INSUFFICIENT_DATA)), "-e dev") == ""
    assert advice(asdict(replace(calm, status=BROKEN_INPUT)), "-e dev").startswith("Look at the objects named above")


def test_a_message_of_broken_input_names_what_is_broken_and_does_not_ask_for_training():
    broken = replace(CHECK, status=BROKEN_INPUT, reason="1 captured objects or lines cannot be read", report="")

    said = told(names.ALARM_BROKEN_INPUT, broken).paragraphs

    assert broken.reason in said["What"]
    for note in CHECK.notes:
        assert note in said["How far"]
    assert "evergreen drift -e dev" in said["What to do"]
    assert "train" not in said["What to do"]
    assert "Report" not in said


def test_the_end_of_an_alarm_is_told_in_a_sentence():
    message = compose(alarm(firing=False), asdict(CHECK))

    assert message.subject == "Evergreen dev: drift, over"
    assert message.as_text() == (
        "What: The alarm 'drift' is over since 2026-11-24T01:02:03 UTC.\n\n"
        "Why: Threshold Crossed: 1 datapoint [1.0] was greater than the threshold (0.0)."
    )


@pytest.mark.parametrize("name", [names.ALARM_REJECTED, names.ALARM_LATENCY])
def test_the_end_of_an_alarm_on_a_share_says_that_it_may_be_for_want_of_requests(name):
    reason = "Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (0.1)."

    why = compose(alarm(name, firing=False, reason=reason), {}).paragraphs["Why"]

    assert why.startswith(reason)
    assert "too few requests" in why
    assert "dashboard" in why


def test_an_alarm_of_the_endpoint_is_told_by_its_description():
    description = "A prediction failed in the last five minutes. The cause is in the predict function's log."

    message = compose(alarm("prediction errors", description=description), asdict(CHECK))

    assert message.subject == "Evergreen dev: prediction errors, alarm"
    assert message.paragraphs == {
        "What": description,
        "Since": "2026-11-24T01:02:03 UTC",
        "How far": "Threshold Crossed: 1 datapoint [1.0] was greater than the threshold (0.0).",
    }


@pytest.mark.parametrize("name", [names.ALARM_DRIFT, names.ALARM_QUALITY, names.ALARM_BROKEN_INPUT])
def test_before_the_first_check_an_alarm_still_says_what_it_is_and_what_to_run(name):
    text = compose(alarm(name), {}).as_text()

    assert "More features have drifted" in text
    assert "evergreen drift -e dev" in text
    assert "2026-11-24T01:02:03" in text


@pytest.mark.parametrize(
    "message",
    [
        told(check=replace(CHECK, model="m" * 300)),
        told(check=replace(CHECK, model="maisons-à-vendre-家")),
        compose(alarm("étage → cave"), {}),
        compose(alarm("x" * 255, firing=False), {}),
        compose(alarm(stack="evergreen-" + "y" * 200), asdict(CHECK)),
    ],
)
def test_a_subject_is_one_that_sns_takes(message):
    assert 0 < len(message.subject) <= 100
    assert message.subject.isascii()
    assert message.subject.isprintable()


def test_the_text_gives_each_paragraph_its_heading():
    text = told().as_text()

    assert text.startswith("What: The rows that come in")
    assert "\n\nHow far: \n  - listings" in text


def test_the_chat_form_is_what_chat_tools_read():
    """https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html"""
    chat = json.loads(json.dumps(told().as_chat()))

    assert (chat["version"], chat["source"]) == ("1.0", "custom")
    assert set(chat["content"]) == {"textType", "title", "description"}
    assert chat["content"]["textType"] == "client-markdown"
    assert chat["content"]["title"] == told().subject
    for heading, text in told().paragraphs.items():
        assert f"*{heading}*: {text}" in chat["content"]["description"]


def test_a_long_list_is_cut_and_says_so():
    lines = [f"feature {number}" for number in range(10)]

    assert bulleted(lines) == "".join(f"\n  - feature {number}" for number in range(8)) + "\n  - and 2 more"
    assert "more" not in bulleted(lines[:8])


def test_a_drift_that_the_newest_check_no_longer_finds_is_told_with_what_the_alarm_knows():
    over = {**asdict(CHECK), "drift_since": None, "features": [], "prediction": None}

    text = compose(alarm(reason="1 datapoint was greater than the threshold"), over).as_text()

    assert f"Since: {CHECK.since}" in text
    assert "How far: 1 datapoint was greater than the threshold" in text


def test_a_fall_in_quality_is_told_by_the_drift_that_begins_with_it_and_else_by_itself():
    begins = {**asdict(CHECK), "drift_since": CHECK.checked_at}
    quality = alarm(names.ALARM_QUALITY)

    assert is_told_already(quality, begins)
    # The drift was told days ago, when quality held.
    assert not is_told_already(quality, asdict(CHECK))
    assert not is_told_already(quality, {**begins, "drift_since": None})
    assert not is_told_already(quality, {})
    assert not is_told_already(alarm(names.ALARM_QUALITY, firing=False), begins)
    assert not is_told_already(alarm(names.ALARM_DRIFT), begins)
