"""What is done about each answer of FCM's, and about those that never come."""

import asyncio
import time

import pytest
from harness.client import connect
from harness.fcm import Answer, Fcm, fault
from harness.push import counted, devices, figure, idle, lines, register, say, settings
from harness.wait import until


@pytest.fixture
def fcm(tmp_path):
    with Fcm(tmp_path / "fcm") as standin:
        yield standin


def once(answer):
    """An answer for the first push, and the usual one from then on."""
    answers = [answer]
    return lambda push: answers.pop() if answers else None


def letters(daemon):
    return daemon.rows("SELECT stage, error FROM dead_letters ORDER BY id")


@pytest.mark.parametrize(
    "answer, result", [(fault(404, "UNREGISTERED"), "unregistered"), (fault(400, "INVALID_ARGUMENT"), "invalid_token")]
)
def test_a_token_that_is_dead_is_dropped_and_the_others_stay(start, fcm, answer, result):
    daemon = start(**settings(fcm))
    register(daemon, "b", "dead")
    register(daemon, "b", "alive")
    fcm.answer = lambda push: answer if push.token == "dead" else None
    say(daemon, "a", "b")
    counted(daemon, result, 1)
    counted(daemon, "sent", 1)
    until(lambda: devices(daemon) == {"alive": "b"}, "the token is dropped")
    idle(daemon)
    say(daemon, "a", "b")
    fcm.wait(lambda: len(fcm.sent("alive")) == 2)
    assert len(fcm.asked("dead")) == 1 and letters(daemon) == []
    assert figure(daemon, "devices_dropped_total") == 1


