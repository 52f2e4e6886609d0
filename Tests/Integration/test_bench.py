"""`sluice bench`: what it counts is what has happened, and what goes wrong it says."""

import json
import re
import subprocess
import sys

import pytest
from harness.daemon import ROOT, TEMPLATE
from harness.ports import free_port
from harness.wait import until

pytestmark = pytest.mark.one_node("puts a load of its own on one daemon")


def load(daemon, *options):
    done = daemon.command("bench", "--config", str(daemon.config), *options)
    return done, json.loads(done.stdout) if "--json" in options and done.stdout else done.stdout


def bench(daemon, *options):
    """A load that is measured for a second."""
    return load(daemon, "--warm-up", "0.2", "--seconds", "1", *options)


def test_what_it_counts_is_what_the_store_holds(daemon):
    watch = str(daemon.process.pid)
    done, found = bench(daemon, "--pairs", "5", "--depth", "3", "--receipts", "--idle", "4", "--json", "--watch", watch)
    assert done.returncode == 0 and done.stderr == ""
    assert found["load"] == "pairs" and found["pairs"] == 5 and found["depth"] == 3
    assert found["connections"] == 14 and found["closed"] == 0 and found["closings"] == []
    assert found["sent"] == found["acked"] == found["delivered"] > 0
    assert daemon.rows("SELECT count(*), count(DISTINCT sender) FROM messages") == [(str(found["sent"]), "10")]
    assert daemon.rows("SELECT count(*) FROM messages WHERE delivered_at IS NULL OR read_at IS NULL") == [("0",)]
    assert daemon.rows("SELECT min(length(content)), max(length(content)) FROM messages") == [("100", "100")]
    assert 0 < found["ackedPerSecond"] <= found["sent"] / found["seconds"]
    assert 0 < found["receiptsPerSecond"]
    [cpu], [user], [system] = (found[key] for key in ("cpuSeconds", "cpuUserSeconds", "cpuSystemSeconds"))
    assert abs(cpu - user - system) < 0.02 and cpu > 0 and found["loadCPUSeconds"] > 0
    [growth], [each] = found["memoryGrowth"], found["memoryPerConnection"]
    assert abs(growth / 14 - each) <= 0.5
    for kind in ("ackMilliseconds", "deliveryMilliseconds"):
        check_histogram(found[kind])


def check_histogram(times):
    assert 0 < times["p50"] <= times["p90"] <= times["p99"] <= times["p999"] <= times["max"]
    bounds, counts = zip(*times["buckets"])
    assert list(bounds) == sorted(set(bounds)) and min(counts) > 0 and sum(counts) == times["count"]
    # The median is the bound of a bucket, which at least half do not exceed.
    half = sum(count for bound, count in times["buckets"] if bound <= times["p50"] * 1e6 + 500)
    assert half >= times["count"] / 2


@pytest.mark.parametrize("pairs, loops", [("2", "1"), ("1", "2")])
def test_at_a_rate_as_many_are_sent_as_are_due(daemon, pairs, loops):
    done, found = bench(daemon, "--pairs", pairs, "--loops", loops, "--rate", "200", "--json")
    assert done.returncode == 0
    # However long the run took, no more were due; a machine that stood still sends the rest at once.
    assert found["loops"] == int(loops) and found["rate"] == 200 and 200 * 1.15 <= found["sent"] <= 200 * (found["seconds"] + 5)
    assert found["acked"] == found["sent"]


def test_a_refusal_is_counted_by_its_code_and_is_no_fault(start):
    daemon = start(rate="5/s", burst="5")
    done, text = bench(daemon, "--pairs", "1", "--depth", "20")
    assert done.returncode == 0
    assert re.search(r"^refused +\d+ with RATE_LIMITED$", text, re.M)
    # Who was refused tries again: more are sent than the 20 that each of the two has in flight.
    assert int(re.search(r"^in all +(\d+) sent", text, re.M)[1]) > 40
    assert "0 unanswered, 0 undelivered, 0 doubled, 0 reordered, 0 to others, 0 connections closed" in text


