"""What README and docs link to is there."""

import re
from pathlib import Path

import pytest

from tests.repository.documentation import pages

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [page.relative_to(CHECKOUT).as_posix() for page in [*pages(CHECKOUT), CHECKOUT / "CHANGELOG.md"]]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_is_there(checkout, page):
    links = re.findall(r"\]\((?!http|#)([^)#]+)", (checkout / page).read_text())

    assert [link for link in links if not ((checkout / page).parent / link).exists()] == []
