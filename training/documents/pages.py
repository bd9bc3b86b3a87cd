"""Writes a document as HTML and as Markdown, with its plots beside them."""

from pathlib import Path

from training.documents import html_page, markdown_page
from training.documents.document import Document


def write(document: Document, folder: Path, *, html: str, markdown: str) -> list[Path]:
    """Write both forms and the plots into the folder, and return the files.

    Args:
        html: name of the HTML file.
        markdown: name of the Markdown file.
    """
    contents = {
        html: html_page.render(document),
        markdown: markdown_page.render(document),
        **{figure.name: figure.svg for figure in document.figures},
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in contents]
