"""Events that a stage has failed on: kept, shown, tried again and dropped.

The stage that fails is a rate limit whose Redis is gone.
"""

import asyncio
import json

import pytest
from harness import tokens
from harness.client import connect
from harness.wait import comes, until
from test_api import SERVER, API

pytestmark = pytest.mark.one_node("breaks the state of one daemon")

LIMIT = "- stage: rate_limit\n"
KEEPS = LIMIT + "    on_error: dead_letter\n"
# Behind the commit point it fails on what is stored.
LATE = "  - stage: fan_out\n  - stage: rate_limit\n    name: late\n    on_error: dead_letter\n    events: [NEW_MESSAGE]\n"


@pytest.fixture
def redis(own_redis):
    return own_redis()


@pytest.fixture
def daemon(start, redis):
    daemon = start(state=redis.url)
    daemon.reload((LIMIT, KEEPS))
    return daemon


@pytest.fixture
def late(start, redis):
    """A daemon whose stage fails behind the commit point."""
    daemon = start(state=redis.url)
    daemon.reload(("  - stage: fan_out\n", LATE))
    return daemon


def letters(daemon, *options):
    done = daemon.command("dead-letters", "list", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ids(daemon):
    return [str(letter["id"]) for letter in letters(daemon)]


def stored(daemon, user="bob"):
    """What a user finds in the store, oldest first."""

    async def run():
        async with connect(daemon, user) as client:
            return [item["content"] for item in (await client.sync())[0]]

    return asyncio.run(run())


async def fail(client, content, temp_id):
    """Sends what the stage fails on."""
    answer = await client.say("bob", content, temp_id)
    assert answer["type"] == "ERROR", answer
    return answer["data"]


def keep(daemon, redis, contents, user="alice"):
    """Has messages become letters."""
    before = len(letters(daemon))

    async def run():
        async with connect(daemon, user) as client:
            await asyncio.to_thread(redis.stop)
            await comes(lambda: daemon.metric("sluice_state_connected") == 0)
            for content in contents:
                data = await fail(client, content, content)
                assert (data["code"], data["stage"]) == ("INTERNAL", "rate_limit")
                assert "operator may have it tried again" in data["message"]
            await comes(lambda: len(letters(daemon)) == before + len(contents))

    asyncio.run(run())


def recover(daemon, redis):
    redis.start()
    until(lambda: daemon.metric("sluice_state_connected") == 1)


def test_there_are_none_at_first(daemon):
    done = daemon.command("dead-letters")
    assert (done.returncode, done.stdout) == (0, "there are none\n")
    for action in ("show", "replay", "drop"):
        done = daemon.command("dead-letters", action, "7")
        assert done.returncode == (0 if action == "drop" else 1), action
        assert action == "drop" or "there is no letter 7" in done.stderr
    for wrong in (["replay"], ["drop"], ["replay", "1", "--all"], ["show"], ["show", "x"]):
        assert daemon.command("dead-letters", *wrong).returncode == 2, wrong
    assert daemon.command("dead-letters", "replay", "--all").returncode == 0


def test_an_event_that_was_not_taken_is_kept_shown_and_tried_again(daemon, redis):
    keep(daemon, redis, ["one", "two"])
    kept = letters(daemon)
    assert [(k["type"], k["user"], k["stage"], k["revision"]) for k in kept] == [("NEW_MESSAGE", "alice", "rate_limit", 2)] * 2
    assert all("messageId" not in k and k["error"] and k["at"].endswith("Z") and "data" not in k for k in kept)
    assert "one" not in daemon.command("dead-letters").stdout and "rate_limit: " in daemon.command("dead-letters").stdout
    shown = json.loads(daemon.command("dead-letters", "show", ids(daemon)[0]).stdout)
    assert shown["data"] == {"tempId": "one", "receiverId": "bob", "content": "one"} and shown["user"] == "alice"
    assert [k["id"] for k in letters(daemon, "--limit", "1")] == [kept[0]["id"]]
    assert [k["id"] for k in letters(daemon, "--after", str(kept[0]["id"]))] == [kept[1]["id"]]

    # What fails again stays, once.
    first, second = ids(daemon)
    done = daemon.command("dead-letters", "replay", first)
    assert done.returncode == 1 and done.stderr.startswith(f"{first} stays: ") and done.stdout == ""
    assert ids(daemon) == [first, second]

    recover(daemon, redis)

    async def run():
        async with connect(daemon, "bob") as bob:
            done = await asyncio.to_thread(daemon.command, "dead-letters", "replay", second, first)
            assert (done.returncode, done.stdout, done.stderr) == (0, f"{second} replayed\n{first} replayed\n", "")
            events = [e["data"] for e in await bob.collect("NEW_MESSAGE", 2) if e["type"] == "NEW_MESSAGE"]
            assert [(e["senderId"], e["content"]) for e in events] == [("alice", "two"), ("alice", "one")]

    asyncio.run(run())
    assert letters(daemon) == [] and stored(daemon) == ["two", "one"]
    for name, count in (("kept", 2), ("lost", 0), ("replayed", 2)):
        assert daemon.metric(f"sluice_dead_letters_{name}_total") == count
    assert '"one"' not in daemon.log and '"content"' not in daemon.log
    assert daemon.command("dead-letters", "replay", first).returncode == 1


def test_what_its_sender_has_sent_again_is_stored_once(daemon, redis):
    keep(daemon, redis, ["one"])
    recover(daemon, redis)

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            sent = await alice.say("bob", "one", "one")
            assert sent["type"] == "MESSAGE_SENT" and "duplicate" not in sent["data"]
            done = await asyncio.to_thread(daemon.command, "dead-letters", "replay", "--all")
            assert done.returncode == 0 and done.stdout.endswith(" replayed\n")
            again = await alice.say("bob", "one", "one")
            assert again["data"]["duplicate"] and again["data"]["messageId"] == sent["data"]["messageId"]
            assert [e["type"] for e in await bob.collect("NEW_MESSAGE", 1)].count("NEW_MESSAGE") == 1

    asyncio.run(run())
    assert stored(daemon) == ["one"] and letters(daemon) == []


def test_a_replay_before_the_sender_sends_again_is_known_to_the_sender(daemon, redis):
    keep(daemon, redis, ["one"])
    recover(daemon, redis)
    assert daemon.command("dead-letters", "replay", "--all").returncode == 0

    async def run():
        async with connect(daemon, "alice") as alice:
            assert (await alice.say("bob", "one", "one"))["data"]["duplicate"]
            # Of another message under its tempId the store will not hear.
            assert (await alice.say("bob", "else", "one"))["data"]["code"] == "INVALID_EVENT"

    asyncio.run(run())
    assert stored(daemon) == ["one"]


def test_letters_are_dropped_by_number_or_all_and_outlive_a_restart(daemon, redis):
    keep(daemon, redis, ["one", "two", "three"])
    recover(daemon, redis)
    kept = letters(daemon)
    assert daemon.stop() == 0
    daemon.start()
    assert letters(daemon) == kept
    first, second, third = ids(daemon)
    done = daemon.command("dead-letters", "drop", second)
    assert (done.returncode, done.stdout) == (0, f"{second} dropped\n") and ids(daemon) == [first, third]
    # After the restart the daemon carries out what was kept before it.
    done = daemon.command("dead-letters", "replay", first)
    assert done.returncode == 0 and stored(daemon) == ["one"]
    done = daemon.command("dead-letters", "drop", "--all")
    assert (done.returncode, done.stdout) == (0, f"{third} dropped\n") and letters(daemon) == []
    assert stored(daemon) == ["one"]


def test_all_are_tried_those_that_fail_stay_and_each_is_tried_once(daemon, redis):
    keep(daemon, redis, ["one", "two", "three"])
    done = daemon.command("dead-letters", "replay", "--all")
    assert done.returncode == 1 and [line.split(":")[0] for line in done.stderr.splitlines()] == [
        f"{id} stays" for id in ids(daemon)
    ]
    recover(daemon, redis)
    assert daemon.command("dead-letters", "replay", "--all").returncode == 0
    assert stored(daemon) == ["one", "two", "three"]


def test_a_letter_that_is_refused_stays_with_the_reason(daemon, redis):
    keep(daemon, redis, ["one"])
    recover(daemon, redis)
    API(daemon, "bob").post("/connections/alice/block")
    done = daemon.command("dead-letters", "replay", "--all")
    assert done.returncode == 1 and " stays: " in done.stderr
    assert len(letters(daemon)) == 1 and stored(daemon) == []


def test_who_is_erased_takes_their_letters_along_and_nobody_elses(daemon, redis):
    keep(daemon, redis, ["one"])
    recover(daemon, redis)
    keep(daemon, redis, ["two"], user="carol")
    recover(daemon, redis)
    API(daemon, "backend", **SERVER).call("DELETE", "/server/users/alice", status=204)
    assert [letter["user"] for letter in letters(daemon)] == ["carol"]


def test_what_is_stored_is_kept_too_and_goes_to_its_stage_alone(late, redis):
    daemon = late

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            await asyncio.to_thread(redis.stop)
            await comes(lambda: daemon.metric("sluice_state_connected") == 0)
            # Its sender has it stored, and its receiver has it.
            sent = (await alice.say("bob", "one", "1"))["data"]
            assert (await bob.expect("NEW_MESSAGE"))["messageId"] == sent["messageId"]
            (letter,) = await comes(lambda: letters(daemon))
            assert (letter["stage"], letter["messageId"]) == ("late", sent["messageId"])
            again = await asyncio.to_thread(daemon.command, "dead-letters", "replay", "--all")
            assert again.returncode == 1 and len(letters(daemon)) == 1
            await asyncio.to_thread(recover, daemon, redis)
            before = {stage["name"]: stage["events"] for stage in daemon.pipeline()["stages"]}
            done = await asyncio.to_thread(daemon.command, "dead-letters", "replay", "--all")
            assert done.returncode == 0 and letters(daemon) == [], done.stderr
            after = {stage["name"]: stage["events"] for stage in daemon.pipeline()["stages"]}
            assert after == {**before, "late": before["late"] + 1}
            assert "NEW_MESSAGE" not in [e["type"] for e in await bob.settle()]

    asyncio.run(run())
    assert stored(daemon) == ["one"]


def test_an_edit_that_is_stored_is_not_made_again_by_a_replay(start, redis):
    daemon = start(state=redis.url)
    daemon.reload(("  - stage: fan_out\n", LATE.replace("NEW_MESSAGE", "EDIT_MESSAGE")))

    async def run():
        async with connect(daemon, "alice") as alice:
            id = (await alice.say("bob", "one", "1"))["data"]["messageId"]
            await asyncio.to_thread(redis.stop)
            await comes(lambda: daemon.metric("sluice_state_connected") == 0)
            assert (await alice.ask("EDIT_MESSAGE", {"messageId": id, "content": "two"}))["type"] != "ERROR"
            (letter,) = await comes(lambda: letters(daemon))
            assert (letter["type"], letter["stored"]) == ("EDIT_MESSAGE", True)
            await asyncio.to_thread(recover, daemon, redis)
            assert (await alice.ask("EDIT_MESSAGE", {"messageId": id, "content": "three"}))["type"] != "ERROR"

    asyncio.run(run())
    done = daemon.command("dead-letters", "replay", "--all")
    assert done.returncode == 0, done.stderr
    assert stored(daemon) == ["three"]


def test_a_letter_whose_stage_is_gone_stays(late, redis):
    daemon = late

    async def run():
        async with connect(daemon, "alice") as alice:
            await asyncio.to_thread(redis.stop)
            await comes(lambda: daemon.metric("sluice_state_connected") == 0)
            await alice.say("bob", "one", "1")
            await comes(lambda: letters(daemon))

    asyncio.run(run())
    recover(daemon, redis)
    daemon.reload((LATE, "  - stage: fan_out\n"))
    done = daemon.command("dead-letters", "replay", "--all")
    assert done.returncode == 1 and "the chain has no stage 'late' now" in done.stderr
    daemon.reload(("  - stage: fan_out\n", LATE))
    assert daemon.command("dead-letters", "replay", "--all").returncode == 0


def test_pings_and_tokens_are_never_kept(daemon, redis):
    async def run():
        async with connect(daemon, "alice") as alice:
            await asyncio.to_thread(redis.stop)
            await comes(lambda: daemon.metric("sluice_state_connected") == 0)
            # By its default, rate_limit lets pass what it can't count.
            assert (await alice.ask("PING"))["type"] == "PONG"
            assert (await alice.ask("AUTH", {"token": tokens.token("alice")}))["type"] in ("ERROR", "CONNECTED")
            await fail(alice, "one", "one")
            await comes(lambda: letters(daemon))

    asyncio.run(run())
    assert [letter["type"] for letter in letters(daemon)] == ["NEW_MESSAGE"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("- stage: persist\n", "- stage: persist\n    on_error: dead_letter\n", "stage 'persist' can't have 'on_error: dead_letter'"),
        ("- stage: auth\n", "- stage: auth\n    enforce: shadow\n", "stage 'auth' can't have 'enforce: shadow': it gives identity"),
        ("- stage: persist\n", "- stage: persist\n    enforce: 50%\n", "stage 'persist' can't have 'enforce: 50%': it gives durable id"),
        ("- stage: fan_out\n", "- stage: fan_out\n    enforce: shadow\n", "stage 'fan_out' can't have 'enforce: shadow': it stands behind"),
        ("- stage: rate_limit\n", "- stage: rate_limit\n    enforce: 101%\n", "'enforce' wants 'shadow' or a share such as 10%"),
        ("- stage: rate_limit\n", "- stage: rate_limit\n    enforce: half\n", "'enforce' wants 'shadow' or a share such as 10%"),
        ("- stage: auth\n", "- stage: auth\n    on_error: skip\n", "stage 'auth' can't have 'on_error: skip'"),
        ("- stage: rate_limit\n", "- stage: rate_limit\n    on_error: forget\n", "'on_error'"),
    ],
)
def test_what_can_not_be_kept_or_left_to_chance_is_a_fault(world, tmp_path, old, new, fault):
    daemon = world.daemon(tmp_path / "daemon")
    daemon.rewrite((old, new))
    done = daemon.command("check")
    assert done.returncode == 1 and fault in done.stderr, done.stderr
