"""Warnings about training rows to which a model can be fitted, but which look wrong; each with a remedy."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from evergreen.number_text import counted, number
from evergreen.settings.sections import ModelSettings
from training.preparing.equal_rows import ROWS_FOR_EACH
from training.reading.categories import MOST_CODES, has_too_many
from training.reading.dates import is_date

# A column of text or whole numbers is taken for an identifier above this share of distinct values, from this many rows.
_UNIQUE_SHARE, _UNIQUE_ROWS = 0.99, 50
# A number is taken for a copy of the target above this rank correlation with it.
_COPY = 0.999
# At most this many rows are searched for copies: more would not change a finding, but cost a sort of every column.
_COPY_ROWS = 20_000
# A class with fewer training rows is not learned; one with fewer holdout rows is not judged.
_CLASS_ROWS, _CLASS_HOLDOUT_ROWS = 10, 1
_NAMED = 5

Columns = dict[str, pd.Series]


def of_captured(rows: pd.DataFrame, ids: pd.Series | None, *, repeated: int) -> Iterator[str]:
    """What was left out of the captured rows, and features that none of them has.

    Args:
        ids: the prediction ids of captured rows, missing in all others; None if no row was captured.
        repeated: how many captured rows were left out, since they equal rows of the table.
    """
    if repeated:
        yield f"{counted(repeated, 'captured row')} left out: the table itself has the same"
    if ids is None or ids.isna().all():
        return
    captured = ids.notna().to_numpy()
    for name, column in rows.items():
        if column[captured].isna().all() and column[~captured].notna().any():
            yield (
                f"column {str(name)!r} is missing in all {counted(int(captured.sum()), 'captured row')}: the champion "
                "that was asked for them has no such feature"
            )


def of_equal_rows(different: int, rows: int) -> Iterator[str]:
    """That rows count although they are equal, where it is not plain that they should.

    Args:
        different: how many different rows there are.
    """
    if rows >= ROWS_FOR_EACH * different:
        yield (
            f"{counted(rows, 'row')} are {counted(different, 'different one')}: each counts as an observation by "
            "itself. If a join or an export has repeated them, take the copies out"
        )


def of_reading(padded: Mapping[str, int], rows: pd.DataFrame) -> Iterator[str]:
    """What was changed while the table was read.

    Args:
        padded: how many texts of each column had blanks around them.
        rows: features and target.
    """
    named = [f"{name} ({number(count)})" for name, count in padded.items() if count and name in rows]
    if named:
        more = f" and {len(named) - _NAMED} more columns" if len(named) > _NAMED else ""
        yield f"blanks around texts were taken away, as those of requests are: {', '.join(named[:_NAMED])}{more}"


def of_stored(without: Mapping[str, int], rows: int) -> Iterator[str]:
    """Rows that a feature store knew nothing of.

    Args:
        without: how many, by feature view.
        rows: how many there are.
    """
    for view, count in without.items():
        yield (
            f"the feature view {view!r} knew nothing at the moment of {number(count)} of {counted(rows, 'row')}: its "
            "features are missing there. Give its history an earlier begin, or leave these rows out"
        )


def find(train: pd.DataFrame, holdout: pd.DataFrame, settings: ModelSettings) -> tuple[str, ...]:
    """One sentence for each kind of finding. The columns are those of `Prepared`."""
    target = train[settings.data.target]
    # A dict and not a frame, which would copy all rows.
    features = {str(name): train[name] for name in train.columns if name != target.name}
    by = (settings.split.by, settings.group)
    sentences = [
        *_identifiers({name: each for name, each in features.items() if name not in by}),
        *_constants(features),
        *_copies(features, target),
        *_single_categories(features, settings),
        *_thin_categories(features),
    ]
    if target.dtype == object:
        sentences += _rare_classes(target, holdout[target.name])
    return tuple(sentences)


def identifiers(features: Columns) -> list[str]:
    """Columns of text or whole numbers with a different value in nearly every row."""
    return [
        name
        for name, column in features.items()
        if len(column) >= _UNIQUE_ROWS and _is_discrete(column) and _is_unique(column)
    ]


def _identifiers(features: Columns) -> Iterator[str]:
    if names := identifiers(features):
        yield (
            f"{_columns(names)} a different value in nearly every row, like an identifier: what a model learns from it "
            "does not hold for other rows. Put it into leave_out in model.toml"
        )


def constants(features: Columns) -> list[str]:
    """Columns with one value in every row."""
    return [name for name, column in features.items() if _is_constant(column)]


def _constants(features: Columns) -> Iterator[str]:
    if names := constants(features):
        yield f"{_columns(names)} one value in all training rows: nothing can be learned from it. Put it into leave_out"


def copies(features: Columns, target: pd.Series) -> list[str]:
    """Features that nearly determine the target: by their rank, or because each value occurs with one target only."""
    step = -(-len(target) // _COPY_ROWS)
    goal = target.iloc[::step]
    codes = pd.factorize(goal)[0]
    if np.all(codes == codes[0]):
        return []
    ranks = goal.rank() if goal.dtype != object else None
    some = {name: column.iloc[::step] for name, column in features.items()}
    return [name for name, column in some.items() if _determines(column, codes) or _is_copy(column, goal, ranks)]


def _copies(features: Columns, target: pd.Series) -> Iterator[str]:
    if names := copies(features, target):
        yield (
            f"{_columns(names)} the same information as the target: each value occurs with only one value of "
            f"{target.name!r}, or rises and falls with it. If it is not known when a prediction is requested, put it "
            "into leave_out"
        )


def _single_categories(features: Columns, settings: ModelSettings) -> Iterator[str]:
    if settings.preprocessing.min_frequency > 1:
        return
    for name, column in features.items():
        if column.dtype != object:
            continue
        counts = column.value_counts()
        single = sorted(counts.index[counts == 1])
        # A column in which every category occurs once is an identifier, which has a finding of its own. Of many
        # categories, rare ones are expected: they are encoded nearly by the mean of all rows.
        if single and len(single) < len(counts) <= MOST_CODES:
            yield (
                f"the column {name!r} has {_listed(single)} in one training row only: too few to learn from. Merge it "
                "with others, add rows of it, or set [preprocessing] min_frequency"
            )


def _thin_categories(features: Columns) -> Iterator[str]:
    names = [
        name
        for name, column in features.items()
        if column.dtype == object and has_too_many(column.nunique(), column.count()) and not _is_unique(column)
    ]
    if names:
        yield (
            f"{_columns(names)} so many different texts that there are fewer than two training rows for each: a model "
            "learns little from them. Merge them, for example to regions or brands, or put the column into leave_out"
        )


def _rare_classes(train: pd.Series, holdout: pd.Series) -> list[str]:
    learned, judged = train.value_counts(), holdout.value_counts()
    sizes = {label: (int(learned[label]), int(judged.get(label, 0))) for label in sorted(learned.index)}
    rare = [
        f"{label!r} ({counted(here, 'training row')}, {counted(there, 'holdout row')})"
        for label, (here, there) in sizes.items()
        if here < _CLASS_ROWS or there < _CLASS_HOLDOUT_ROWS
    ]
    if not rare:
        return []
    return [
        f"the target {train.name!r} has classes too rare to be learned and judged: {', '.join(rare[:_NAMED])}"
        f"{_more(rare)}. Add rows of them, or merge them with others"
    ]


def _is_discrete(column: pd.Series) -> bool:
    if column.dtype == object:
        return True
    if is_date(column):
        return False
    values = column.to_numpy()
    return bool(np.all(np.isnan(values) | (values == np.floor(values))))


def _is_unique(column: pd.Series) -> bool:
    present = column.dropna()
    return len(present) > 0 and present.nunique() >= _UNIQUE_SHARE * len(present)


def _is_constant(column: pd.Series) -> bool:
    """Whether every row has the same value; a column with a missing cell is not constant."""
    values = column.to_numpy()
    return bool((values == values[0]).all())


def _determines(column: pd.Series, target: np.ndarray) -> bool:
    """Whether every value occurs with one target only; False if few values repeat, where it would hold by chance."""
    codes, distinct = pd.factorize(column.to_numpy())
    present = codes >= 0
    codes, target = codes[present], target[present]
    if len(distinct) < 2 or len(distinct) > len(codes) / 2:
        return False
    # Take the target of each value's last row; all rows of the value must have the same.
    last = np.empty(len(distinct), dtype=target.dtype)
    last[codes] = target
    repeated = np.bincount(codes)[codes] > 1
    return bool(np.array_equal(last[codes], target)) and len(np.unique(target[repeated])) > 1


def _is_copy(column: pd.Series, target: pd.Series, ranks: pd.Series | None) -> bool:
    """Whether a number rises or falls with the target; for classes, whether each class has a separate range of it.

    Args:
        ranks: ranks of the target; None if it is a class.
    """
    if column.dtype == object:
        return False
    values = column.dropna()
    if len(values) < _UNIQUE_ROWS:
        return False
    if ranks is not None:
        own, other = values.rank().to_numpy(), ranks.to_numpy()[column.notna().to_numpy()]
        return bool(own.min() < own.max() and other.min() < other.max()) and _correlation(own, other) > _COPY
    ranges = values.groupby(target[values.index]).agg(["min", "max", "size"]).sort_values("min")
    ranges = ranges[ranges["size"] >= _CLASS_ROWS]
    return len(ranges) > 1 and bool((ranges["min"].to_numpy()[1:] > ranges["max"].to_numpy()[:-1]).all())


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """The absolute value of the correlation."""
    return abs(float(np.corrcoef(one, other)[0, 1]))


def _columns(names: Sequence[str]) -> str:
    return f"the column {names[0]!r} has" if len(names) == 1 else f"the columns {_listed(names)} each have"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(map(repr, names[:_NAMED]))}{_more(names)}"


def _more(names: Sequence[str]) -> str:
    return f" and {number(len(names) - _NAMED)} more" if len(names) > _NAMED else ""
