"""The model card, with the sections of Mitchell et al., "Model Cards for Model Reporting" (2019).

Numbers come from the bundle's files. Statements that only a person can make come from [card] of model.toml. A missing
one is shown as not stated.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evergreen.contract.contract import Contract
from evergreen.contract.dates import span
from evergreen.contract.feature import CATEGORY, DATE, Feature
from evergreen.judging.card_decision import CARD_HTML, CARD_MARKDOWN
from evergreen.judging.dependence import Worth
from evergreen.metrics import RANKING, Metric, Outcomes, metric_of
from evergreen.number_text import counted, number, percent
from evergreen.settings.sections import GROUP, ORDER, TIME, ModelSettings, SplitSettings
from training.documents import analyses, pages, wording
from training.documents.document import (
    Block,
    Code,
    Document,
    Facts,
    Headline,
    Listing,
    Paragraph,
    Section,
    Statement,
    Table,
    first,
    shortened,
)
from training.fitting.preprocessing import encoded_by_target

# Row limit of the table of features, so that a person can read the card; contract.json is complete.
_FEATURES = 100


def write_card(
    folder: Path,
    *,
    settings: ModelSettings,
    contract: Contract,
    metrics: dict[str, Any],
    lineage: dict[str, Any],
    outcomes: Outcomes,
) -> list[Path]:
    """Write the card in both forms and its plots into the folder, and return the files.

    Args:
        metrics: the content of metrics.json.
        lineage: the content of lineage.json.
        outcomes: the model's predictions on the holdout.
    """
    card = _Card(settings, contract, metrics, lineage).document(outcomes)
    return pages.write(card, folder, html=CARD_HTML, markdown=CARD_MARKDOWN)


class _Card:
    """Builds the model card of one version."""

    def __init__(
        self, settings: ModelSettings, contract: Contract, metrics: dict[str, Any], lineage: dict[str, Any]
    ) -> None:
        self._settings = settings
        self._contract = contract
        self._metrics = metrics
        self._lineage = lineage
        self._rows = metrics["rows"]
        self._metric = metrics["metric"]

    def document(self, outcomes: Outcomes) -> Document:
        return Document(
            kind="Model card",
            title=self._settings.name,
            lead=self._settings.description,
            origin=(
                ("Version", self._lineage["version"]),
                ("Trained", _moment(self._metrics["trained_at"])),
                ("Data", self._rows["data_version"][:12]),
                ("Code", _short(self._lineage["git_commit"])),
            ),
            headlines=self._headlines(),
            sections=(
                self._details(),
                self._intended_use(),
                self._factors(),
                self._measures(),
                self._evaluation_data(),
                self._training_data(),
                analyses.section(self._metrics, outcomes, target=self._contract.target),
                Section("Ethical considerations", (self._statement("Risks and harms", "ethics"),)),
                self._caveats(),
            ),
            judged=True,
        )

    def _headlines(self) -> tuple[Headline, ...]:
        text = metric_of(self._metric).text
        value, baseline = (text(self._metrics[side][self._metric]) for side in ("holdout", "baseline"))
        low_high = self._metrics["intervals"].get(self._metric)
        interval = f"95% interval {analyses.interval(low_high, text)}" if low_high else "on the holdout"
        return (
            Headline(label=self._metric, value=value, note=interval),
            Headline(label=f"Baseline's {self._metric}", value=baseline, note="a model that uses no features"),
            Headline(
                label="Holdout",
                value=number(self._rows["holdout_rows"]),
                note=f"rows kept out of training; {number(self._rows['train_rows'])} rows for training",
            ),
        )

    def _statement(self, heading: str, key: str) -> Statement:
        return wording.statement(self._settings, "card", heading, key)

    def _details(self) -> Section:
        settings, lineage = self._settings, self._lineage
        parameters = ", ".join(f"{name} = {json.dumps(value)}" for name, value in settings.estimator.parameters.items())
        preprocessing = ", ".join(
            f"{name} = {json.dumps(value)}" for name, value in asdict(settings.preprocessing).items()
        )
        by_target = first(encoded_by_target(settings.preprocessing, self._contract), 5)
        facts: list[tuple[str, str | Code]] = [
            ("Task", f"{settings.task} of {self._contract.target}"),
            ("Estimator", Code(settings.estimator.type)),
            ("Parameters", Code(parameters) if parameters else "scikit-learn's defaults"),
            ("Preprocessing", Code(preprocessing)),
            *([("Encoded by the target's mean", by_target)] if by_target else []),
            ("Weights", _weights_in_words(settings)),
            ("Seed", number(settings.seed)),
            ("Version", Code(lineage["version"])),
            ("Trained", _moment(self._metrics["trained_at"])),
            ("Git commit", Code(lineage["git_commit"])),
            ("Code (SHA-256)", Code(lineage["source_sha256"])),
            ("model.toml (SHA-256)", Code(lineage["settings_sha256"])),
            ("Data version", Code(lineage["data_version"])),
            ("Image", Code(lineage["image"])),
            ("Processor", lineage["cpu"]),
            ("Libraries", ", ".join(f"{name} {version}" for name, version in sorted(lineage["libraries"].items()))),
        ]
        if lineage["mlflow_run_id"]:
            facts.append(("MLflow run", Code(lineage["mlflow_run_id"])))
        return Section(
            "Model details",
            (
                self._statement("Owner", "owner"),
                self._statement("Contact", "contact"),
                self._statement("Licence", "license"),
                Facts(tuple(facts)),
                Paragraph(
                    "The endpoint serves a portable form of this model. Judge rejects the model if the portable form "
                    "and scikit-learn predict differently for any row of the holdout."
                ),
            ),
        )

    def _intended_use(self) -> Section:
        return Section(
            "Intended use",
            (self._statement("Intended uses", "intended_use"), self._statement("Out-of-scope uses", "out_of_scope")),
        )

    def _factors(self) -> Section:
        features = self._contract.features
        sliced = list(self._metrics["slices"])
        looked = (
            f"The metric is measured for each value of: {first(sliced, 10)}."
            if sliced
            else (
                "The metric is not measured by group. "
                "Name the features to guard in slices in [promotion] of model.toml."
            )
        )
        table = Table(
            caption="The features that the model reads, and their values in training."
            + shortened(f"first {_FEATURES}", len(features), _FEATURES, full="contract.json"),
            head=("Feature", "Type", "May be missing", "Values in training"),
            rows=tuple(
                (feature.name, feature.type, "yes" if feature.missing_allowed else "no", _seen(feature))
                for feature in features[:_FEATURES]
            ),
        )
        return Section("Factors", (Paragraph(looked), table))

    def _measures(self) -> Section:
        promotion, metric = self._settings.promotion, metric_of(self._metric)
        direction = "higher" if metric.higher_is_better else "lower"
        meanings = tuple((name, self._of_classes(metric_of(name))) for name in self._metrics["holdout"])
        guarded = (
            f" The metric may not get worse by more than {percent(promotion.slice_tolerance)} on the rows of any value "
            f"of {first(promotion.slices, 5)}."
            if promotion.slices
            else ""
        )
        return Section(
            "Metrics",
            (
                Facts(meanings),
                Paragraph(
                    f"{self._metric} decides which model is better; {direction} is better. A candidate replaces the "
                    f"champion only if a paired bootstrap over the same holdout shows it to be better with "
                    f"{percent(promotion.confidence)} confidence.{guarded}"
                ),
                Paragraph(
                    f"The 95% intervals come from a bootstrap over the rows of the holdout: for {self._metric}, "
                    f"{Worth(**self._metrics['worth']).text}. The baseline uses no features: it predicts "
                    f"{self._baseline()}."
                ),
            ),
        )

    def _of_classes(self, metric: Metric) -> str:
        """What a metric is, and of which class."""
        classes = self._contract.classes
        if metric.family not in RANKING or not classes:
            return metric.meaning
        if len(classes) > 2:
            return f"{metric.meaning} The mean over the classes, each against the rest."
        return f"{metric.meaning} The class is {self._contract.positive or classes[1]}."

    def _baseline(self) -> str:
        if self._contract.classes:
            return "the commonest class of the training rows, and the shares of all classes"
        return f"{metric_of(self._metric).constant.name} of the training rows"

    def _evaluation_data(self) -> Section:
        split = self._settings.split
        return Section(
            "Evaluation data",
            (
                Paragraph(
                    f"The holdout is {counted(self._rows['holdout_rows'], 'row')} of the same table; "
                    f"model.toml asks for {percent(split.holdout)} of it. {_split_in_words(split)}"
                ),
                Paragraph("It is in the bundle as holdout.jsonl, with scikit-learn's prediction for each row."),
            ),
        )

    def _training_data(self) -> Section:
        files = [file["name"] for file in self._rows["data_files"]]
        blocks: list[Block] = [
            Facts(
                (
                    ("Rows", number(self._rows["train_rows"])),
                    ("Files", first(files, 10)),
                    ("Version", Code(self._rows["data_version"])),
                    ("Prepared rows (SHA-256)", Code(self._rows["prepared_sha256"])),
                    ("Left out", wording.left_out_columns(self._settings)),
                    ("Dropped", wording.dropped_rows(self._rows)),
                )
            ),
            Paragraph(
                "The data sheet describes every column. It is data_sheet.html in the bundle; to read it: "
                "evergreen card --sheet."
            ),
        ]
        return Section("Training data", tuple(blocks))

    def _caveats(self) -> Section:
        blocks: list[Block] = [self._statement("Other caveats", "caveats")]
        if self._rows["findings"]:
            blocks += [Paragraph("Prepare warned about the data:"), Listing(tuple(self._rows["findings"]))]
        if self._lineage["doubts"]:
            blocks += [
                Paragraph("Training this version again may give a different model:"),
                Listing(tuple(self._lineage["doubts"])),
            ]
        else:
            blocks.append(
                Paragraph(
                    "No reason is known why training this version again should give a different model. To try it: "
                    f"evergreen reproduce {self._lineage['version']}."
                )
            )
        blocks.append(
            Paragraph(
                "For a value outside those seen in training, the endpoint predicts and adds a warning. The scheduled "
                "check compares requests with the holdout; to see its results: evergreen drift."
            )
        )
        return Section("Caveats and recommendations", tuple(blocks))


def _split_in_words(split: SplitSettings) -> str:
    if split.type == TIME:
        return f"It holds the latest rows by {split.by}; all training rows are earlier."
    if split.type == ORDER:
        return "It holds the last rows of the table as they stand; all training rows stand before them."
    if split.type == GROUP:
        return f"It holds whole groups of rows with equal {split.by}; no group is also in the training rows."
    return "A hash of a row's content decides whether it is in the holdout, so a row never changes sides."


def _weights_in_words(settings: ModelSettings) -> str:
    column, classes = settings.data.weight, settings.estimator.class_weight
    by_label = classes if isinstance(classes, str) else ", ".join(f"{name} {classes[name]:g}" for name in classes)
    given = [f"by the column {column}"] * bool(column) + [f"by class ({by_label})"] * bool(classes)
    if not given:
        return "each row weighs the same"
    return f"rows weigh {' and '.join(given)} in the fit; metrics count each row once"


def _seen(feature: Feature) -> str:
    if feature.type == DATE:
        return span(feature.minimum, feature.maximum, feature.form)
    if feature.type == CATEGORY:
        return f"{counted(len(feature.categories), 'value')}: {first(feature.categories, 5)}"
    if feature.minimum is None or feature.maximum is None:
        return "no values"
    return f"{number(feature.minimum)} to {number(feature.maximum)}"


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _short(commit: str) -> str:
    """The first 12 digits of a commit, with its "-dirty" if the work tree differed from it."""
    digits, dash, dirty = commit.partition("-")
    return f"{digits[:12]}{dash}{dirty}"
