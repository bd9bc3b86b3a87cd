"""The model card: the sections of Mitchell et al. 2019, made from evidence."""

import dataclasses
import re
from html import unescape

import pytest

from evergreen.judging.card_decision import CARD_HTML, CARD_MARKDOWN, quote
from evergreen.metrics import CLASSIFICATION
from evergreen.settings.sections import CardSettings, SplitSettings
from tests.unit.training.documents import evidence
from training.documents.model_card import write_card

SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


@pytest.fixture
def write(tmp_path):
    """Writes the card of a regression with what is given changed; returns the text of its files by name."""

    def _write(*, folder="card", **changed):
        outcomes = changed.pop("outcomes", evidence.regression_outcomes())
        made = {
            "settings": evidence.settings(),
            "contract": evidence.contract(),
            "metrics": evidence.metrics(outcomes),
            "lineage": evidence.lineage(),
            "outcomes": outcomes,
        }
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        return {file.name: file.read_text() for file in write_card(place, **{**made, **changed})}

    return _write


def test_both_forms_have_the_sections_of_the_paper_in_its_order(write):
    files = write()

    assert re.findall(r"<h2>(.+)</h2>", files[CARD_HTML]) == ["Decision", *SECTIONS]
    assert re.findall(r"^## (.+)$", files[CARD_MARKDOWN], re.MULTILINE) == SECTIONS


def test_every_metric_stands_beside_its_interval_and_the_baseline(write):
    metrics = evidence.metrics(evidence.regression_outcomes())
    metrics |= {"holdout": {"mape": 0.0717, "mae": 9529.2}, "baseline": {"mape": 0.181, "mae": 24660.0}}
    metrics["intervals"] = {"mape": [0.0671, 0.0774], "mae": [9148.0, 10006.0]}
    card = write(metrics=metrics)[CARD_MARKDOWN]

    assert "| mape (decides) | 7.17% | 6.71% to 7.74% | 18.1% | lower |" in card
    assert "| mae | 9529 | 9148 to 10,006 | 24,660 | lower |" in card


def test_importance_and_slices_are_tables_with_what_matters_most_first(write):
    card = write()[CARD_MARKDOWN]

    assert card.index("| city | 5 points | 0.4 points |") < card.index("| rooms | 1 point | 0.2 points |")
    assert card.index("| Waco | 11% | 20 |") < card.index("| Austin | 5% | 40 |")


def test_lineage_is_told_in_full(write):
    card = write()[CARD_HTML]

    lineage = evidence.lineage()
    for key in ("version", "git_commit", "image", "data_version", "settings_sha256", "source_sha256"):
        assert lineage[key] in card
    assert "scikit-learn 1.9.0" in card
    assert "<code>0a1b2c3d4e5f-dirty</code>" in card


def test_doubts_and_findings_are_caveats(write):
    doubt = "The work tree held changes that no commit has."

    assert doubt in write(lineage=evidence.lineage(doubts=[doubt]))[CARD_MARKDOWN]
    assert "rooms is the same in nearly every row" in write()[CARD_MARKDOWN]


def test_without_doubts_the_card_says_how_to_reproduce_the_version(write):
    assert "evergreen reproduce houses-7" in write()[CARD_MARKDOWN]


def test_what_nobody_has_said_is_counted_and_named(write):
    assert "7 of 7 statements are missing" in write()[CARD_HTML]
    said = CardSettings(**dict.fromkeys(CardSettings.__dataclass_fields__, "It is said."))
    assert "missing:" not in write(settings=evidence.settings(card=said))[CARD_HTML]
    some = write(settings=evidence.settings(card=CardSettings(owner="Jane Roe")))[CARD_MARKDOWN]
    assert "6 of 7 statements are missing" in some
    assert "Set owner" not in some


def test_markdown_links_the_plots_that_were_written_and_html_holds_them(write):
    files = write()
    plots = [name for name in files if name.startswith("plot-")]

    assert re.findall(r"^!\[.+\]\((.+)\)$", files[CARD_MARKDOWN], re.MULTILINE) == plots
    assert files[CARD_HTML].count("<figure>") == len(plots) == 4
    assert all("aria-label" in opening for opening in re.findall(r"<svg [^>]+>", files[CARD_HTML]))


def test_a_classifier_without_probabilities_has_a_card_without_curves(write):
    outcomes = evidence.class_outcomes(known=False)
    files = write(
        outcomes=outcomes,
        settings=evidence.settings(task=CLASSIFICATION, metric="accuracy"),
        contract=evidence.contract(classes=evidence.CLASSES),
        metrics=evidence.metrics(outcomes, metric="accuracy"),
    )

    assert "plot-confusion.svg" in files
    assert "plot-roc.svg" not in files[CARD_MARKDOWN]


