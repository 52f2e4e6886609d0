"""Settings that change for connections that are open, and what outlives the change of a chain."""

import asyncio
import http.client

import pytest
import websockets
from harness import tokens
from harness.client import close_code, connect
from test_api import API
from test_who_may import befriend
from websockets.asyncio.client import connect as open_socket

pytestmark = pytest.mark.one_node("reloads one daemon")


async def reload(daemon, *changes):
    """Beside clients that go on meanwhile."""
    return await asyncio.to_thread(daemon.reload, *changes)


async def codes(client, count):
    """What comes of so many events: the type of the answer, or the code of the refusal."""
    answers = [await client.ask("PING") for _ in range(count)]
    return [a["data"]["code"] if a["type"] == "ERROR" else a["type"] for a in answers]


def test_a_connection_outlives_reloads_and_every_kind_of_change(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            for number in range(10):
                burst = 100_000 - number
                assert await reload(daemon, (f"burst: {burst}", f"burst: {burst - 1}")) == number + 2
                assert (await alice.say("bob", f"{number}", f"{number}"))["type"] == "MESSAGE_SENT"
            heard = [e["data"]["content"] for e in await bob.collect("NEW_MESSAGE", 10) if e["type"] == "NEW_MESSAGE"]
            assert heard == [str(number) for number in range(10)]

    asyncio.run(run())
    assert daemon.metric("sluice_connections_accepted_total") == 2


def test_the_largest_frame_changes_for_open_connections_and_for_calls(daemon):
    body = {"type": "NEW_MESSAGE", "data": {"tempId": "1", "receiverId": "b", "content": "x" * 2000}}

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "carol") as carol:
            assert (await alice.say("bob", "x" * 2000, "1"))["type"] == "MESSAGE_SENT"
            await reload(daemon, ("max_frame: 64KiB", "max_frame: 1KiB"))
            assert (await carol.say("bob", "x" * 500, "1"))["type"] == "MESSAGE_SENT"
            await alice.send("NEW_MESSAGE", {"tempId": "2", "receiverId": "bob", "content": "x" * 2000})
            assert await close_code(alice.socket) == 1009
            assert (await asyncio.to_thread(daemon.post, body, tokens.token("carol"))).status == 413
            await reload(daemon, ("max_frame: 1KiB", "max_frame: 64KiB"))
            assert (await carol.say("bob", "x" * 2000, "2"))["type"] == "MESSAGE_SENT"
        async with connect(daemon, "dave") as dave:
            assert dave.greeting["maxFrameBytes"] == 64 * 1024

    asyncio.run(run())


def test_a_rate_limit_changes_at_once_and_debts_stay(start):
    daemon = start(rate="1/h", burst="4")

    async def run():
        async with connect(daemon, "alice") as alice:
            # Connecting was the first of four.
            assert await codes(alice, 4) == ["PONG"] * 3 + ["RATE_LIMITED"]
            # The stage is kept, or made anew with the same debts.
            await reload(daemon)
            assert await codes(alice, 1) == ["RATE_LIMITED"]
            await reload(daemon, ("burst: 4", "burst: 10"))
            assert await codes(alice, 7) == ["PONG"] * 6 + ["RATE_LIMITED"]
            # What is over a smaller burst stays owed, also by who connects anew.
            await reload(daemon, ("burst: 10", "burst: 4"))
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with connect(daemon, "alice"):
                    pass
            assert refused.value.response.status_code == 429
            # Another name has debts of its own.
            await reload(daemon, ("- stage: rate_limit", "- stage: rate_limit\n    name: pace"))
            assert await codes(alice, 5) == ["PONG"] * 4 + ["RATE_LIMITED"]

    asyncio.run(run())


