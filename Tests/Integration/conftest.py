"""Fixtures: a daemon of one's own for each test, on free ports, in a directory of its own."""

import pytest
from harness.daemon import Daemon


@pytest.fixture
def start(tmp_path):
    """Starts daemons; whatever of them still runs at the end is killed."""
    daemons = []

    def start_daemon(**settings):
        daemon = Daemon(tmp_path / f"daemon{len(daemons)}", **settings)
        daemons.append(daemon)
        daemon.start()
        return daemon

    yield start_daemon
    for daemon in daemons:
        daemon.kill()


@pytest.fixture
def daemon(start):
    return start()