def test_a_daemon_that_dies_under_the_load_is_told(start):
    daemon = start()
    command = [daemon.binary, "bench", "--config", str(daemon.config), "--pairs", "2", "--rate", "50", "--patience", "0.5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: int(daemon.rows("SELECT count(*) FROM messages")[0][0]) > 20)
    daemon.kill()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "4 connections closed" in output and "closed       4 without a code" in output
    assert errors == "sluice: messages were lost, doubled or out of order, or connections were closed\n"


def test_many_write_to_one(daemon):
    done, found = bench(daemon, "--senders", "20", "--depth", "2", "--receipts", "--loops", "2", "--json")
    assert done.returncode == 0, done.stdout
    assert found["load"] == "hot receiver" and found["senders"] == 20 and found["connections"] == 21
    assert found["sent"] == found["acked"] == found["delivered"] > 20 * 2
    assert daemon.rows("SELECT count(DISTINCT sender), count(DISTINCT receiver) FROM messages") == [("20", "1")]
    assert daemon.rows("SELECT count(*) FROM messages WHERE read_at IS NULL") == [("0",)]


@pytest.mark.parametrize("dedup", ["true", "false"])
def test_what_is_sent_twice_is_answered_twice_and_delivered_once(start, dedup):
    daemon = start(dedup=dedup)
    done, found = bench(daemon, "--pairs", "3", "--duplicates", "1", "--json")
    assert done.returncode == 0, done.stdout
    assert found["sent"] == found["resent"] == found["answeredAgain"] == found["delivered"] > 0
    assert found["doubled"] == 0
    assert daemon.rows("SELECT count(*) FROM messages") == [(str(found["sent"]),)]


def test_watchers_know_of_each_change(start):
    daemon = start(offline_after="0s")
    done, found = bench(daemon, "--watchers", "10", "--changes", "10", "--idle", "2", "--json")
    assert done.returncode == 0, done.stdout
    assert found["load"] == "presence" and found["connections"] == 12 and 0 < found["changesPerSecond"] < 11
    # Each comes as often as it goes, and all who watch are told of both.
    assert found["changes"] >= 10 and found["changes"] % 2 == 0
    assert found["updates"] + found["coalesced"] == found["changes"] * 10 and found["updatesPerSecond"] > 0
    assert found["missedOnline"] == found["missedOffline"] == found["unfounded"] == 0
    check_histogram(found["onlineMilliseconds"])
    check_histogram(found["offlineMilliseconds"])


def test_who_comes_back_within_the_grace_period_is_told_of_once(start):
    daemon = start(offline_after="1500ms")
    done, found = bench(daemon, "--watchers", "3", "--changes", "10", "--json")
    assert done.returncode == 0, done.stdout
    assert found["updates"] == 2 * 3 and found["coalesced"] == (found["changes"] - 2) * 3
    assert found["offlineMilliseconds"]["count"] == 3 and found["offlineMilliseconds"]["p50"] >= 1500


def test_watchers_who_are_not_told_are_counted(start):
    daemon = start(offline_after="0s\n    max_updates: 4")
    done, found = bench(daemon, "--watchers", "6", "--patience", "1", "--json")
    assert done.returncode == 1 and "watchers were not told as they must be" in done.stderr
    assert found["missedOnline"] == found["missedOffline"] == 2


def test_a_storm_brings_all_back_to_what_they_missed(daemon):
    done, found = load(daemon, "--storm", "60", "--missed", "3", "--loops", "2", "--json")
    assert done.returncode == 0, done.stdout
    assert found["load"] == "storm" and found["clients"] == found["connections"] == 60
    assert found["synced"] == 60 * 3 and found["undelivered"] == found["notReady"] == found["notSynced"] == 0
    assert daemon.rows("SELECT count(*), count(DISTINCT receiver) FROM messages") == [("180", "60")]
    for kind in ("firstMilliseconds", "readyMilliseconds", "syncedMilliseconds"):
        assert found[kind]["count"] == 60
        check_histogram(found[kind])
    assert found["readyMilliseconds"]["max"] <= found["syncedMilliseconds"]["max"] <= found["syncedSeconds"] * 1000 + 1
    assert found["connectionsPerSecond"] > 0 and found["readyPerSecond"] > 0


def test_those_in_a_storm_are_written_to_in_order_whatever_is_refused(start):
    done, found = load(start(rate="50/s", burst="5"), "--storm", "4", "--missed", "20", "--json")
    assert done.returncode == 0, done.stdout
    assert found["synced"] == 80 and found["reordered"] == 0


def test_who_is_cut_off_in_a_storm_comes_again(start):
    daemon = start(limits="max_frame: 64KiB, max_unauthenticated: 140")
    done, found = load(daemon, "--storm", "600", "--json")
    assert done.returncode == 0, done.stdout
    assert found["failedAttempts"] > 0
    assert found["failures"] == [{"reason": "the server closed the connection", "count": found["failedAttempts"]}]
    assert found["readyMilliseconds"]["count"] == found["syncedMilliseconds"]["count"] == 600


def test_a_storm_whose_messages_are_elsewhere_is_told(start):
    # Two nodes that share nothing, and an odd number: who writes to somebody is on the other node.
    nodes = [start(), start()]
    addresses = [word for node in nodes for word in ("--at", f"127.0.0.1:{node.port}")]
    done, found = load(nodes[0], "--storm", "5", *addresses, "--json")
    assert done.returncode == 1 and "not to all their messages" in done.stderr
    assert found["undelivered"] == 5 and found["notReady"] == 0


def test_who_does_not_read_is_cut_off_and_misses_nothing(start):
    # What the kernel holds for a socket of a path does not grow with time, as it does for one of TCP.
    config = TEMPLATE.replace("127.0.0.1:{port}", "unix:{folder}/clients.sock")
    daemon = start(config=config, limits="max_frame: 64KiB, outbound_buffer: 128KiB")
    options = ["--pairs", "1", "--slow", "2", "--depth", "2", "--content", "16000", "--seconds", "3"]
    done, found = bench(daemon, *options, "--watch", str(daemon.process.pid), "--json")
    assert done.returncode == 0, done.stdout
    assert found["sent"] == found["delivered"] > 0 and found["closed"] == 0
    slow = found["slow"]
    assert slow["clients"] == 2 and slow["kept"] == 0 and slow["closings"] == [{"code": None, "count": 2}]
    assert slow["live"] + slow["synced"] == slow["acked"] == slow["sent"] and slow["synced"] > 0
    assert daemon.metric('sluice_closes_total{code="4408"}') == 2
    assert slow["deliveredPerSecondBefore"] > 0 and len(slow["memoryGrowth"]) == 1
    check_histogram(slow["deliveryMillisecondsBefore"])


def test_who_reads_again_in_time_is_kept(daemon):
    done, found = bench(daemon, "--pairs", "1", "--slow", "1", "--rate", "40", "--json")
    assert done.returncode == 0, done.stdout
    slow = found["slow"]
    assert slow["kept"] == 1 and slow["closings"] == [] and slow["synced"] == 0
    assert slow["live"] == slow["acked"] > 0


@pytest.mark.parametrize(
    "options, code, said",
    [
        (["--pairs", "0"], 2, "there is nobody to connect"),
        (["--depth", "0"], 2, "--depth wants a number from 1 to 10000"),
        (["--content", "10"], 2, "--content wants a number from 40 to 16384"),
        (["--wire", "irc"], 2, "--wire wants websocket, socket.io, nats, mqtt or xmpp"),
        (["--wire", "mqtt", "--receipts"], 2, "--receipts wants --wire websocket or socket.io"),
        (["--duplicates", "1.5"], 2, "--duplicates wants a number from 0 to 1"),
        (["--pairs", "1", "--senders", "1"], 2, "--pairs can't go together with --senders"),
        (["--senders", "1", "--slow", "1"], 2, "--slow can't go together with --senders"),
        (["--watchers", "1", "--receipts"], 2, "--receipts can't go together with --watchers"),
        (["--storm", "1"], 2, "--seconds can't go together with --storm"),
        (["--changes", "1"], 2, "--changes can't go together with --pairs"),
        (["--depth", "1", "--rate", "1"], 2, "--depth can't go together with --rate"),
        (["--watchers", "1", "--wire", "socket.io"], 2, "--watchers wants --wire websocket"),
        (["--slow", "1", "--wire", "socket.io"], 2, "--slow wants --wire websocket"),
        (["--at", "nowhere"], 2, "--at wants an address such as"),
        (["--secret-file", "x"], 2, "--secret-file wants --at"),
        (["--secret-file", "absent", "--at", "127.0.0.1:1"], 1, "can't sign a token"),
        (["--at", "127.0.0.1:1", "--pairs", "1"], 1, "no server answers at 127.0.0.1:1"),
        (["--at", "systemd", "--pairs", "1"], 1, "give --at HOST:PORT"),
    ],
)
def test_what_is_asked_wrongly_is_told(daemon, options, code, said):
    done, _ = bench(daemon, *options)
    assert done.returncode == code and said in done.stderr and "Fatal" not in done.stderr


def test_tokens_that_are_not_taken_are_told(daemon):
    other = daemon.folder / "other-secret"
    other.write_bytes(b"another secret of at least thirty-two bytes")
    other.chmod(0o600)
    done, _ = bench(daemon, "--secret-file", str(other), "--at", f"127.0.0.1:{daemon.port}", "--pairs", "1")
    assert done.returncode == 1 and "sluice: the server refused the connection" in done.stderr


def test_it_speaks_to_a_socket_io_server_of_others(daemon):
    port = free_port()
    script = ROOT / "Benchmarks/peers/socketio_server.py"
    peer = subprocess.Popen([sys.executable, script, str(port), str(daemon.folder / "secret")])
    try:
        options = ["--wire", "socket.io", "--secret-file", str(daemon.folder / "secret"), "--at", f"127.0.0.1:{port}"]

        def answers():
            assert peer.poll() is None
            return bench(daemon, "--pairs", "0", "--idle", "1", *options)[0].returncode == 0

        until(answers)
        done, found = bench(daemon, "--pairs", "3", "--depth", "2", "--json", *options)
        assert done.returncode == 0, done.stderr
        assert found["protocol"] == "socket.io" and found["sent"] == found["delivered"] > 0
    finally:
        peer.terminate()
        peer.wait()


def test_pairs_are_spread_over_nodes(start):
    # Two nodes that share nothing: what one side sends, the other never gets, and that is told.
    nodes = [start(), start()]
    addresses = [word for node in nodes for word in ("--at", f"127.0.0.1:{node.port}")]
    done, found = bench(nodes[0], "--pairs", "2", "--depth", "1", "--patience", "0.5", "--json", *addresses)
    assert done.returncode == 1 and found["acked"] == found["sent"] > 0
    assert found["delivered"] == 0 and found["undelivered"] == found["acked"]
    for node in nodes:
        assert node.rows("SELECT count(DISTINCT sender) FROM messages") == [("2",)]
