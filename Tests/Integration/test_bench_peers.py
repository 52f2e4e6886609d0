"""`sluice bench` against servers of others: the benchmarks' peers that are small and want no store beside them."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from harness import tokens
from harness.daemon import BINARY, ROOT

# Behind all others: what has the same name there is not meant.
sys.path.append(str(ROOT / "Benchmarks"))
from peers import ALL  # noqa: E402

pytestmark = pytest.mark.one_node("puts a load on servers of others")


@pytest.fixture
def start():
    """Starts a peer in a folder to which users without rights come too."""
    peers = []
    with tempfile.TemporaryDirectory(prefix="sluice-peer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "secret").write_bytes(tokens.SECRET)
        (folder / "secret").chmod(0o600)

        def start(kind):
            kind.install()
            peers.append(kind(folder / "peer", None, None, folder / "secret"))
            peers[-1].start()
            return peers[-1]

        yield start
        for peer in peers:
            peer.stop()


def bench(peer, *options):
    where = ("--wire", peer.wire, "--at", f"127.0.0.1:{peer.ports[0]}", "--secret-file", peer.secret_file)
    how = ("--pairs", "3", "--warm-up", "0.2", "--seconds", "1", "--json", *options)
    done = subprocess.run([BINARY, "bench", *where, *how], capture_output=True, text=True, timeout=120)
    return done, json.loads(done.stdout) if done.stdout else None


@pytest.mark.parametrize("name", ["nats-jetstream", "mosquitto"])
def test_a_peer_answers_and_delivers_all_that_a_load_sends(start, name):
    peer = start(ALL[name])
    pids = peer.processes()["server"]
    assert pids and peer.version()
    for options in (("--depth", "4"), ("--rate", "100"), ("--content", "3000", "--idle", "3")):
        done, found = bench(peer, *options)
        assert done.returncode == 0, done.stderr
        assert found["protocol"] == peer.wire and found["sent"] == found["acked"] == found["delivered"] > 0
        assert found["refused"] == []
    peer.stop()
    assert peer.processes()["server"] == [] and not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_nats_without_a_stream_is_told(start):
    class NoStream(ALL["nats-jetstream"]):
        def make_stream(self):
            """Leaves it out."""

    done, _ = bench(start(NoStream))
    assert done.returncode == 1 and "there is no consumer: stream not found" in done.stderr


def test_a_peer_that_answers_in_another_protocol_is_told(start):
    peer = start(ALL["nats-jetstream"])
    peer.wire = "xmpp"
    done, _ = bench(peer)
    assert done.returncode == 1 and "what came is no stanza" in done.stderr
