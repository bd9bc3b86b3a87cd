"""What README and docs link to is there."""

import re

import pytest

PAGES = ["README.md", *(f"docs/{name}.md" for name in ("architecture", "benchmarks", "drift", "judging", "training"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_is_there(checkout, page):
    links = re.findall(r"\]\((?!http|#)([^)#]+)", (checkout / page).read_text())

    assert [link for link in links if not ((checkout / page).parent / link).exists()] == []
