"""The rules of promotion that are about the bundle, as values."""

import json

import pytest

from evergreen.contract.changes import Change
from evergreen.judging.card_decision import CARD_FILES
from evergreen.judging.promotion import Gate, contract, decide, documents, latency, parity, size, stored
from evergreen.settings.sections import ALLOW, REFUSE
from evergreen.versions.bundle import SHEET_FILES

OPEN = Gate(name="open", passed=True, reason="it is well")
IMPROVED = Gate(name="champion", passed=True, reason="it is better", numbers={"gain": 1.0})
HARMLESS = Change(text="rooms ranges further", breaks_callers=False)
BREAKING = Change(text="the feature 'size' is new", breaks_callers=True)


def closed(reason: str) -> Gate:
    return Gate(name="closed", passed=False, reason=reason)


def test_with_every_gate_passed_it_is_promoted_for_being_better():
    decision = decide([OPEN, IMPROVED], improvement=IMPROVED)

    assert decision.promote
    assert decision.reason == "it is better"


def test_the_first_closed_gate_gives_the_reason_and_all_are_kept():
    gates = [OPEN, closed("too large"), closed("too slow"), IMPROVED]

    decision = decide(gates, improvement=IMPROVED)

    assert not decision.promote
    assert decision.reason == "too large"
    assert decision.gates == tuple(gates)


def test_a_decision_survives_json():
    written = decide([OPEN, IMPROVED], improvement=IMPROVED).as_dict()

    assert json.loads(json.dumps(written)) == written
    assert written["gates"][1] == {
        "name": "champion",
        "passed": True,
        "reason": "it is better",
        "numbers": {"gain": 1.0},
    }


def test_a_difference_from_the_library_closes_the_parity_gate_in_its_own_words():
    assert parity(None, rows=7).passed
    assert parity("row 3 differs", rows=7) == Gate(
        name="parity", passed=False, reason="row 3 differs", numbers={"rows": 7}
    )


def test_a_missing_card_or_sheet_is_named():
    files = {*CARD_FILES, *SHEET_FILES, "model.json"}

    assert documents(files).passed
    for name in (*CARD_FILES, *SHEET_FILES):
        gate = documents(files - {name})
        assert not gate.passed
        assert f"lacks {name}" in gate.reason


def test_a_model_may_have_just_the_size_that_is_allowed():
    assert size(50_000_000, limit_mb=50).passed
    gate = size(50_000_001, limit_mb=50)
    assert not gate.passed
    assert "max_model_mb" in gate.reason


def test_a_row_may_take_just_the_time_that_is_allowed():
    assert latency(50.0, limit_ms=50).passed
    gate = latency(50.1, limit_ms=50)
    assert not gate.passed
    assert "max_latency_ms" in gate.reason


def test_a_model_that_can_score_no_row_is_not_called_fast():
    assert not latency(None, limit_ms=50).passed


@pytest.mark.parametrize(
    ("changes", "rule", "passed", "words"),
    [
        (None, REFUSE, True, "no callers yet"),
        ([], REFUSE, True, "the champion's"),
        ([HARMLESS], REFUSE, True, "nothing that breaks callers"),
        (
            [BREAKING, HARMLESS],
            REFUSE,
            False,
            "the feature 'size' is new. Once they are ready for it, set contract_changes = \"allow\"",
        ),
        ([BREAKING, HARMLESS], ALLOW, True, "model.toml allows what breaks callers: the feature 'size' is new"),
    ],
)
def test_what_breaks_callers_is_refused_unless_model_toml_allows_it(changes, rule, passed, words):
    gate = contract(changes, rule=rule)

    assert gate.passed is passed
    assert words in gate.reason


def test_what_the_feature_store_lacks_closes_its_gate_and_all_of_it_is_named():
    assert stored([], views=2).passed
    gate = stored(["a is missing", "b is empty"], views=2)
    assert not gate.passed
    assert gate.reason == "a is missing; b is empty"
