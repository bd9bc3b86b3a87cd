"""The model card, after the sections of Mitchell et al., "Model Cards for Model Reporting" (2019), from evidence.

What only a person can say comes from [card] of model.toml, and is named as missing where it is not there.
"""

import inspect
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evergreen.contract.contract import NUMBER, Contract, Feature
from evergreen.judging.card_decision import CARD_HTML, CARD_MARKDOWN
from evergreen.judging.metrics import METRICS, Outcomes
from evergreen.number_text import counted, number
from evergreen.settings.sections import GROUP, TIME, ModelSettings, SplitSettings
from training.documents import analyses, html_page, markdown_page
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
)

# Rows of the table of features: a card is read, the contract is complete.
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
        outcomes: of the model on the holdout.
    """
    card = _Card(settings, contract, metrics, lineage).document(outcomes)
    contents = {
        CARD_HTML: html_page.render(card),
        CARD_MARKDOWN: markdown_page.render(card),
        **{figure.name: figure.svg for figure in card.figures},
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in contents]


class _Card:
    """Words one version's evidence."""

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
        value, baseline = (self._metrics[side][self._metric] for side in ("holdout", "baseline"))
        low_high = self._metrics["intervals"].get(self._metric)
        interval = f"95% interval {analyses.interval(low_high)}" if low_high else "on the holdout"
        return (
            Headline(label=self._metric, value=number(value), note=interval),
            Headline(label=f"Baseline's {self._metric}", value=number(baseline), note="of a model without features"),
            Headline(
                label="Holdout",
                value=number(self._rows["holdout_rows"]),
                note=f"rows that the model was not fitted to; {number(self._rows['train_rows'])} for training",
            ),
        )

    def _statement(self, heading: str, key: str) -> Statement:
        return Statement(heading=heading, text=getattr(self._settings.card, key), section="card", key=key)

    def _details(self) -> Section:
        settings, lineage = self._settings, self._lineage
        parameters = ", ".join(f"{name} = {json.dumps(value)}" for name, value in settings.estimator.parameters.items())
        preprocessing = ", ".join(
            f"{name} = {json.dumps(value)}" for name, value in asdict(settings.preprocessing).items()
        )
        facts: list[tuple[str, str | Code]] = [
            ("Task", f"{settings.task} of {self._contract.target}"),
            ("Estimator", Code(settings.estimator.type)),
            ("Parameters", Code(parameters) if parameters else "scikit-learn's own defaults"),
            ("Preprocessing", Code(preprocessing)),
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
                    "The endpoint serves a portable form of this model. Judge refuses it unless it gives "
                    "scikit-learn's own prediction for every row of the holdout."
                ),
            ),
        )

    def _intended_use(self) -> Section:
        return Section(
            "Intended use",
            (self._statement("What it is for", "intended_use"), self._statement("Out of scope", "out_of_scope")),
        )

    def _factors(self) -> Section:
        features = self._contract.features
        sliced = list(self._metrics["slices"])
        looked = (
            f"Its error is given by {first(sliced, 10)}."
            if sliced
            else (
                "Its error is not given by groups. Name the features to guard in slices in [promotion] of model.toml."
            )
        )
        more = f" The first {_FEATURES} of {len(features)}; contract.json has all." if len(features) > _FEATURES else ""
        table = Table(
            caption=f"What the model reads, with what was seen in training.{more}",
            head=("Feature", "Type", "May be missing", "Seen in training"),
            rows=tuple(
                (feature.name, feature.type, "yes" if feature.missing_allowed else "no", _seen(feature))
                for feature in features[:_FEATURES]
            ),
        )
        return Section("Factors", (Paragraph(looked), table))

    def _measures(self) -> Section:
        promotion, metric = self._settings.promotion, METRICS[self._metric]
        direction = "higher" if metric.higher_is_better else "lower"
        meanings = tuple(
            (name, (inspect.getdoc(METRICS[name].measure) or "").replace("\n", " "))
            for name in self._metrics["holdout"]
        )
        guarded = (
            f" No value of {first(promotion.slices, 5)} may get worse by more than {promotion.slice_tolerance:.0%}."
            if promotion.slices
            else ""
        )
        return Section(
            "Metrics",
            (
                Facts(meanings),
                Paragraph(
                    f"{self._metric} decides which model is better; {direction} is better. A candidate takes the "
                    f"champion's place only if it is better at a confidence of {promotion.confidence:.1%}, by a paired "
                    f"bootstrap over the same holdout.{guarded}"
                ),
                Paragraph(
                    "Intervals are of 95%, by a bootstrap over the holdout's rows. The baseline knows the target "
                    "alone: it predicts the training rows' mean, or their commonest class."
                ),
            ),
        )

    def _evaluation_data(self) -> Section:
        split = self._settings.split
        return Section(
            "Evaluation data",
            (
                Paragraph(
                    f"The holdout: {counted(self._rows['holdout_rows'], 'row')} of the same table, "
                    f"{split.holdout:.0%} of it by model.toml. {_split_in_words(split)}"
                ),
                Paragraph("It is in the bundle as holdout.jsonl, with what scikit-learn predicted for each row."),
            ),
        )

    def _training_data(self) -> Section:
        files = [file["name"] for file in self._rows["data_files"]]
        dropped = [f"{what}: {counted(count, 'row')}" for what, count in self._rows["dropped"].items() if count]
        blocks: list[Block] = [
            Facts(
                (
                    ("Rows", number(self._rows["train_rows"])),
                    ("Files", first(files, 10)),
                    ("Version", Code(self._rows["data_version"])),
                    ("Prepared rows (SHA-256)", Code(self._rows["prepared_sha256"])),
                    ("Left out", first(self._settings.data.leave_out, 20) or "no column"),
                    ("Dropped", "; ".join(dropped) or "no row"),
                )
            ),
            Paragraph(
                "The data sheet describes every column: data_sheet.html in the bundle, or evergreen card --sheet."
            ),
        ]
        return Section("Training data", tuple(blocks))

    def _caveats(self) -> Section:
        blocks: list[Block] = [self._statement("What else to know", "caveats")]
        if self._rows["findings"]:
            blocks += [Paragraph("Prepare found in the data:"), Listing(tuple(self._rows["findings"]))]
        if self._lineage["doubts"]:
            blocks += [
                Paragraph("Training this version again may give another model:"),
                Listing(tuple(self._lineage["doubts"])),
            ]
        else:
            blocks.append(
                Paragraph(
                    "Nothing is known that keeps this version from being trained again to the same model: "
                    f"evergreen reproduce {self._lineage['version']}."
                )
            )
        blocks.append(
            Paragraph(
                "The endpoint answers a value outside what was seen in training with a warning, not with an error. "
                "The scheduled check compares what is asked with the holdout: evergreen drift."
            )
        )
        return Section("Caveats and recommendations", tuple(blocks))


def _split_in_words(split: SplitSettings) -> str:
    if split.type == TIME:
        return f"It holds the last rows by {split.by}; all training rows come before them."
    if split.type == GROUP:
        return f"It holds whole groups of equal {split.by}; no group is on both sides."
    return "Its rows were chosen by a hash of their content; a row's side never changes."


def _seen(feature: Feature) -> str:
    if feature.type != NUMBER:
        return f"{counted(len(feature.categories), 'value')}: {first(feature.categories, 5)}"
    if feature.minimum is None or feature.maximum is None:
        return "no values"
    return f"{number(feature.minimum)} to {number(feature.maximum)}"


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _short(commit: str) -> str:
    """The first digits of a commit, and whether the work tree differed from it."""
    digits, dash, dirty = commit.partition("-")
    return f"{digits[:12]}{dash}{dirty}"
