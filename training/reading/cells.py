"""What evergreen.contract.cells says of a text, for a column of them."""

from collections.abc import Collection
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

Texts = TypeVar("Texts", pa.Array, pa.ChunkedArray)


def read_texts(texts: Texts, missing: Collection[str]) -> tuple[Texts, int]:
    """Texts without blanks around them, null for what is then a mark of a missing cell; and how many had blanks.

    Args:
        missing: the marks.
    """
    trimmed = pc.utf8_trim_whitespace(texts)
    marks = pc.is_in(trimmed, pa.array(missing, texts.type))
    read = pc.if_else(marks, pa.scalar(None, texts.type), trimmed)
    # An empty cell of a few blanks is as empty as any other.
    padded = pc.sum(pc.and_(pc.not_equal(trimmed, texts), pc.is_valid(read))).as_py()
    return read, padded or 0
