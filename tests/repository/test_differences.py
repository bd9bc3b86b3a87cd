"""The points in which the embedded cloud is kinder than AWS: those of docs/architecture.md are those of smoke."""

import re

from cli.smoke.differences import DIFFERENCES

BEGIN = "It is kinder than AWS in these points."
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def points(page):
    """The items of the list, each as one line, with the words of links alone."""
    items = page.split(BEGIN, 1)[1].split("\n- ")[1:]
    return [" ".join(LINK.sub(r"\1", " ".join(item.split())).split()) for item in items]


def test_the_list_is_that_of_the_architecture_page(checkout):
    page = (checkout / "docs" / "architecture.md").read_text()
    assert [difference.point for difference in DIFFERENCES] == points(page)


def test_each_difference_has_a_name_of_its_own():
    assert len({difference.name for difference in DIFFERENCES}) == len(DIFFERENCES)