def test_a_request_that_is_our_fault_keeps_the_token_and_is_told_loudly(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = once(fault(400, field="message.data[0].value"))
    say(daemon, "a", "b")
    until(lambda: letters(daemon), "a dead letter")
    assert letters(daemon) == [("fcm", "push invalid_request: 400 INVALID_ARGUMENT at message.data[0].value")]
    assert devices(daemon) == {"phone": "b"}
    assert [line["level"] for line in lines(daemon) if line["result"] == "invalid_request"] == ["error"]
    say(daemon, "a", "b")
    fcm.wait(lambda: len(fcm.sent()) == 1)


@pytest.mark.one_node("asks one daemon's control socket")
def test_a_dead_letter_can_be_replayed(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = once(fault(400, field="message.data[0].value"))
    id = say(daemon, "a", "b")
    until(lambda: letters(daemon), "a dead letter")
    idle(daemon)
    done = daemon.command("dead-letters", "replay", "--all")
    assert done.returncode == 0, done.stderr
    assert fcm.wait(lambda: fcm.sent())[0].id == id


def test_another_senders_token_gets_nothing_until_it_is_registered_again(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = once(fault(403, "SENDER_ID_MISMATCH"))
    say(daemon, "a", "b", "one")
    counted(daemon, "sender_mismatch", 1)
    idle(daemon)
    say(daemon, "a", "b", "two")
    idle(daemon)
    assert devices(daemon) == {"phone": "b"} and len(fcm.asked()) == 1
    register(daemon, "b", "phone")
    say(daemon, "a", "b", "three")
    fcm.wait(lambda: fcm.sent())
    assert [push.message["notification"]["body"] for push in fcm.sent()] == ["three"]


def test_credentials_of_another_service_that_are_wrong_keep_the_token_and_the_push(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = lambda push: fault(401, "THIRD_PARTY_AUTH_ERROR")
    say(daemon, "a", "b")
    counted(daemon, "third_party_auth", 1)
    assert devices(daemon) == {"phone": "b"} and len(fcm.grants) <= 2
    line = next(line for line in lines(daemon) if line["result"] == "third_party_auth")
    # From a minute on.
    assert line["level"] == "error" and 60_000 <= int(line["again"].removesuffix("ms")) <= 90_000
    assert daemon.rows("SELECT count(*) FROM push_jobs") == [("1",)]


@pytest.mark.one_node("counts the requests of one")
def test_a_plain_401_renews_the_token_once(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    say(daemon, "a", "b")
    fcm.wait(lambda: len(fcm.sent()) == 1)
    assert len(fcm.grants) == 1
    fcm.revoke()
    say(daemon, "a", "b")
    fcm.wait(lambda: len(fcm.sent()) == 2)
    assert len(fcm.grants) == 2
    assert figure(daemon, "retries_total") == 0


@pytest.mark.one_node("counts the requests of one")
def test_a_token_is_renewed_ahead_and_by_one_request_alone(start, tmp_path):
    with Fcm(tmp_path / "fcm", lifetime=4) as fcm:
        daemon = start(**settings(fcm))
        for number in range(30):
            register(daemon, f"user{number}", f"phone{number}")
        begin = time.monotonic()
        while time.monotonic() < begin + 7:
            count = len(fcm.sent())
            for number in range(30):
                say(daemon, "a", f"user{number}")
            fcm.wait(lambda: len(fcm.sent()) == count + 30)
        # Each is good for four seconds, and renewed after two.
        assert 3 <= len(fcm.grants) <= 6
        counted(daemon, "sent", len(fcm.asked()))
        assert figure(daemon, "attempts_total") == len(fcm.asked())


@pytest.mark.parametrize("status, code", [(429, "QUOTA_EXCEEDED"), (503, "UNAVAILABLE"), (500, "INTERNAL")])
def test_retry_after_is_obeyed(start, fcm, status, code):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = once(fault(status, code, Retry_After=3))
    say(daemon, "a", "b")
    fcm.wait(lambda: len(fcm.sent()) == 1)
    first, second = fcm.asked()
    assert 3 <= second.at - first.at < 9
    idle(daemon)


def test_without_retry_after_a_quota_waits_a_minute_and_a_failure_the_first_pause(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    register(daemon, "c", "other")
    fcm.answer = lambda push: fault(429, "QUOTA_EXCEEDED") if push.token == "phone" else fault(500, "INTERNAL")
    say(daemon, "a", "b")
    say(daemon, "a", "c")
    counted(daemon, "throttled", 1)
    fcm.wait(lambda: len(fcm.asked("other")) >= 3)
    pauses = {}
    for line in lines(daemon):
        pauses.setdefault(line["result"], []).append(int(line["again"].removesuffix("ms")))
    assert 60_000 <= pauses["throttled"][0] <= 90_000
    assert 1000 <= pauses["unavailable"][0] <= 1500 and 2000 <= pauses["unavailable"][1] <= 3000


@pytest.mark.parametrize("tls, how", [(False, "reset"), (True, "reset"), (True, "goaway")])
def test_a_connection_that_ends_is_replaced_at_once(start, tmp_path, tls, how):
    with Fcm(tmp_path / "fcm", tls=tls) as fcm:
        daemon = start(**settings(fcm))
        register(daemon, "b", "phone")
        fcm.answer = once(Answer(how=how))
        say(daemon, "a", "b")
        fcm.wait(lambda: fcm.sent())
        first, second = fcm.asked()
        assert first.connection != second.connection and second.at - first.at < 5
        assert figure(daemon, "retries_total") == 0
        idle(daemon)


def test_an_answer_that_never_comes_is_not_waited_for_longer_than_the_lease(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = once(Answer(how="hang"))
    say(daemon, "a", "b")
    fcm.wait(lambda: fcm.sent())
    first, second = fcm.asked()
    assert 3 < second.at - first.at < 12
    counted(daemon, "timeout", 1)


@pytest.mark.one_node("counts the requests of one")
def test_while_the_token_server_is_away_or_refuses_nothing_is_lost(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.token_answer = lambda fields: Answer(503, {"error": "unavailable"})
    say(daemon, "a", "b")
    counted(daemon, "unavailable", 1)
    assert fcm.asked() == []
    fcm.token_answer = lambda fields: None
    fcm.wait(lambda: fcm.sent())
    assert fcm.faults == []


def test_a_while_of_429_loses_nothing_and_keeps_the_order_and_the_daemon_undisturbed(start, fcm):
    daemon = start(**settings(fcm, device_rate="60000/m"))
    users = [f"user{number}" for number in range(25)]
    for user in users:
        register(daemon, user, f"phone of {user}")
    until_time = time.monotonic() + 6
    fcm.answer = lambda push: fault(429, "QUOTA_EXCEEDED", Retry_After=1) if time.monotonic() < until_time else None
    expected = {user: [] for user in users}
    slowest = 0

    async def run():
        nonlocal slowest
        async with connect(daemon.of("x"), "x") as x, connect(daemon.of("y"), "y") as y:
            for number in range(8):
                for user in users:
                    answer = await x.say(user, f"{number}", f"{user}-{number}")
                    expected[user].append(answer["data"]["messageId"])
                begin = time.monotonic()
                await x.say("y", "are you there?", f"y-{number}")
                await y.expect("NEW_MESSAGE")
                slowest = max(slowest, time.monotonic() - begin)

    asyncio.run(run())
    fcm.wait(lambda: len(fcm.sent()) >= 200, "all pushes", 90)
    idle(daemon)
    for user in users:
        assert [push.id for push in fcm.sent(f"phone of {user}")] == expected[user]
    assert slowest < 2, slowest
    # It was left alone meanwhile, rather than asked for each push again and again.
    assert len(fcm.asked()) < 400 and letters(daemon) == []
