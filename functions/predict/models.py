"""The champion in memory: fetched at the first request, looked after about once a minute."""

import json
import os
import time
from dataclasses import dataclass
from typing import Any

from evergreen import names
from evergreen.bundle import CONTRACT, METRICS, MODEL, ServableModel, load_model
from evergreen.champion import Champion
from evergreen.errors import BrokenBundle, NoChampion
from functions.predict.s3 import Bucket, FetchError, NoSuchKey

# Seconds between two looks at the champion pointer.
REFRESH_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A champion that is loaded and verified."""

    champion: Champion
    etag: str
    model: ServableModel
    metrics: dict[str, Any]


class Models:
    """Holds the champion, and swaps it when another one has been promoted."""

    def __init__(self, bucket: Bucket, model_name: str) -> None:
        self._bucket = bucket
        self.name = model_name
        self._served: Served | None = None
        self._checked = -REFRESH_SECONDS
        self.failure: str | None = None  # why the last look failed while a model was already being served

    def champion(self) -> Served:
        """
        Raises:
            NoChampion: nothing has been promoted yet.
            FetchError: S3 could not be read, and no champion is loaded to go on with.
            BrokenBundle: likewise, because the bundle is not what the pointer says.
        """
        now = time.monotonic()
        if self._served is None or now - self._checked >= REFRESH_SECONDS:
            try:
                self._served = self._fetch()
                self.failure = None
            except (FetchError, BrokenBundle) as error:
                # What is loaded is good: go on with it, and look again in a minute.
                if self._served is None:
                    raise
                self.failure = str(error)
            self._checked = now
        return self._served

    def _fetch(self) -> Served:
        try:
            pointer = self._bucket.get(names.champion_key(self.name), unless=self._served.etag if self._served else "")
        except NoSuchKey as error:
            if self._served is not None:
                raise
            raise NoChampion(f"no version of {self.name} has been promoted yet; run: evergreen train") from error
        if pointer is None and self._served is not None:
            return self._served
        assert pointer is not None  # without an ETag to compare, S3 returns the object
        champion = Champion.from_json(pointer.content)
        model = load_model(self._file(champion, MODEL), self._file(champion, CONTRACT), digest=champion.digest)
        return Served(champion, pointer.etag, model, json.loads(self._file(champion, METRICS)))

    def _file(self, champion: Champion, name: str) -> bytes:
        stored = self._bucket.get(f"{champion.bundle}{name}")
        assert stored is not None
        return stored.content


def models_from_environment() -> Models:
    """The champion of the model that the function's environment names."""
    return Models(Bucket(os.environ[names.MODEL_BUCKET]), os.environ[names.MODEL_NAME])
