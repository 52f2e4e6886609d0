"""That a push is sent once, whichever node sends it; and at least once where nodes are killed at any step of it."""

import threading
import time
from collections import Counter

import pytest
from harness.fcm import Answer, Fcm
from harness.push import figure, idle, register, say, settings
from harness.wait import until


@pytest.fixture
def fcm(tmp_path):
    with Fcm(tmp_path / "fcm") as standin:
        yield standin


def hangs(fcm, step):
    """Has the stand-in not go on at a step; gives what says whether a push has come there."""
    if step == "before the token":
        fcm.token_answer = lambda fields: Answer(how="hang")
        return lambda: fcm.grants
    fcm.answer = lambda push: Answer(how="hang")
    return lambda: fcm.asked()


@pytest.mark.parametrize("step", ["before the token", "before the answer"])
def test_a_node_that_is_killed_on_the_way_sends_when_it_is_back(start, fcm, step):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    has_come = hangs(fcm, step)
    say(daemon, "a", "b")
    fcm.wait(has_come)
    daemon.kill()
    fcm.token_answer = fcm.answer = lambda request: None
    daemon.start()
    fcm.wait(lambda: fcm.sent(), seconds=30)
    idle(daemon)
    assert len(fcm.sent()) == 1


def test_a_node_that_is_killed_before_it_sends_anything_sends_when_it_is_back(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    # The commit is acknowledged, and that is the last that it does.
    id = say(daemon, "a", "b")
    daemon.kill()
    daemon.start()
    # Of two nodes both are dead, but for their leases, and the decision waits for those.
    sent = fcm.wait(lambda: fcm.sent(), seconds=60)
    idle(daemon)
    assert {push.id for push in sent} == {id}


def test_a_node_that_is_killed_between_answer_and_outcome_may_send_twice_and_loses_nothing(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    killed = threading.Event()

    def answer(push):
        if not killed.is_set():
            killed.set()
            # The answer is on its way when the daemon dies, as near to it as can be had.
            threading.Timer(0.001, daemon.kill).start()

    fcm.answer = answer
    say(daemon, "a", "b")
    fcm.wait(lambda: fcm.sent())
    until(lambda: not is_running(daemon), "it is dead")
    daemon.start()
    idle(daemon)
    assert len(fcm.sent()) in (1, 2)
    # A second one takes the place of the first on the phone.
    assert len({push.message["android"]["notification"]["tag"] for push in fcm.sent()}) == 1


def is_running(daemon):
    return any(node.process.poll() is None for node in getattr(daemon, "nodes", [daemon]))


@pytest.mark.parametrize("step", ["before the token", "before the answer"])
def test_another_node_takes_over_from_one_that_was_killed(start_cluster, postgres, redis, fcm, step):
    one, two = start_cluster(2, **settings(fcm), store=postgres.url, state=redis.url)
    register(one, "b", "phone")
    has_come = hangs(fcm, step)
    begin = time.monotonic()
    say(one, "a", "b")
    fcm.wait(has_come)
    # Whichever of them has taken it, the other does when the lease has ended.
    owner = next(node for node in (one, two) if figure(node, "under_way") == 1)
    owner.kill()
    fcm.token_answer = fcm.answer = lambda request: None
    fcm.wait(lambda: fcm.sent(), seconds=40)
    assert time.monotonic() - begin > 4
    rows = lambda: postgres.server.query("SELECT count(*) FROM sluice.push_jobs", postgres.name).strip()
    until(lambda: rows() == "0", "the outbox is empty")
    assert len(fcm.sent()) == 1


def test_two_nodes_send_each_push_once(start_cluster, postgres, redis, fcm):
    one, two = start_cluster(2, **settings(fcm, lease="30s"), store=postgres.url, state=redis.url)
    for number in range(40):
        register(one, f"user{number}", f"phone{number}")
    fcm.answer = lambda push: Answer(200, {"name": "n"}, delay=0.02)
    ids = []

    def talk(node, name):
        for number in range(80):
            ids.append(say(node, name, f"user{number % 40}"))

    threads = [threading.Thread(target=talk, args=(node, name)) for node, name in ((one, "a"), (two, "c"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fcm.wait(lambda: len(fcm.sent()) >= 160, seconds=60)
    rows = lambda: postgres.server.query("SELECT count(*) FROM sluice.push_jobs", postgres.name).strip()
    until(lambda: rows() == "0", "the outbox is empty")
    assert Counter(push.id for push in fcm.asked()) == Counter(ids)
    shares = [figure(node, "attempts_total", result="sent") for node in (one, two)]
    assert sum(shares) == 160 and min(shares) > 0


def test_kills_of_either_node_under_load_lose_no_push(start_cluster, postgres, redis, fcm):
    one, two = start_cluster(2, **settings(fcm), store=postgres.url, state=redis.url)
    for number in range(20):
        register(one, f"user{number}", f"phone{number}")
    fcm.answer = lambda push: Answer(200, {"name": "n"}, delay=0.05)
    ids = set()
    for round in range(4):
        # The one that is told of messages lives on; what it has taken, and the other has, is under way.
        for number in range(20):
            ids.add(say(one, "a", f"user{number}"))
        two.kill()
        two.start()
    for number in range(20):
        ids.add(say(two, "c", f"user{number}"))
    one.kill()
    one.start()
    fcm.wait(lambda: {push.id for push in fcm.sent()} == ids, "every push", 90)
    rows = lambda: postgres.server.query("SELECT count(*) FROM sluice.push_jobs", postgres.name).strip()
    until(lambda: rows() == "0", "the outbox is empty", 60)
    extra = len(fcm.sent()) - len(ids)
    assert extra <= 60, extra
