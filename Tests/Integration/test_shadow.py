"""Stages that judge without being obeyed, or are obeyed on a share of users."""

import asyncio
import json

import pytest
from harness.client import connect
from harness.tap import Tap
from harness.wait import comes

pytestmark = pytest.mark.one_node("counts on one daemon")

USERS = 40


def enforced(start, share):
    """A daemon that would refuse whatever comes after connecting, where it is obeyed."""
    daemon = start(rate="1/h", burst="1")
    daemon.reload(("- stage: rate_limit\n", f"- stage: rate_limit\n    enforce: {share}\n"))
    return daemon


async def refused(daemon, users=USERS):
    """The users of whom a PING is refused; all that one sends fares alike."""
    found = set()
    for number in range(users):
        async with connect(daemon, f"user{number}") as client:
            answers = {(await client.ask("PING"))["type"] for _ in range(3)}
            assert len(answers) == 1, answers
            if answers == {"ERROR"}:
                found.add(number)
    return found


def unobeyed(daemon):
    return daemon.metric('sluice_stage_unobeyed_total{stage="rate_limit",verdict="reject"}')


def test_a_shadow_refuses_nothing_and_tells_what_it_would(start):
    daemon = enforced(start, "shadow")

    async def run():
        with await asyncio.to_thread(Tap, daemon, "--stage", "rate_limit", "--verdict", "reject") as tap:
            assert await refused(daemon, 5) == set()
            await comes(lambda: len(tap.lines) == 15)
            assert all(line["obeyed"] is False and line["code"] == "RATE_LIMITED" for line in tap.lines)

    asyncio.run(run())
    stage = daemon.stage("rate_limit")
    assert (stage["enforce"], stage["rejected"], stage["wouldReject"], stage["wouldStop"]) == ("shadow", 0, 15, 0)
    assert stage["continued"] == stage["events"] == 20
    assert unobeyed(daemon) == 15
    assert daemon.metric('sluice_stage_events_total{stage="rate_limit",verdict="reject"}') == 0
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    told = [line for line in lines if line["message"] == "a stage that is not obeyed would have ended an event"]
    assert len(told) == 15 and "rejected an event" not in daemon.log
    assert {(line["stage"], line["verdict"], line["code"], line["type"]) for line in told} == {
        ("rate_limit", "reject", "RATE_LIMITED", "PING")
    }
    table = daemon.command("top", "--once", "--interval", "0.1").stdout
    assert "rate_limit (shado…" in table or "rate_limit (shadow" in table


def test_half_of_the_users_are_refused_and_always_the_same(start):
    daemon = enforced(start, "50%")
    first = asyncio.run(refused(daemon))
    # The lot is drawn from names, so this is no matter of luck.
    assert 10 <= len(first) <= 30
    stage = daemon.stage("rate_limit")
    assert stage["enforce"] == "50%"
    assert stage["rejected"] == 3 * len(first) and stage["wouldReject"] == 3 * (USERS - len(first))
    assert unobeyed(daemon) == stage["wouldReject"]


def test_a_larger_share_takes_in_the_smaller(start):
    shares = {}
    for share in ("25%", "75%"):
        shares[share] = asyncio.run(refused(enforced(start, share)))
    assert 2 <= len(shares["25%"]) < len(shares["75%"]) <= 38 and shares["25%"] < shares["75%"]


def test_obedience_changes_live_and_counts_go_on(start):
    daemon = enforced(start, "shadow")

    async def run():
        async with connect(daemon, "alice") as alice:
            assert (await alice.ask("PING"))["type"] == "PONG"
            await asyncio.to_thread(daemon.reload, ("    enforce: shadow\n", ""))
            assert (await alice.ask("PING"))["data"]["code"] == "RATE_LIMITED"
            await asyncio.to_thread(daemon.reload, ("- stage: rate_limit\n", "- stage: rate_limit\n    enforce: shadow\n"))
            assert (await alice.ask("PING"))["type"] == "PONG"

    asyncio.run(run())
    stage = daemon.stage("rate_limit")
    assert (stage["wouldReject"], stage["rejected"]) == (2, 1)
    changes = daemon.pipeline()["lastReload"]["changes"]
    assert changes == [{"path": "pipeline.rate_limit.enforce", "effect": "hot"}]


def test_a_shadow_of_dedup_leaves_duplicates_to_the_store(start):
    daemon = start()
    daemon.reload(("- stage: dedup\n", "- stage: dedup\n    enforce: shadow\n"))

    async def run():
        async with connect(daemon, "alice") as alice:
            before = daemon.stage("persist")["events"]
            sent = (await alice.say("bob", "hi", "1"))["data"]
            again = (await alice.say("bob", "hi", "1"))["data"]
            assert again["duplicate"] and again["messageId"] == sent["messageId"]
            assert daemon.stage("dedup")["wouldStop"] == 1 and daemon.stage("persist")["events"] == before + 2

    asyncio.run(run())
