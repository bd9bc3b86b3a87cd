"""The model.toml of an inspection: each guess a line of its own that can be changed, with its reason beside it."""

from collections.abc import Iterator, Sequence

from evergreen.contract.feature import CATEGORY, DATE, NUMBER
from evergreen.metrics import examples
from evergreen.quoting import cut, line
from evergreen.settings.sections import DataSettings, SplitSettings
from evergreen.settings.toml_text import key, text
from training.inspection.column import Column, names_a_season
from training.inspection.inspection import Inspection

# Where comments begin, unless the line is longer.
_COMMENT = 36


def write(inspection: Inspection) -> str:
    """The text of model.toml."""
    return "\n".join(
        [
            *_head(inspection),
            "",
            *_data(inspection),
            "",
            *_split(inspection),
            *_columns(inspection),
            "",
            *_estimator(inspection),
            *_drift(inspection),
            "",
        ]
    )


def _head(inspection: Inspection) -> Iterator[str]:
    settings, reasons = inspection.settings, inspection.reasons
    metrics = [name for name in examples(settings.task) if name != settings.metric]
    yield "# Written by evergreen init. Everything here is a guess that can be changed. Every key: docs/model-toml.md."
    yield ""
    yield _pair("name", settings.name, "of the model, and of its endpoint")
    yield _pair("description", "", "what is predicted, in which unit; callers see it")
    yield _pair("task", settings.task, reasons["task"])
    yield _pair("metric", settings.metric, f"{reasons['metric']}; or {', '.join(metrics)}")
    if settings.positive:
        yield _pair("positive", settings.positive, "the class that the metric looks for")


def _data(inspection: Inspection) -> Iterator[str]:
    data = inspection.settings.data
    plain = DataSettings(path=data.path, target=data.target)
    yield "[data]"
    yield _pair("path", data.path)
    yield _pair("target", data.target)
    if sheets := inspection.reasons["sheet"]:
        yield _line('sheet = ""', sheets)
    yield from _leave_out([column for column in inspection.columns if column.name in set(data.leave_out)])
    if data.group:
        yield _pair("group", data.group, "rows of one group are not taken as independent")
    for name, says in _FORMAT.items():
        if getattr(data, name) != getattr(plain, name):
            yield _pair(name, getattr(data, name), says)
    if data.date_formats:
        says = "how dates of the table are written that are not ISO 8601"
        yield _line(f"date_formats = {_list(data.date_formats)}", says)
    if data.missing != plain.missing:
        marks = inspection.reasons["missing"]
        yield f"# Texts that mean a missing value: the usual ones, and {_plain(marks)}."
        yield f"missing = {_list(data.missing)}"


_FORMAT = {
    "encoding": "the file cannot be read as UTF-8",
    "delimiter": "what stands between two cells",
    "decimal": "the decimal sign of its numbers",
    "thousands": "what stands between the thousands",
}


def _leave_out(columns: Sequence[Column]) -> Iterator[str]:
    if not columns:
        yield _line(
            "leave_out = []", "columns that the model must not see: what is not known when a prediction is asked for"
        )
        return
    yield "# Columns that the model must not see. Take a line away to have it see that column."
    yield "leave_out = ["
    for column in columns:
        yield _line(f"    {text(column.name)},", column.leave_out)
    yield "]"


def _split(inspection: Inspection) -> Iterator[str]:
    split = inspection.settings.split
    yield "[split]"
    yield _pair("type", split.type, inspection.reasons["split"])
    if split.by:
        yield _pair("by", split.by)
    small = split.holdout != SplitSettings().holdout
    says = "of the rows, kept for judging" + (": the table is small" if small else "")
    yield _line(f"holdout = {split.holdout}", says)


def _columns(inspection: Inspection) -> Iterator[str]:
    asked = inspection.settings.columns
    if asked:
        yield ""
        yield "[columns]"
        for column in inspection.columns:
            if column.name in asked:
                other = NUMBER if column.asked == CATEGORY else CATEGORY
                yield _line(
                    f"{key(column.name)} = {text(column.asked)}",
                    f'some of its cells, like 1E5, may be a number or a code; or "{other}"',
                )


def _estimator(inspection: Inspection) -> Iterator[str]:
    yield "[estimator]"
    estimator = inspection.settings.estimator
    yield _pair("type", estimator.type, "others, and their preprocessing: docs/model-toml.md")
    if isinstance(estimator.class_weight, str) and estimator.class_weight:
        says = "the rare class weighs as much as the other; its probabilities are then too high"
        yield _pair("class_weight", estimator.class_weight, says)


def _drift(inspection: Inspection) -> Iterator[str]:
    """The season is only proposed: with it, a window has fewer rows to be compared with."""
    seen = [column.name for column in inspection.columns if not column.leave_out and column.kind != DATE]
    seasons = [name for name in seen if name != inspection.settings.data.target and names_a_season(name)]
    if seasons:
        yield ""
        yield "# [drift]"
        yield "# " + _pair("season", seasons[0], "to compare requests with the holdout rows of their own season alone")


def _pair(name: str, value: str, says: str = "") -> str:
    return _line(f"{name} = {text(value)}", says)


def _line(pair: str, says: str = "") -> str:
    return f"{pair:<{_COMMENT}} # {_plain(says)}" if says else pair


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(text, texts))}]"


def _plain(says: str) -> str:
    """A text in a comment, which a control character would end or break."""
    return says if says.isprintable() else line(cut(says))
