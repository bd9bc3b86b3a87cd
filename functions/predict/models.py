"""The champion in memory: fetched at the first request, looked at again by the first request of each minute.

A request makes its look itself, before it is answered. Nothing may outlive an answer: Lambda freezes the process then,
for a second or for an hour, and closes its connections meanwhile.
"""

import json
import os
import time
from dataclasses import dataclass
from typing import Any

from evergreen import names
from evergreen.errors import BrokenBundle, NoChampion
from evergreen.versions.bundle import CONTRACT, METRICS, MODEL, ServableModel, load_model
from evergreen.versions.champion import Champion
from functions.predict.s3 import Bucket, FetchError, NoSuchKey

# Seconds between two looks at the champion pointer, and after one that failed.
REFRESH_SECONDS, RETRY_SECONDS = 60.0, 10.0
# Seconds that a look may take for each answer of S3, which has a few milliseconds' way. The first one may take more: it
# has nothing to go on with.
LOOK_TIMEOUT, FIRST_TIMEOUT = 1.0, 4.0
# Seconds that all of a look, the first one or the metrics may take: well below the function's time limit of ten, which
# would end the process and all that it holds.
ALL_SECONDS = 4.5


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
    """

    def __init__(self, bucket: Bucket, name: str) -> None:
        self.name = name
        self._bucket = bucket
        self._served: Served | None = None
        self._measured: tuple[Champion, dict[str, Any]] | None = None
        self._next_look = _Timer()
        self._outcome: str | None = None

    def champion(self) -> Served:
        """What is champion, as of a minute ago at most; if S3 fails, what was champion when it last did not.

        Raises:
            NoChampion: nothing has been promoted yet.
            FetchError: S3 could not be read, and no champion is loaded to go on with.
            BrokenBundle: likewise, because the bundle is not what the pointer says.
        """
        if self._served is None:
            self._served = self._fetch(None)
            self._next_look.set(REFRESH_SECONDS)
        elif self._next_look.rings():
            self._look(self._served)
        return self._served

    def take_look(self) -> str | None:
        """How the last look at the champion ended: empty if well, else why not. None if it has been told already."""
        outcome, self._outcome = self._outcome, None
        return outcome

    def metrics(self, served: Served) -> dict[str, Any]:
        """What training measured.

        Raises:
            FetchError: S3 could not be read.
        """
        if self._measured is None or self._measured[0] != served.champion:
            self._allow(LOOK_TIMEOUT)
            self._measured = served.champion, dict(json.loads(self._file(served.champion, METRICS)))
        return self._measured[1]

    def _look(self, served: Served) -> None:
        try:
            self._served = self._fetch(served)
            self._outcome = ""
            self._next_look.set(REFRESH_SECONDS)
        except (FetchError, BrokenBundle, NoChampion) as error:
            # The loaded model is valid: it keeps serving.
            self._outcome = str(error)
            self._next_look.set(RETRY_SECONDS)

    def _fetch(self, served: Served | None) -> Served:
        self._allow(LOOK_TIMEOUT if served else FIRST_TIMEOUT)
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

    def _allow(self, each: float) -> None:
        """How long the next fetches may take: each read, in seconds, and all of them."""
        self._bucket.timeout, self._bucket.until = each, time.monotonic() + ALL_SECONDS

    def _file(self, champion: Champion, name: str) -> bytes:
        stored = self._bucket.get(f"{champion.bundle}{name}")
        assert stored is not None
        return stored.content


class _Timer:
    """Rings once its seconds have passed by either clock: nobody says whether the monotonic one counts those in which a
    process is frozen, and the other one may be set back.
    """

    def __init__(self) -> None:
        self._monotonic = self._wall = 0.0

    def set(self, seconds: float) -> None:
        self._monotonic, self._wall = time.monotonic() + seconds, time.time() + seconds

    def rings(self) -> bool:
        return time.monotonic() >= self._monotonic or time.time() >= self._wall


def models_from_environment() -> Models:
    """The champion of the model that the function's environment names."""
    return Models(Bucket(os.environ[names.MODEL_BUCKET]), os.environ[names.MODEL_NAME])