def test_what_was_sent_before_a_reload_is_known_after_it_without_asking_the_store(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            sent = (await alice.say("bob", "hi", "1"))["data"]
            for change in ([], [("    enabled: true", "    enabled: true\n    window: 5m")]):
                await reload(daemon, *change)
                again = (await alice.say("bob", "hi", "1"))["data"]
                assert (again["messageId"], again["duplicate"]) == (sent["messageId"], True)
            assert daemon.stage("dedup")["stopped"] == 2
            asked = daemon.stage("persist")["events"]
            # Another name remembers nothing; the store does.
            await reload(daemon, ("- stage: dedup", "- stage: dedup\n    name: twice"))
            again = (await alice.say("bob", "hi", "1"))["data"]
            assert (again["messageId"], again["duplicate"]) == (sent["messageId"], True)
            assert daemon.stage("twice")["stopped"] == 0 and daemon.stage("persist")["events"] == asked + 1
            assert len((await alice.sync())[0]) == 1

    asyncio.run(run())


def test_stages_count_on_over_reloads_by_their_names(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            await codes(alice, 5)
            before = {stage["name"]: stage["events"] for stage in daemon.pipeline()["stages"]}
            assert before["auth"] >= 6 and before["rate_limit"] >= 6
            await reload(daemon, ("burst: 100000", "burst: 99"), ("- stage: dedup", "- stage: dedup\n    name: twice"))
            after = {stage["name"]: stage["events"] for stage in daemon.pipeline()["stages"]}
            assert after == {**{n: c for n, c in before.items() if n != "dedup"}, "twice": 0}
            await codes(alice, 5)
            name = 'sluice_stage_events_total{stage="rate_limit",verdict="continue"}'
            assert daemon.metric(name) == daemon.stage("rate_limit")["events"] == before["rate_limit"] + 5

    asyncio.run(run())


def test_who_may_message_changes_at_once(daemon):
    befriend(API(daemon, "alice"), API(daemon, "bob"), ("alice", "bob"))

    async def run():
        async with connect(daemon, "alice") as alice:
            assert (await alice.say("carol", "hi", "1"))["type"] == "MESSAGE_SENT"
            await reload(daemon, ("who_may_message: anyone", "who_may_message: connections"))
            assert (await alice.say("carol", "hi", "2"))["data"]["code"] == "FORBIDDEN"
            assert (await alice.say("bob", "hi", "3"))["type"] == "MESSAGE_SENT"
            await reload(daemon, ("who_may_message: connections", "who_may_message: anyone"))
            assert (await alice.say("carol", "hi", "2"))["type"] == "MESSAGE_SENT"

    asyncio.run(run())


def test_pages_that_may_connect_change_at_once(daemon):
    def allowed(origin):
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
        connection.request("GET", "/users/me", headers={"Authorization": f"Bearer {tokens.token('a')}", "Origin": origin})
        found = connection.getresponse().headers["Access-Control-Allow-Origin"]
        connection.close()
        return found == origin

    async def is_let_in(origin):
        try:
            async with connect(daemon, "a", origin=origin):
                return True
        except websockets.InvalidStatus as refused:
            assert refused.response.status_code == 403
            return False

    async def run():
        old, new = "https://app.example", "https://new.example"
        for may, may_not in ((old, new), (new, old)):
            assert await is_let_in(may) and allowed(may)
            assert not await is_let_in(may_not) and not allowed(may_not)
            await reload(daemon, (f'origins: ["{may}"]', f'origins: ["{may_not}"]'))

    asyncio.run(run())


def test_how_many_connections_a_user_may_have_changes_for_the_next_one(start):
    daemon = start(limits="max_connections_per_user: 3")

    async def run():
        async with connect(daemon, "a") as first, connect(daemon, "a") as second:
            await reload(daemon, ("max_connections_per_user: 3", "max_connections_per_user: 1"))
            # Nobody is thrown out by a reload.
            assert await codes(first, 1) == await codes(second, 1) == ["PONG"]
            async with connect(daemon, "a") as third:
                assert await close_code(first.socket) == await close_code(second.socket) == 4409
                assert await codes(third, 1) == ["PONG"]

    asyncio.run(run())


def test_how_long_users_stay_online_changes_at_once(start):
    daemon = start(offline_after="1h")

    async def run():
        async with connect(daemon, "alice") as alice:
            async with connect(daemon, "bob") as bob:
                await alice.say("bob", "hi", "1")
                await bob.expect("NEW_MESSAGE")
                await reload(daemon, ("offline_after: 1h", "offline_after: 1s"))
            update = await alice.expect("USER_PRESENCE_UPDATE")
            assert (update["userId"], update["status"]) == ("bob", "offline")

    asyncio.run(run())


def test_how_much_is_borne_from_a_connection_changes_at_once(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            assert (await alice.ask("AUTH", {"token": "x"}))["data"]["code"] == "UNAUTHENTICATED"
            await reload(daemon, ("drain: 4s", "drain: 4s\n  abuse_after: 3"))
            for _ in range(3):
                await alice.send("AUTH", {"token": "x"})
            assert await close_code(alice.socket) == 4429
        await reload(daemon, ("handshake_timeout: 10s", "handshake_timeout: 1s"))
        async with open_socket(daemon.url) as socket:
            assert await close_code(socket, seconds=5) == 4401

    asyncio.run(run())


def test_the_drain_window_is_that_of_the_last_reload(daemon):
    daemon.reload(("drain: 4s", "drain: 1s"))

    async def run():
        async with connect(daemon, "alice"):
            begun = asyncio.get_running_loop().time()
            code = await asyncio.to_thread(daemon.stop)
            return code, asyncio.get_running_loop().time() - begun

    code, seconds = asyncio.run(run())
    assert code == 0 and seconds < 2.5
