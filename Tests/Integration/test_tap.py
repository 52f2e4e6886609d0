"""What `sluice tap` shows of events, and what it never shows."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
from pathlib import Path

import pytest
from harness import tokens
from harness.client import connect
from harness.control import ControlConnection
from harness.tap import Tap
from harness.wait import comes

pytestmark = pytest.mark.one_node("taps one daemon")

PRIVATE = "a most private matter"


async def taps(daemon, *options):
    return await asyncio.to_thread(Tap, daemon, *options)


def said(lines, *keys):
    return [tuple(line.get(key) for key in keys) for line in lines]


def open_taps(daemon):
    """How many connections the daemon has at its control socket."""
    own = set()
    for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            own.add(os.readlink(link))
    sockets = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    # State 3 is SS_CONNECTED.
    return sum(fields[5] == "03" and f"socket:[{fields[6]}]" in own and fields[7:] != [] for fields in sockets)


def test_each_stage_is_shown_with_its_verdict_and_then_the_end(daemon):
    async def run():
        with await taps(daemon) as tap:
            async with connect(daemon, "alice") as alice:
                await alice.say("bob", "hi", "1")
                lines = await asyncio.to_thread(tap.until_ended, type="NEW_MESSAGE")
            message = [line for line in lines if line["type"] == "NEW_MESSAGE"]
            assert said(message, "stage", "verdict", "answer") == [
                ("auth", "continue", None), ("rate_limit", "continue", None), ("dedup", "continue", None),
                ("persist", "continue", None), ("fan_out", "continue", None), (None, "end", "MESSAGE_SENT"),
            ]
            for line in message:
                assert (line["user"], line["ingress"], line["revision"]) == ("alice", "websocket", 1)
                assert line["microseconds"] >= 0 and line["connection"] and line["at"].endswith("Z")
            await asyncio.to_thread(tap.until_ended, type="DISCONNECT")
            assert {line["type"] for line in tap.lines} == {"CONNECT", "NEW_MESSAGE", "DISCONNECT"}
            assert all("data" not in line for line in tap.lines)

    asyncio.run(run())


def test_a_refusal_is_shown_with_its_reason(start):
    daemon = start(rate="1/h", burst="2")

    async def run():
        with await taps(daemon, "--verdict", "reject", "--verdict", "end") as tap:
            async with connect(daemon, "alice") as alice:
                assert (await alice.ask("PING"))["type"] == "PONG"
                await alice.say("bob", PRIVATE, "1")
                lines = await asyncio.to_thread(tap.until_ended, code="RATE_LIMITED")
        refusal = [line for line in lines if line["verdict"] == "reject"]
        assert said(refusal, "type", "stage", "code") == [("NEW_MESSAGE", "rate_limit", "RATE_LIMITED")]
        assert refusal[0]["reason"] and PRIVATE not in "".join(tap.text)
        assert said(lines, "verdict")[0] == ("end",)

    asyncio.run(run())


FILTERS = [
    (["--user", "alice"], {"user": {"alice"}}),
    (["--user", "alice", "--user", "carol"], {"user": {"alice", "carol"}}),
    (["--type", "PING"], {"type": {"PING"}}),
    (["--type", "PING", "--type", "NEW_MESSAGE"], {"type": {"PING", "NEW_MESSAGE"}}),
    (["--stage", "persist"], {"stage": {"persist"}}),
    (["--verdict", "end"], {"verdict": {"end"}}),
    (["--user", "bob", "--type", "NEW_MESSAGE", "--stage", "dedup"], {"user": {"bob"}, "type": {"NEW_MESSAGE"}, "stage": {"dedup"}}),
    (["--verdict", "fault"], None),
]


def test_filters_let_through_what_they_name_and_nothing_else(daemon):
    async def run():
        with contextlib.ExitStack() as stack:
            seen = [stack.enter_context(await taps(daemon, *options)) for options, _ in FILTERS]
            everything = stack.enter_context(await taps(daemon))
            for user in ("alice", "bob", "carol", "dave"):
                async with connect(daemon, user) as client:
                    await client.ask("PING")
                    await client.say("eve", "hi", "1")
            await asyncio.to_thread(everything.until_ended, type="DISCONNECT", user="dave")
            whole = everything.lines
            for tap, (options, facts) in zip(seen, FILTERS):
                expected = [l for l in whole if facts and all(l.get(key) in values for key, values in facts.items())]
                assert bool(expected) == bool(facts)

                def agrees():
                    return said(tap.lines, "user", "type", "stage") == said(expected, "user", "type", "stage")

                # In the order of the loops that their connections are on.
                await comes(agrees, f"what {options} lets through")

    asyncio.run(run())


def test_content_is_shown_only_if_asked_for_and_tokens_never(daemon):
    token, other = tokens.token("alice"), tokens.token("bob")

    async def run():
        with await taps(daemon) as shy, await taps(daemon, "--content") as open_one:
            async with connect(daemon, "alice", token=token) as alice:
                await alice.say("bob", PRIVATE, "1")
                assert (await alice.ask("AUTH", {"token": token, "more": "said"}))["type"] == "CONNECTED"
                assert (await alice.ask("AUTH", {"token": other}))["type"] == "ERROR"
                await alice.ask("AUTH", {"token": token + "x"})
            assert daemon.get("/users/me", token=token).status == 200
            for tap in (shy, open_one):
                await asyncio.to_thread(tap.until_ended, type="QUERY")
                text = "".join(tap.text)
                assert token not in text and other not in text and '"token"' not in text
                assert (PRIVATE in text) == (tap is open_one)
            # What a client sends beside its token is shown, so that this is about tokens.
            shown = [line["data"] for line in open_one.lines if line["type"] == "AUTH" and line["verdict"] == "end"]
            assert {"more": "said"} in shown
            (message,) = [l for l in open_one.lines if l["type"] == "NEW_MESSAGE" and l["verdict"] == "end"]
            assert message["data"]["content"] == PRIVATE and message["data"]["tempId"] == "1"

    asyncio.run(run())


def test_a_stage_in_front_of_auth_shows_no_token_either(daemon):
    token = tokens.token("alice")
    limit = "  - stage: rate_limit\n    by: ip\n    name: front\n    rate: 1000/s\n"
    daemon.reload(("  - stage: auth\n", limit + "  - stage: auth\n"))

    async def run():
        with await taps(daemon, "--content", "--stage", "front") as tap:
            async with connect(daemon, "alice", token=token) as alice:
                await alice.ask("AUTH", {"token": token})
            await comes(lambda: {"CONNECT", "AUTH"} <= {line["type"] for line in tap.lines})
            assert token not in "".join(tap.text)

    asyncio.run(run())


def test_people_get_lines_of_text(daemon):
    async def run():
        tap = await asyncio.to_thread(lambda: Tap(daemon, "--content", json=False))
        with tap:
            async with connect(daemon, "alice") as alice:
                # Nothing tells when it begins to see, so people talk until it does.
                for number in itertools.count():
                    await alice.say("bob", "\u001b[31mred", f"{number}")
                    if any("persist" in line for line in tap.text):
                        break
            (line, *_) = [line for line in tap.text if "persist" in line]
            assert "alice" in line and "NEW_MESSAGE" in line and "µs" in line and "continue" in line
            assert "\u001b" not in "".join(tap.text) and "red" in line

    asyncio.run(run())


def test_a_tap_outlives_reloads(daemon):
    async def run():
        with await taps(daemon, "--type", "PING", "--verdict", "end") as tap:
            async with connect(daemon, "alice") as alice:
                for revision in range(1, 6):
                    await alice.ask("PING")
                    await asyncio.to_thread(tap.until_ended, revision=revision)
                    number = 100_000 - revision
                    await asyncio.to_thread(daemon.reload, (f"burst: {number + 1}", f"burst: {number}"))
            assert [line["revision"] for line in tap.lines] == [1, 2, 3, 4, 5]

    asyncio.run(run())


def test_more_than_the_rate_is_dropped_and_counted(daemon):
    async def run():
        with await taps(daemon, "--rate", "10") as slow, await taps(daemon, "--verdict", "end") as whole:
            async with connect(daemon, "alice") as alice:
                for _ in range(20):
                    await alice.ask("PING")
                # What was dropped is told with the next pulse.
                await comes(lambda: slow.dropped > 0)
                await comes(lambda: len(whole.lines) >= 21)
            assert 0 < len(slow.lines) <= 60 and whole.dropped == 0

    asyncio.run(run())


def test_a_tap_that_is_killed_or_reads_nothing_is_nobodys_burden(daemon):
    async def run():
        before = open_taps(daemon)
        with await taps(daemon) as dead, await taps(daemon, "--content", "--rate", "100000") as stuck:
            assert open_taps(daemon) == before + 2
            dead.process.kill()
            await comes(lambda: open_taps(daemon) == before + 1, "a killed tap is forgotten")
            # One that is stopped reads no more; what people send goes on all the same.
            stuck.process.send_signal(signal.SIGSTOP)
            async with connect(daemon, "alice") as alice:
                for number in range(300):
                    assert (await alice.say("bob", "x" * 10_000, f"{number}"))["type"] == "MESSAGE_SENT"
            stuck.process.send_signal(signal.SIGCONT)
            await comes(lambda: stuck.dropped > 0, "what did not fit is counted")
        await comes(lambda: open_taps(daemon) == before, "no tap is left")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--verdict", "maybe"], "'verdict' is one of continue, stop, reject, fault, end"),
        (["--rate", "0"], "'rate' is from 1 to 100000"),
        (["--rate", "soon"], "'soon' is invalid for '--rate"),
        (["--no-such-option"], "Unknown option '--no-such-option'"),
    ],
)
def test_what_can_not_be_asked_is_said_in_words(daemon, options, words):
    done = daemon.command("tap", *options)
    assert done.returncode == 2 and done.stdout == "" and words in done.stderr


def test_a_tap_ends_with_its_daemon_and_says_so(daemon):
    with Tap(daemon) as tap:
        assert daemon.stop() == 0
        assert tap.process.wait(timeout=10) == 1
        assert tap.process.stderr.read() == "sluice: the daemon has ended\n"
    daemon.start()
    with Tap(daemon) as tap:
        daemon.kill()
        assert tap.process.wait(timeout=10) == 1
        assert tap.process.stderr.read() == "sluice: the daemon has ended\n"


def test_any_client_that_takes_a_socket_may_tap(daemon):
    connection = ControlConnection(daemon)
    connection.request("GET", "/tap?type=QUERY&verdict=end")
    response = connection.getresponse()
    assert response.status == 200 and response.headers["Content-Type"] == "application/x-ndjson"
    assert daemon.get("/users/me", token=tokens.token("ada")).status == 200
    while "type" not in (line := json.loads(response.readline())):
        assert line["dropped"] == 0
    assert (line["type"], line["user"], line["verdict"]) == ("QUERY", "ada", "end")
    connection.close()
