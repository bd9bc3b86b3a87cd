"""Pipeline: its steps one after another."""

from typing import Any

from evergreen.portable import families
from evergreen.portable.columns import Columns, Values
from evergreen.portable.families import Exported, Step
from evergreen.portable.families import export_step as export_transformer

SUPPORTED = {"Pipeline": "of the transformers and estimators in this table; nested too"}


def export(pipeline: Any, columns: Columns) -> Exported:
    documents, columns = _export_all(pipeline.steps[:-1], columns)
    return families.export(pipeline.steps[-1][1], columns).after(documents)


def export_step(pipeline: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    """A pipeline that only transforms."""
    documents, columns = _export_all(pipeline.steps, columns)
    return {"steps": documents}, columns


def _export_all(steps: list[tuple[str, Any]], columns: Columns) -> tuple[list[dict[str, Any]], Columns]:
    documents = []
    for _, transformer in steps:
        if transformer is None or transformer == "passthrough":
            continue
        document, columns = export_transformer(transformer, columns)
        documents.append(document)
    return documents, columns


def load_step(document: dict[str, Any]) -> Step:
    steps = [families.load_step(step) for step in document["steps"]]

    def transform(values: Values) -> Values:
        for step in steps:
            values = step(values)
        return values

    return transform
