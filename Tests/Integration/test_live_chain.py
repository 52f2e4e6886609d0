"""Stages that are switched off and on, renamed and put in another order while people talk."""

import asyncio
import json

import pytest
from harness import tokens
from harness.client import connect
from harness.daemon import Daemon
from harness.extending import BY_HAND

pytestmark = pytest.mark.one_node("reloads one daemon")


async def reload(daemon, *changes):
    return await asyncio.to_thread(daemon.reload, *changes)


def off(stage):
    """The change that switches a stage off."""
    return f"- stage: {stage}\n", f"- stage: {stage}\n    enabled: false\n"


def on(stage):
    return off(stage)[::-1]


def names(daemon):
    return [stage["name"] for stage in daemon.pipeline()["stages"] if stage["enabled"]]


@pytest.fixture
def daemon(start):
    daemon = start()
    # Written as `enabled: true` in the tests' file.
    daemon.rewrite(("    enabled: true\n", ""))
    daemon.reload()
    return daemon


@pytest.mark.parametrize("stage", ["rate_limit", "dedup"])
def test_without_the_stages_that_only_spare_work_all_guarantees_hold(daemon, stage):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            first = (await alice.say("bob", "1", "1"))["data"]
            await reload(daemon, off(stage))
            assert stage not in names(daemon)
            again = (await alice.say("bob", "1", "1"))["data"]
            assert again["duplicate"] and again["messageId"] == first["messageId"]
            assert (await alice.say("bob", "2", "2"))["type"] == "MESSAGE_SENT"
            await reload(daemon, on(stage))
            assert stage in names(daemon)
            assert (await alice.say("bob", "2", "2"))["data"]["duplicate"]
            events = await bob.collect("NEW_MESSAGE", 2)
            assert [e["data"]["content"] for e in events if e["type"] == "NEW_MESSAGE"] == ["1", "2"]

    asyncio.run(run())


