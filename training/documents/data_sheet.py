"""The data sheet of what Prepare read, with the sections of Gebru et al., "Datasheets for Datasets" (2021).

Statements that only a person can make come from [sheet] of model.toml. A missing one is shown as not stated.
"""

from pathlib import Path
from typing import Any

from evergreen.number_text import counted, number, percent, share
from evergreen.settings.sections import ModelSettings
from evergreen.versions.bundle import SHEET_HTML, SHEET_MARKDOWN
from training.documents import pages, wording
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
    printable,
    shortened,
)
from training.documents.profile import category_counts, number_histogram, profile_feature
from training.preparing.prepared import Prepared

# Row limits of the tables of columns, classes and files, so that a person can read the sheet.
_COLUMNS = 200
_CLASSES = 30
_FILES = 50


def write_sheet(folder: Path, *, prepared: Prepared, settings: ModelSettings, summary: dict[str, Any]) -> None:
    """Write the sheet in both forms into the folder.

    Args:
        summary: the content of summary.json.
    """
    pages.write(_Sheet(prepared, settings, summary).document(), folder, html=SHEET_HTML, markdown=SHEET_MARKDOWN)


class _Sheet:
    """Builds the data sheet of one data version."""

    def __init__(self, prepared: Prepared, settings: ModelSettings, summary: dict[str, Any]) -> None:
        self._train = prepared.train
        self._holdout = prepared.holdout
        self._contract = prepared.contract
        self._settings = settings
        self._summary = summary

    def document(self) -> Document:
        summary = self._summary
        dropped = sum(summary["dropped"].values())
        return Document(
            kind="Data sheet",
            title=self._settings.data.path,
            lead=f"The data of the model {self._settings.name}.",
            origin=(("Version", summary["data_version"]),),
            headlines=(
                Headline(
                    label="Rows",
                    value=number(summary["train_rows"] + summary["holdout_rows"]),
                    note=f"{number(summary['train_rows'])} for training, {number(summary['holdout_rows'])} held out",
                ),
                Headline(label="Features", value=number(len(self._contract.features)), note=self._left_out()),
                Headline(label="Dropped", value=number(dropped), note="row" if dropped == 1 else "rows"),
                Headline(label="Findings", value=number(len(summary["findings"])), note="warnings from Prepare"),
            ),
            sections=(
                Section("Motivation", (self._statement("Why the data was collected, and by whom", "motivation"),)),
                self._composition(),
                self._collection(),
                self._preprocessing(),
                self._uses(),
                Section("Distribution", (self._statement("Who may use or receive the data", "distribution"),)),
                self._maintenance(),
            ),
        )

    def _statement(self, heading: str, key: str) -> Statement:
        return wording.statement(self._settings, "sheet", heading, key)

    def _left_out(self) -> str:
        count = len(self._settings.data.leave_out)
        return f"{counted(count, 'column')} left out" if count else "no column left out"

    def _composition(self) -> Section:
        blocks: list[Block] = [self._target(), self._features()]
        if self._summary["findings"]:
            blocks += [Paragraph("Prepare warned:"), Listing(tuple(self._summary["findings"]))]
        else:
            blocks.append(
                Paragraph(
                    "Prepare looked for identifiers, constants, near-copies of the target, categories that occur once "
                    "and classes with too few rows, and found none."
                )
            )
        blocks.append(self._statement("Data about people, and sensitive data", "sensitive"))
        return Section("Composition", tuple(blocks))

    def _target(self) -> Table:
        target = self._contract.target
        train, holdout = self._train[target], self._holdout[target]
        if not self._contract.classes:
            parts = (("training", train), ("holdout", holdout))
            return Table(
                caption=f"The target, {target}: a number.",
                head=("Part", "Rows", "Mean", "Median", "Smallest", "Largest", "Histogram"),
                right=(1, 2, 3, 4, 5),
                rows=tuple(
                    (
                        part,
                        number(len(values)),
                        *(
                            number(float(figure))
                            for figure in (values.mean(), values.median(), values.min(), values.max())
                        ),
                        number_histogram(values, name=f"{target}, {part}"),
                    )
                    for part, values in parts
                ),
            )
        counts, held = category_counts(train), category_counts(holdout)
        return Table(
            caption=f"The target, {target}: {number(len(counts))} classes."
            + shortened(f"{_CLASSES} commonest", len(counts), _CLASSES),
            head=("Class", "Training rows", "Share", "Holdout rows", "Share of holdout"),
            right=(1, 2, 3, 4),
            rows=tuple(
                (
                    str(label),
                    number(int(count)),
                    share(int(count), len(train)),
                    number(int(held.get(label, 0))),
                    share(int(held.get(label, 0)), len(holdout)),
                )
                for label, count in counts.head(_CLASSES).items()
            ),
        )

    def _features(self) -> Table:
        features = self._contract.features
        profiles = [
            profile_feature(feature, self._train[feature.name], self._holdout[feature.name])
            for feature in features[:_COLUMNS]
        ]
        return Table(
            caption="The features, in the training rows unless the column says holdout. Missing: share of empty cells."
            + shortened(f"first {_COLUMNS}", len(features), _COLUMNS, full="contract.json"),
            head=("Feature", "Type", "Histogram", "Values", "Missing", "Missing in holdout", "Holdout unlike training"),
            right=(4, 5),
            rows=tuple(
                (
                    profile.name,
                    profile.type,
                    profile.histogram,
                    profile.values,
                    profile.missing_train,
                    profile.missing_holdout,
                    profile.unlike or "none",
                )
                for profile in profiles
            ),
        )

    def _collection(self) -> Section:
        files = self._summary["data_files"]
        table = Table(
            caption="The files of this version." + shortened(f"first {_FILES}", len(files), _FILES),
            head=("File", "Bytes", "MD5"),
            right=(1,),
            rows=tuple((file["name"], number(file["bytes"]), Code(file["md5"])) for file in files[:_FILES]),
        )
        return Section(
            "Collection process", (self._statement("How, when and from where it was collected", "collection"), table)
        )

    def _preprocessing(self) -> Section:
        summary, split = self._summary, self._settings.split
        by = f" by {split.by}" if split.by else ""
        blocks: list[Block] = [
            self._statement("Cleaning before the data reached this project", "cleaning"),
            Facts(
                (
                    ("Dropped", wording.dropped_rows(summary)),
                    ("Left out", wording.left_out_columns(self._settings)),
                    ("Split", f"{split.type}{by}, {percent(split.holdout)} held out"),
                    ("Prepared rows (SHA-256)", Code(summary["prepared_sha256"])),
                )
            ),
            Paragraph(
                "Numbers stay as they are, texts become categories, and empty cells count as missing. Imputing, "
                "scaling and encoding are part of the model. They are fitted to the training rows only."
            ),
        ]
        if summary["contract_changes"]:
            blocks += [
                Paragraph("The contract differs from the champion's:"),
                Listing(tuple(summary["contract_changes"])),
            ]
        return Section("Preprocessing, cleaning, labeling", tuple(blocks))

    def _uses(self) -> Section:
        settings = self._settings
        what = f": {printable(settings.description).rstrip('.')}" if settings.description.strip() else ""
        return Section(
            "Uses",
            (
                Paragraph(
                    f"This project uses the data to train and judge the model {settings.name}, a {settings.task} of "
                    f"{self._contract.target}{what}. The model card states the model's intended and out-of-scope uses."
                ),
            ),
        )

    def _maintenance(self) -> Section:
        return Section(
            "Maintenance",
            (
                self._statement("Who maintains the data", "maintenance"),
                Paragraph(
                    "The name of a data version is a hash of its content, and a version never changes. To make a new "
                    f"version of a changed table: evergreen data add {self._settings.data.path}. To list all versions: "
                    "evergreen data list."
                ),
            ),
        )
