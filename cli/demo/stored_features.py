"""The demo with a feature store: callers send a city's name, and Feast knows the rest."""

from pathlib import Path
from typing import Any

from cli.aws.endpoint import Endpoint
from cli.aws.target import CHECKOUT
from cli.console import PlainTable, Steps, console
from cli.demo.city_market import write_history
from cli.demo.replay import CITIES
from cli.embedded import deployed_cloud
from cli.feature_store.definitions import FOLDER, describe, install_feast
from cli.feature_store.online import FeatureStore
from cli.feature_store.pushing import push_file
from cli.training_progress import run_training
from evergreen.feature_store.views import FeatureService
from evergreen.number_text import number
from evergreen.settings.model_toml import read_settings

SETTINGS = FOLDER / "model.toml"
_NEXT = (
    ("docs/features.md", "how to define features of your own"),
    ("make features-ui", "the definitions in Feast's own pages"),
    ("features/texas.py", "the definitions of this demo"),
)


def demo_with_features(home: Path, *, port: int | None) -> None:
    """
    Raises:
        CommandFailed: Feast could not be installed, or a step failed.
    """
    steps = Steps()
    console.print("[bold]Evergreen demo[/] with a feature store: the whole stack on this machine, with no account\n")
    with steps.step("Install Feast, if it is missing (once; about 650 MB)"):
        install_feast()
    with steps.step("Have Feast read the definitions in features/"):
        service = describe(read_settings(SETTINGS))
    with deployed_cloud(home, steps, port=port, model_toml=SETTINGS) as (_, target):
        with steps.step("Compute what was known of each city, month by month"):
            history = home / "city_market.parquet"
            write_history(CHECKOUT / "data" / "texas_2000_2006.csv", history)
        push_file(target, service, service.views[0], history, steps)
        console.print(
            "\n[bold]Train[/] on a table of cities, months and prices; the rest is joined as it was known then"
        )
        run_training(target, SETTINGS, steps)
        endpoint = Endpoint(target)
        with steps.step("Predict by the cities' names alone, and by their full rows"):
            store = FeatureStore(target, service)
            rows = [_full_row(store, service, city) for city in CITIES]
            alone = _predict(endpoint, [{"entities": {"city": city}} for city in CITIES])
            whole = _predict(endpoint, rows)
        table = PlainTable("City", "By its name alone", "By its full row", "What the store has of it")
        for city, by_name, by_row, row in zip(CITIES, alone, whole, rows, strict=True):
            known = f"{row['year']}-{row['month']:02}: {number(row['sales'])} sales, {row['inventory']:g} months"
            table.add_row(city, number(round(by_name)), number(round(by_row)), known)
        console.print(table)
        equal = "equal, to the last bit" if alone == whole else "DIFFERENT"
        console.print(f"  The predictions are {equal}.", markup=False)
    console.print("\n[bold]Where to look next[/] (the demo has stopped all that it started)")
    for what, why in _NEXT:
        console.print(f"  {what:<26} {why}", markup=False, soft_wrap=True)


def _full_row(store: FeatureStore, service: FeatureService, city: str) -> dict[str, Any]:
    found = store.get(service.views[0], {"city": city})
    assert found is not None, f"{city} was pushed"
    return {"city": city, **found.values}


def _predict(endpoint: Endpoint, instances: list[dict[str, Any]]) -> list[float]:
    return [each["prediction"] for each in endpoint.predict({"instances": instances})["predictions"]]
