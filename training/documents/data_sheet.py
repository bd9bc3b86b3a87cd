"""The data sheet, after the sections of Gebru et al., "Datasheets for Datasets" (2021), from what Prepare saw.

What only a person can say comes from [sheet] of model.toml, and is named as missing where it is not there.
"""

from pathlib import Path
from typing import Any

from evergreen.number_text import counted, number, share
from evergreen.settings.sections import ModelSettings
from training.documents import html_page, markdown_page
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
    printable,
)
from training.documents.profile import category_counts, number_histogram, profile_feature
from training.prepared import Prepared

HTML = "data_sheet.html"
MARKDOWN = "data_sheet.md"

# Rows of the table of columns, of classes and of files: a sheet is read.
_COLUMNS = 200
_CLASSES = 30
_FILES = 50


def write_sheet(folder: Path, *, prepared: Prepared, settings: ModelSettings, summary: dict[str, Any]) -> None:
    """Write the sheet in both forms into the folder.

    Args:
        summary: the content of summary.json.
    """
    sheet = _Sheet(prepared, settings, summary).document()
    (folder / HTML).write_text(html_page.render(sheet), encoding="utf-8")
    (folder / MARKDOWN).write_text(markdown_page.render(sheet), encoding="utf-8")


class _Sheet:
    """Words one data version's evidence."""

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
                Headline(label="Findings", value=number(len(summary["findings"])), note="warnings of Prepare"),
            ),
            sections=(
                Section("Motivation", (self._statement("Why it was collected, and by whom", "motivation"),)),
                self._composition(),
                self._collection(),
                self._preprocessing(),
                self._uses(),
                Section("Distribution", (self._statement("Who may have it", "distribution"),)),
                self._maintenance(),
            ),
        )

    def _statement(self, heading: str, key: str) -> Statement:
        return Statement(heading=heading, text=getattr(self._settings.sheet, key), section="sheet", key=key)

    def _left_out(self) -> str:
        count = len(self._settings.data.leave_out)
        return f"{counted(count, 'column')} left out" if count else "no column left out"

    def _composition(self) -> Section:
        blocks: list[Block] = [self._target(), self._features()]
        if self._summary["findings"]:
            blocks += [Paragraph("Prepare found:"), Listing(tuple(self._summary["findings"]))]
        else:
            blocks.append(
                Paragraph(
                    "Prepare looked for identifiers, constants, near-copies of the target, categories seen once and "
                    "classes too rare to split, and found none."
                )
            )
        blocks.append(self._statement("About people, and what is sensitive", "sensitive"))
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
        more = f" The {_CLASSES} commonest of {len(counts)}." if len(counts) > _CLASSES else ""
        return Table(
            caption=f"The target, {target}: {len(counts)} classes.{more}",
            head=("Class", "Training rows", "Share", "Holdout rows", "Share of them"),
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
        more = (
            f" The first {_COLUMNS} of {number(len(features))}; contract.json has all."
            if len(features) > _COLUMNS
            else ""
        )
        return Table(
            caption="The features. Range, categories and histogram are those of the training rows; missing cells are "
            f"shares of the training and of the holdout rows.{more}",
            head=("Feature", "Type", "Histogram", "Values", "Missing", "In holdout", "Holdout unlike training"),
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
        more = f" The first {_FILES} of {number(len(files))}." if len(files) > _FILES else ""
        table = Table(
            caption=f"The files of this version.{more}",
            head=("File", "Bytes", "MD5"),
            right=(1,),
            rows=tuple((file["name"], number(file["bytes"]), Code(file["md5"])) for file in files[:_FILES]),
        )
        return Section("Collection process", (self._statement("How, when and from where", "collection"), table))

    def _preprocessing(self) -> Section:
        summary, split = self._summary, self._settings.split
        by = f" by {split.by}" if split.by else ""
        dropped = [f"{what}: {counted(count, 'row')}" for what, count in summary["dropped"].items() if count]
        blocks: list[Block] = [
            self._statement("Before it came here", "cleaning"),
            Facts(
                (
                    ("Dropped", "; ".join(dropped) or "no row"),
                    ("Left out", first(self._settings.data.leave_out, 20) or "no column"),
                    ("Split", f"{split.type}{by}, {split.holdout:.0%} held out"),
                    ("Prepared rows (SHA-256)", Code(summary["prepared_sha256"])),
                )
            ),
            Paragraph(
                "Numbers are kept as they are, texts as categories, empty cells as missing. Imputing, scaling and "
                "encoding are part of the model, and fitted to training rows alone."
            ),
        ]
        if summary["contract_changes"]:
            blocks += [
                Paragraph("What a row must look like has changed since the champion's contract:"),
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
                    f"Here it trains and judges the model {settings.name}, a {settings.task} of "
                    f"{self._contract.target}{what}. The model card beside it says what the model is for, and what not."
                ),
            ),
        )

    def _maintenance(self) -> Section:
        return Section(
            "Maintenance",
            (
                self._statement("Who keeps it up to date", "maintenance"),
                Paragraph(
                    "A version is named by its content and never changes. A changed table becomes a new version: "
                    f"evergreen data add {self._settings.data.path}. All of them: evergreen data list."
                ),
            ),
        )
