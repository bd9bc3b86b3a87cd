"""The page of a replay, from a made-up story."""

import re

import pytest

from cli.aws.inbox import Notification
from cli.replay.page import pictures, write
from cli.replay.story import Month, Period, Story
from evergreen.renewal.ledger import KEPT, PROMOTED, Run


def check(*, renewal="", reason="nothing has drifted", share=0.25):
    features = [{"name": "rooms", "distance": 0.3}] if share is not None else []
    return {"share": share, "reason": reason, "renewal": renewal, "features": features}


def run(outcome, *, promoted="", told="<b>half</b> is ahead"):
    challengers = ({"name": "half", "version": "v2", "error": 0.1, "rival": 0.2, "reason": told},)
    return Run(
        id="arn",
        version="r1",
        reason="check of 2026-11-30T12:00: quality fell",
        began="2026-11-30T12:00:00+00:00",
        ended="2026-11-30T12:01:00+00:00",
        outcome=outcome,
        told=told,
        promoted=promoted,
        dollars=0.015,
        challengers=challengers,
    )


def period(year, *, version="v1", error=0.1, without=0.1, came=None, **found):
    months = tuple(
        Month(when=f"{year}-{month:02}", error=error, without=without, version=version) for month in range(1, 13)
    )
    message = Notification(subject=f"Evergreen dev: {year}", message="Line one\nLine two <script>")
    return Period(
        name=str(year), months=months, check=check(**found), report=f"drift-{year}.html", run=came, messages=(message,)
    )


@pytest.fixture
def story():
    return Story(
        first="v1",
        periods=[
            period(2007, came=run(PROMOTED, promoted="v2"), renewal="A renewal begins"),
            period(2008, version="v2", error=0.05, without=0.15, came=run(KEPT, told="no challenger is ahead")),
            period(2009, version="v2", error=0.06, without=0.2, share=None, reason="too few rows"),
        ],
        cards={"v1": "model-card-v1.html", "v2": "model-card-v2.html"},
    )


def test_it_says_how_much_renewal_was_worth(story):
    page = write(story)

    assert "7%" in page
    assert "15%" in page
    assert "1 of them promoted another version" in page
    assert "0.030 $" in page


def test_each_year_has_its_check_its_renewal_and_the_reason(story):
    page = write(story)

    rows = re.findall(r"<tr><th.*?</tr>", page)
    assert any("quality fell" in row for row in rows)
    assert any("2008" in row and "kept (0.015 $)" in row and "no challenger is ahead" in row for row in rows)
    assert any("2009" in row and "too few rows" in row and "none" in row for row in rows)


def test_it_draws_how_far_features_have_moved(story):
    assert "At most 25% of the features counted as drifted" in write(story)
    assert ">rooms<" in write(story)


def test_each_challenger_has_its_reason_and_whether_it_was_promoted(story):
    rows = re.findall(r"<tr><th.*?</tr>", write(story))

    assert [">yes<" in row for row in rows if "<code>v2</code>" in row] == [True, False]


def test_it_leads_to_the_reports_and_cards_beside_it_and_loads_nothing(story):
    page = write(story)

    assert set(re.findall(r'href="([^#"]+)"', page)) == {
        "drift-2007.html",
        "drift-2008.html",
        "drift-2009.html",
        "model-card-v1.html",
        "model-card-v2.html",
    }
    assert "<script" not in page
    assert "src=" not in page


def test_the_pictures_stand_alone(story):
    drawn = pictures(story)

    assert drawn.keys() == {"plot-replay-error.svg", "plot-replay-drift.svg", "replay.html"}
    assert all(drawn[name].startswith("<?xml") for name in drawn if name.endswith(".svg"))
    assert not re.findall(r'href="([^#"]+)"', drawn["replay.html"])


def test_messages_are_shown_as_they_were_sent_and_never_read_as_markup(story):
    page = write(story)

    assert "<summary>2008: Evergreen dev: 2008</summary>" in page
    assert "<p>Line two &lt;script&gt;</p>" in page
    assert "&lt;b&gt;half&lt;/b&gt; is ahead" in page


def test_a_single_year_is_enough_for_a_page():
    page = write(Story(first="v1", periods=[period(2007, renewal="Nothing is renewed without labels")]))

    assert "No challenger has been fitted yet" in page
    assert "Nothing is renewed without labels" in page
