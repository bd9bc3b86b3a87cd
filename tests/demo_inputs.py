"""The demo's model.toml with a small forest, and its table, in a folder."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
# A small forest: unlike the demo's estimator on so few rows, it depends on the seed.
SETTINGS = re.sub(
    r'type = "hist_gradient_boosting"\nparameters = .*',
    'type = "random_forest"\nparameters = { n_estimators = 5, max_depth = 4 }',
    (CHECKOUT / "model.toml").read_text(),
)
TABLE = (CHECKOUT / "data" / "texas_2000_2006.csv").read_text()


def laid_out(folder: Path, *, settings: str = SETTINGS, table: str = TABLE) -> Path:
    """A folder with a model.toml and its table."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "texas_2000_2006.csv").write_text(table)
    (folder / "model.toml").write_text(settings)
    return folder