DECISION = {
    "positive": "dear",
    "negative": "cheap",
    "threshold": 0.0713,
    "chosen": "cost",
    "folds": "group",
    "costs": {"false_positive": 1.0, "false_negative": 20.0},
    "holdout": {
        "true_positive": 28,
        "false_positive": 7,
        "false_negative": 1,
        "true_negative": 24,
        "precision": 0.8,
        "recall": 28 / 29,
        "cost": 0.45,
    },
    "always": {"cheap": 9.667, "dear": 0.5167},
}


def card_of_decisions(write, **changed) -> dict[str, str]:
    outcomes = evidence.class_outcomes()
    return write(
        outcomes=outcomes,
        settings=evidence.settings(task=CLASSIFICATION, metric="log_loss"),
        contract=evidence.contract(classes=evidence.CLASSES),
        metrics=evidence.metrics(outcomes, metric="log_loss") | {"decision": {**DECISION, **changed}},
    )


def test_a_card_of_decisions_has_the_threshold_what_it_does_and_what_it_costs(write):
    files = card_of_decisions(write)
    card = files[CARD_MARKDOWN]

    assert "The prediction is dear where its probability is 0.0713 or more, else cheap. Of all thresholds" in card
    assert "costs least on average at this one, on training rows that the model had not seen: whole groups" in card
    assert "| dear | 28 | 7 |" in card
    assert "| cheap | 1 | 24 |" in card
    assert "80% of the rows predicted dear are" in card
    assert "0.45 (1 a false positive, 20 a false negative); always cheap: 9.667; always dear: 0.5167" in card
    assert {"plot-confusion.svg", "plot-roc.svg"} <= files.keys()


def test_a_given_threshold_without_costs_is_told_as_such(write):
    none = {**DECISION["holdout"], "true_positive": 0, "false_positive": 0, "precision": None}
    card = card_of_decisions(write, chosen="given", folds=None, costs=None, holdout=none)[CARD_MARKDOWN]

    assert "model.toml gives this threshold." in card
    assert "no row was predicted dear" in card
    assert "Cost of a decision" not in card


def test_a_card_without_slices_says_how_to_have_them(write):
    metrics = {**evidence.metrics(evidence.regression_outcomes()), "slices": {}}
    files = write(metrics=metrics, settings=evidence.settings(slices=()))

    assert "Name the features to guard in slices in [promotion] of model.toml." in unescape(files[CARD_HTML])
    assert "plot-slices-1.svg" not in files


def test_the_card_of_a_split_by_order_says_which_rows_are_held_out(write):
    settings = dataclasses.replace(evidence.settings(), split=SplitSettings(type="order"))

    assert "It holds the last rows of the table as they stand" in write(settings=settings)[CARD_MARKDOWN]


def test_names_of_the_data_are_escaped_throughout(write):
    outcomes = evidence.regression_outcomes()
    files = write(
        contract=evidence.contract(city=evidence.NASTY, target=evidence.NASTY),
        metrics=evidence.metrics(outcomes, city=evidence.NASTY),
        settings=evidence.settings(slices=[evidence.NASTY], target=evidence.NASTY),
    )

    assert "<b>" not in files[CARD_HTML]
    assert "🏠" in files[CARD_HTML]
    assert not re.search(r"(?<!\\)<b", files[CARD_MARKDOWN])


def test_no_id_is_in_the_page_twice(write):
    ids = re.findall(r' id="([^"]+)"', write()[CARD_HTML])

    assert len(ids) == len(set(ids)) > 10


def test_the_same_evidence_gives_the_same_bytes(write):
    assert write(folder="one") == write(folder="other")


def test_judge_can_quote_its_decision_in_both_forms(write):
    gate = {"name": "better than baseline", "passed": True, "reason": "mape 0.07 against 0.18", "numbers": {}}
    decision = {"promote": True, "reason": "it is the first model", "gates": [gate]}
    files = write()
    html = quote(files[CARD_HTML].encode(), decision, name=CARD_HTML).decode()
    markdown = quote(files[CARD_MARKDOWN].encode(), decision, name=CARD_MARKDOWN).decode()

    place = html[html.index('<section id="decision">') : html.index('<section id="model-details">')]
    assert "it is the first model" in place
    assert markdown.index("it is the first model") < markdown.index("## Model details")


def test_a_card_of_many_rows_is_small(write):
    outcomes = evidence.regression_outcomes(200_000)
    metrics = evidence.metrics(evidence.regression_outcomes())
    files = write(outcomes=outcomes, metrics=metrics)

    assert len(files[CARD_HTML]) < 500_000


def test_the_card_says_what_the_rows_of_its_intervals_are_worth(write):
    card = " ".join(write()[CARD_MARKDOWN].split())

    assert "for mape, 687 rows, worth about 61 independent." in card
