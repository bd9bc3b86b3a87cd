"""The champion in memory: fetched at the first request, refreshed about once a minute by a thread of its own."""

import json
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from evergreen import names
from evergreen.errors import BrokenBundle, NoChampion
from evergreen.versions.bundle import CONTRACT, METRICS, MODEL, ServableModel, load_model
from evergreen.versions.champion import Champion
from functions.predict.s3 import Bucket, FetchError, NoSuchKey

# Seconds between two looks at the champion pointer.
REFRESH_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A champion that is loaded and verified."""

    champion: Champion
    etag: str
    model: ServableModel


class Models:
    """Holds the champion, and swaps it when another one has been promoted.

    Attributes:
        name: of the model.
        refreshing: the look that was started last, which a request does not wait for. Lambda may freeze it between two
            requests; it then fails or goes on with the next one, and is made again a minute later.
    """

    def __init__(self, bucket: Bucket, name: str) -> None:
        self.name = name
        self.refreshing: threading.Thread | None = None
        self._bucket = bucket
        self._served: Served | None = None
        self._checked = 0.0
        self._failure: str | None = None

    def champion(self) -> Served:
        """What is served now; if a minute has passed, a look for another one is started.

        Raises:
            NoChampion: nothing has been promoted yet.
            FetchError: S3 could not be read, and no champion is loaded to go on with.
            BrokenBundle: likewise, because the bundle is not what the pointer says.
        """
        now = time.monotonic()
        if self._served is None:
            self._served = self._fetch(None)
            self._checked = now
        elif now - self._checked >= REFRESH_SECONDS and not (self.refreshing and self.refreshing.is_alive()):
            self._checked = now
            self.refreshing = threading.Thread(target=self._refresh, args=(self._served,), daemon=True)
            self.refreshing.start()
        return self._served

    def take_failure(self) -> str | None:
        """Why the last look failed; None if it did not, or if its failure has been taken already."""
        failure, self._failure = self._failure, None
        return failure

    def metrics(self, served: Served) -> dict[str, Any]:
        """What training measured.

        Raises:
            FetchError: S3 could not be read.
        """
        return dict(json.loads(self._file(served.champion, METRICS)))

    def _refresh(self, served: Served) -> None:
        try:
            self._served = self._fetch(served)
        except (FetchError, BrokenBundle, NoChampion) as error:
            # The loaded model is valid: it keeps serving.
            self._failure = str(error)

    def _fetch(self, served: Served | None) -> Served:
        try:
            pointer = self._bucket.get(names.champion_key(self.name), unless=served.etag if served else "")
        except NoSuchKey as error:
            raise NoChampion(f"no version of {self.name} has been promoted yet; run: evergreen train") from error
        if pointer is None and served is not None:
            return served
        assert pointer is not None  # without an ETag to compare, S3 returns the object
        champion = Champion.from_json(pointer.content)
        model = load_model(self._file(champion, MODEL), self._file(champion, CONTRACT), digest=champion.digest)
        return Served(champion, pointer.etag, model)

    def _file(self, champion: Champion, name: str) -> bytes:
        stored = self._bucket.get(f"{champion.bundle}{name}")
        assert stored is not None
        return stored.content


def models_from_environment() -> Models:
    """The champion of the model that the function's environment names."""
    return Models(Bucket(os.environ[names.MODEL_BUCKET]), os.environ[names.MODEL_NAME])
