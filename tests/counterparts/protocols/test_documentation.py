"""The example of each page runs as it is printed, against the proxy that the page about proxies sets up."""

import re
import subprocess
import sys

import pytest

from cli.aws.target import CHECKOUT
from tests.counterparts.protocols.conftest import ENVIRONMENTS

ROW = {"city": "Austin", "year": 2006, "month": 1, "sales": 1600, "listings": 7000, "inventory": 3.1}
PAGES = {
    "tensorflow-serving": sys.executable,
    "open-inference": ENVIRONMENTS / "open_inference" / "bin" / "python",
    "mlflow-scoring": sys.executable,
}


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_page_predicts(served, page):
    text = (CHECKOUT / "docs" / "integrations" / f"{page}.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    host, port = served.address.split(":")
    example = example.replace("127.0.0.1:8080", served.address).replace('"127.0.0.1", 8080', f'"{host}", {port}')

    shown = subprocess.run(
        [PAGES[page], "-W", "ignore", "-c", example], capture_output=True, text=True, timeout=120, check=False
    )

    assert shown.returncode == 0, shown.stderr
    (expected,) = served.own([ROW])
    assert float(re.findall(r"\d+\.\d+", shown.stdout)[-1]) == pytest.approx(expected, rel=1e-6)
