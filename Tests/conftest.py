"""Fixtures: daemons and servers of one's own for each test, on free ports, in directories of their own.

In which world the daemons of `start` and `daemon` live, `SLUICE_TEST_WORLD` says: see harness/world.py. Outside of the
embedded one, tests are left out, and counted by reason, that have no such daemon or are marked as another world's.
"""

import signal
import types
from collections import Counter

import pytest
from harness.cluster import Cluster
from harness.postgres import Postgres
from harness.proxy import Proxy
from harness.redis import Redis
from harness.world import NAME, World


LEFT_OUT = pytest.StashKey[Counter]()
MEASURED = pytest.StashKey[list]()


def pytest_configure(config):
    # Whoever is told to end leaves nothing behind either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "embedded(reason): is about SQLite and memory within the daemon")
    config.addinivalue_line("markers", "one_node(reason): is about a single node, whatever stands behind it")


def pytest_collection_modifyitems(config, items):
    reasons = config.stash[LEFT_OUT] = Counter()
    for item in list(items):
        reason = other_world(item)
        if reason:
            reasons[reason] += 1
            items.remove(item)
            config.hook.pytest_deselected(items=[item])


def other_world(item):
    """Why a test is not one of this world; None where it is."""
    if NAME == "embedded":
        return None
    if "world" not in item.fixturenames:
        return "has no daemon of the world"
    marks = ("embedded", "one_node") if NAME == "two-nodes" else ("embedded",)
    found = next(filter(None, map(item.get_closest_marker, marks)), None)
    return found and f"{found.name}: {found.args[0]}"


def pytest_terminal_summary(terminalreporter, config):
    for name, facts in config.stash.get(MEASURED, []):
        terminalreporter.write_line(name + "".join(f"\n    {fact}" for fact in facts))
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in (config.stash.get(LEFT_OUT, Counter()) + skipped).items():
        terminalreporter.write_line(f"left out, {count}: {reason}")


@pytest.fixture(scope="session")
def world():
    with World() as world:
        yield world


@pytest.fixture
def start(world, tmp_path):
    """Starts daemons; whatever of them still runs at the end is killed."""
    daemons = []

    def start_daemon(**settings):
        daemon = world.daemon(tmp_path / f"daemon{len(daemons)}", **settings)
        daemons.append(daemon)
        daemon.start()
        return daemon

    yield start_daemon
    for daemon in daemons:
        world.end(daemon)


@pytest.fixture
def daemon(start):
    return start()


@pytest.fixture
def start_cluster(tmp_path):
    """Starts clusters, as `start` does daemons."""
    clusters = []

    def start_nodes(count, **settings):
        cluster = Cluster(tmp_path / f"cluster{len(clusters)}", count, **settings)
        clusters.append(cluster)
        return cluster.start()

    yield start_nodes
    for cluster in clusters:
        cluster.kill()


@pytest.fixture(scope="session")
def postgres_server():
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres(postgres_server):
    """An empty database on a server that tests share, and must not disturb."""
    name = postgres_server.database()
    yield types.SimpleNamespace(server=postgres_server, name=name, url=postgres_server.url(name))
    postgres_server.query(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgres():
    """Starts servers of the test's own, to be broken."""
    yield from closing(Postgres)


@pytest.fixture(scope="session")
def redis_server():
    with Redis() as server:
        yield server


@pytest.fixture
def redis(redis_server):
    """A server that tests share, and must not disturb; empty."""
    redis_server.flush()
    return redis_server


@pytest.fixture
def own_redis():
    """Starts servers of the test's own, to be broken."""
    yield from closing(Redis)


@pytest.fixture
def proxy():
    """Puts proxies in front of ports."""
    yield from closing(Proxy)


def closing(kind):
    made = []

    def make(*arguments, **settings):
        made.append(kind(*arguments, **settings))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.close()



@pytest.fixture
def figures(request):
    """Notes figures of one's own, to be shown when all tests are done."""
    rows = request.config.stash.setdefault(MEASURED, [])
    return lambda name, *facts: rows.append((name, facts))


@pytest.fixture
def measured(request):
    """Notes what an outage was like; the figures are shown when all tests are done."""
    rows = request.config.stash.setdefault(MEASURED, [])

    def note(name, answers, **figures):
        seen = Counter(answer.code for answer in answers)
        by_code = {code: max(a.took for a in answers if a.code == code) for code in seen}
        codes = ", ".join(f"{count} {code} (longest {by_code[code]:.3f} s)" for code, count in seen.items())
        first = min(answers, key=lambda answer: answer.begun + answer.took)
        facts = [f"first answer {first.code} after {first.took:.3f} s", codes]
        facts += [f"{key} {value:.2f} s" if isinstance(value, float) else f"{key} {value}" for key, value in figures.items()]
        rows.append((name, facts))

    return note