def test_without_fan_out_messages_are_stored_and_receivers_sync(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            await reload(daemon, off("fan_out"))
            assert (await alice.say("bob", "stored", "1"))["type"] == "MESSAGE_SENT"
            assert "NEW_MESSAGE" not in [e["type"] for e in await bob.settle()]
            assert [item["content"] for item in (await bob.sync())[0]] == ["stored"]
            await reload(daemon, on("fan_out"))
            await alice.say("bob", "told", "2")
            assert (await bob.expect("NEW_MESSAGE"))["content"] == "told"

    asyncio.run(run())


def test_without_presence_messages_arrive_and_nobody_is_told_who_is_there(daemon):
    def status():
        return daemon.get("/presence?ids=bob", token=tokens.token("alice"))

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            await alice.say("bob", "1", "1")
            assert json.loads(status().text)["users"][0]["status"] == "online"
            await reload(daemon, off("presence"))
            assert status().status == 404
            await alice.say("bob", "2", "2")
            assert [e["data"]["content"] for e in await bob.collect("NEW_MESSAGE", 2) if e["type"] == "NEW_MESSAGE"] == ["1", "2"]
            async with connect(daemon, "carol") as carol:
                await alice.say("carol", "3", "3")
                assert (await carol.expect("NEW_MESSAGE"))["content"] == "3"
                await reload(daemon, on("presence"))
                assert status().status == 200
                await alice.say("carol", "4", "4")
                assert (await carol.expect("NEW_MESSAGE"))["content"] == "4"

    asyncio.run(run())


def test_without_persist_messages_are_told_and_stored_nowhere(daemon):
    """Where the file says that this is meant; and what was stored is there when it is back."""

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            assert (await alice.say("bob", "kept", "1"))["type"] == "MESSAGE_SENT"
            daemon.rewrite(off("persist"))
            refused = await asyncio.to_thread(daemon.command, "reload")
            assert refused.returncode == 1 and "needs durable id" in refused.stderr
            await reload(daemon, ("- stage: fan_out", "- stage: fan_out\n    ephemeral: true"))
            brief = (await alice.say("bob", "brief", "2"))["data"]
            assert brief["durable"] is False
            events = await bob.collect("NEW_MESSAGE", 2)
            assert [e["data"]["content"] for e in events if e["type"] == "NEW_MESSAGE"] == ["kept", "brief"]
            await reload(daemon, on("persist"), ("\n    ephemeral: true", ""))
            assert "durable" not in (await alice.say("bob", "kept too", "3"))["data"]
            return [item["content"] for item in (await bob.sync())[0]]

    assert asyncio.run(run()) == ["kept", "kept too"]


def test_without_auth_there_is_no_chain(daemon):
    daemon.rewrite(off("auth"))
    done = daemon.command("reload")
    assert done.returncode == 1 and "needs identity, and 'auth', which gives it, is switched off" in done.stderr
    assert daemon.get("/users/me", token=tokens.token("ada")).status == 200


def test_push_is_switched_on_and_off(daemon):
    daemon.reload(("  - stage: presence", "  - stage: fcm\n  - stage: presence"))
    assert "fcm" in names(daemon)
    daemon.reload(("  - stage: fcm\n", "  - stage: fcm\n    enabled: false\n"))
    assert "fcm" not in names(daemon)


def test_stages_are_renamed_and_reordered_while_people_talk(daemon):
    dedup, limit = "  - stage: dedup\n", "  - stage: rate_limit\n    rate: 100000/s\n    burst: 100000\n"
    changes = [
        [(limit + dedup, dedup + limit)],
        [(dedup, dedup + "    name: twice\n")],
        [(limit, limit + "    name: pace\n"), (dedup, dedup + "    window: 1m\n")],
        [(dedup, dedup + "    enabled: false\n")],
        [("    enabled: false\n", "")],
    ]

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            sent = []

            async def talk():
                while len(sent) < 400:
                    answer = await alice.say("bob", str(len(sent)), str(len(sent)))
                    assert answer["type"] == "MESSAGE_SENT" and "duplicate" not in answer["data"], answer
                    sent.append(answer["data"]["messageId"])

            talking = asyncio.create_task(talk())
            for change in changes:
                await reload(daemon, *change)
            assert names(daemon) == ["auth", "twice", "pace", "persist", "fan_out", "presence"]
            await talking
            heard = [e["data"]["messageId"] for e in await bob.collect("NEW_MESSAGE", 400) if e["type"] == "NEW_MESSAGE"]
            assert heard == sent

    asyncio.run(run())


def test_another_order_is_told(daemon):
    dedup, limit = "  - stage: dedup\n", "  - stage: rate_limit\n    rate: 100000/s\n    burst: 100000\n"
    daemon.rewrite((limit + dedup, dedup + limit))
    order = "in another order: auth, dedup, rate_limit, persist, fan_out, presence"
    for command in ("plan", "reload"):
        assert order in daemon.command(command).stdout
    assert names(daemon)[1:3] == ["dedup", "rate_limit"]
    daemon.rewrite(("  - stage: persist\n", "  - stage: fan_out\n    name: early\n  - stage: persist\n"))
    done = daemon.command("reload")
    assert done.returncode == 1 and "which 'persist' gives only after it; put 'persist' before it" in done.stderr


def test_a_stage_of_ones_own_is_switched_on_and_changed(tmp_path):
    daemon = Daemon(tmp_path / "daemon", BY_HAND)
    daemon.start()

    async def run():
        async with connect(daemon, "alice") as alice:

            async def fate(content, number):
                answer = await alice.say("bob", content, str(number))
                return answer["data"].get("code", answer["type"])

            assert await fate("darn", 1) == "MESSAGE_SENT"
            await reload(daemon, ("  - stage: persist\n", "  - stage: word_filter\n    words: [darn]\n  - stage: persist\n"))
            assert await fate("darn", 2) == "RUDE"
            await reload(daemon, ("words: [darn]", "words: [heck]"))
            assert (await fate("darn", 3), await fate("heck", 4)) == ("MESSAGE_SENT", "RUDE")
            await reload(daemon, off("word_filter"))
            assert await fate("heck", 5) == "MESSAGE_SENT"

    try:
        asyncio.run(run())
    finally:
        daemon.kill()
