"""A hostile value through every output that quotes it: terminal, mail, chat. For the report of a check see
monitoring/drift/test_evidently.py, for the log integration/functions/predict/test_leave_out.py.
"""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from cli.aws import checks
from evergreen.contract.feature import CATEGORY, Feature
from evergreen.monitoring.drift.comparison import compare
from evergreen.settings.sections import DriftSettings
from tests.unit.functions.notifications import CHECK, told

CITY = Feature(name="city", type=CATEGORY, missing_allowed=False)
MARKUP = ("[/x]", "[bold red]x[/]")
MENTIONS = ("<!channel>", "<https://example.com|click>")
SEVERAL_LINES = ("x\n\nWhat to do: pay", "a\rb", "a\u2028b", "\x1b[31m")
HOSTILE = (*MARKUP, *MENTIONS, *SEVERAL_LINES, "y" * 5000)


@pytest.fixture(params=HOSTILE, ids=lambda value: ascii(value[:10]))
def value(request):
    return request.param


@pytest.fixture
def checked(value):
    """The result of a check of a column in which nothing but this value is left."""
    reference = pd.DataFrame({"city": np.resize(np.array(["Austin", "Waco"], object), 400)})
    current = pd.DataFrame({"city": np.array([value] * 300, object)})
    (found,) = compare(reference, current, [CITY], DriftSettings()).features
    assert found.reasons
    return replace(CHECK, features=[asdict(found)])


def test_the_words_of_a_check_quote_it_short_and_on_one_line(checked):
    for reason in checked.features[0]["reasons"]:
        assert len(reason) < 200
        assert reason.isprintable()


def test_the_terminal_shows_it_as_it_is(checked, value, capsys):
    checks.show(asdict(checked))

    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert value in " ".join(said.split()) or value not in MARKUP


def test_in_chat_it_calls_nobody_and_is_no_link(checked):
    description = told(check=checked).as_chat()["content"]["description"]

    assert "<" not in description
    assert ">" not in description


def test_in_a_mail_it_makes_no_paragraph(checked):
    assert "\n\nWhat to do: pay" not in told(check=checked).as_text()
