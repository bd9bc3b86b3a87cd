"""Which texts are a category: those that come again and again. Others are identifiers, notes or sentences."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.number_text import number
from evergreen.settings.toml_text import key
from training.reading.source import Source
from training.reading.unfit import SENTENCES, UNIQUE_TEXTS, Reason, UnfitColumn

# A category of more texts is encoded by the target's mean: scikit-learn's histogram gradient boosting takes no more of
# them as they are, and one column for each would be too many. With no more, any texts are a category.
MOST_CODES = 255
# What is longer on average, in words or in characters, is written for people to read.
_WORDS, _CHARACTERS = 8, 100


def require_category(distinct: pa.Array, rows: np.ndarray, *, name: str, source: Source) -> None:
    """
    Args:
        distinct: the different texts of a column.
        rows: how many have each of them.
        name: of the column.

    Raises:
        UnfitColumn: they seem to be identifiers or free text.
    """
    if len(distinct) <= MOST_CODES:
        return
    where, known = f"{source.name}: column {name!r} has {number(len(distinct))} different texts", int(rows.sum())
    remedy = f'Leave it out in model.toml; if it is a category all the same: [columns] {key(name)} = "category"'
    if has_too_many(len(distinct), known):
        raise UnfitColumn(
            f"{where} in {number(known)} rows, fewer than two rows for each, like an identifier or a note: a model "
            f"learns nothing from them that holds for other rows. {remedy}",
            reason=Reason(kind=UNIQUE_TEXTS, column=name),
        )
    words = pc.mean(pc.count_substring_regex(distinct, r"\S+")).as_py()
    characters = pc.mean(pc.utf8_length(distinct)).as_py()
    if words > _WORDS or characters > _CHARACTERS:
        length = f"{number(words)} words" if words > _WORDS else f"{number(characters)} characters"
        raise UnfitColumn(
            f"{where} of {length} on average, like free text. {remedy}", reason=Reason(kind=SENTENCES, column=name)
        )


def has_too_many(distinct: int, rows: int) -> bool:
    """Whether a column has so many different texts that there are fewer than two rows for each."""
    return distinct > MOST_CODES and distinct > rows / 2
