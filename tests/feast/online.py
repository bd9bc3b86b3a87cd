"""An online store in moto: its table, the runs that write it, and what Feast reads from it."""

import boto3
import pandas as pd

from evergreen import names
from tests.feast.folders import NOW, PROJECT, service, view, write_definitions, write_history
from training.feature_store import definitions, materialise, online_writes
from training.feature_store.description import describe
from training.feature_store.store import open_store


class Online:
    """A table in moto, the runs that write it, and what Feast reads from it."""

    def __init__(self, folder):
        self.client = boto3.client("dynamodb")
        self.folder, self.work = folder / "features", folder / "work"
        self.define(view(), service("market"))
        self.make_table("market")

    def make_table(self, name):
        self.client.create_table(
            TableName=names.online_table(PROJECT, name),
            KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def define(self, *parts):
        write_definitions(self.folder, *parts)

    def add(self, *rows, name="a", folder="market"):
        frame = pd.DataFrame(rows, columns=["city", "event_timestamp", "created", "sales"])
        for column in ("event_timestamp", "created"):
            frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
        write_history(self.folder / "data" / folder, frame, name=name)

    def run(self, now=NOW):
        defined = definitions.read(self.folder)
        return materialise.materialise(
            defined,
            describe(defined, "all"),
            project=PROJECT,
            data=self.folder / "data",
            state_file=self.work / "state.json",
            registry_file=self.work / "registry.db",
            now=now.to_pydatetime(),
        )

    def read(self, *cities, feature="market:sales"):
        store = open_store(
            project=PROJECT, registry=self.work / "registry.db", key_version=3, online=online_writes.settings()
        )
        found = store.get_online_features(features=[feature], entity_rows=[{"city": city} for city in cities])
        return found.to_dict()[feature.partition(":")[2]]
