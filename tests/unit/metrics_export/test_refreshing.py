"""A scrape has CloudWatch read once a minute at most, and waits for it a moment only."""

import threading
from itertools import pairwise

import pytest

from cli.metrics_export.refreshing import Refresher
from cli.metrics_export.snapshot import Snapshot


class Clock:
    seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


def test_however_often_it_is_scraped_it_reads_once_a_minute(clock):
    reads = []
    refresher = Refresher(lambda: reads.append(clock()) or Snapshot(), clock)
    for _ in range(3600):
        refresher.snapshot()
        clock.seconds += 0.5

    assert len(reads) == 30
    assert min(after - before for before, after in pairwise(reads)) >= 60


def test_scrapes_at_once_share_a_read(clock):
    reads = []
    refresher = Refresher(lambda: reads.append(1) or Snapshot(), clock)
    scrapes = [threading.Thread(target=refresher.snapshot) for _ in range(20)]
    for scrape in scrapes:
        scrape.start()
    for scrape in scrapes:
        scrape.join()

    assert len(reads) == 1


def test_a_scrape_gets_what_was_just_read(clock):
    read = Snapshot(cloudwatch_up=True)

    assert Refresher(lambda: read, clock).snapshot() is read


def test_a_read_that_hangs_holds_up_no_scrape_and_no_second_one_begins(clock):
    goes_on, reads = threading.Event(), []

    def read():
        reads.append(1)
        goes_on.wait(20)
        return Snapshot(cloudwatch_up=True)

    refresher = Refresher(read, clock)
    waited = [refresher.snapshot(patience=0.01)]
    clock.seconds += 600
    waited.append(refresher.snapshot(patience=0.01))
    goes_on.set()
    clock.seconds -= 600
    now = refresher.snapshot()

    assert [snapshot.cloudwatch_up for snapshot in waited] == [False, False]
    assert now.cloudwatch_up
    assert len(reads) == 1


def test_nobody_scrapes_nothing_is_read(clock):
    reads = []
    Refresher(lambda: reads.append(1) or Snapshot(), clock)
    clock.seconds += 3600

    assert reads == []
