"""What an operator types."""

import asyncio
import json
import select
import signal
import sqlite3
import subprocess

import pytest
from harness import tokens
from harness.client import connect

WRONG = """version: 1
server: { listen: nowhere }
pipeline:
  - stage: auth
    secret_file: /no/such/file/at/all
  - stage: rate_limit
    brust: 5
    rate: fast
  - stage: fan_out
  - stage: presist
"""

FAULTS = [
    "bad.yaml:2:19: error: 'listen' wants an address such as 127.0.0.1:8080, unix:/run/sluice/clients.sock, or systemd",
    "bad.yaml:7:5: error: unknown key 'brust' in stage 'rate_limit'; did you mean 'burst'?",
    "bad.yaml:8:11: error: 'rate' wants a rate such as 50/s, 100/m or 5/10s",
    "bad.yaml:10:12: error: unknown stage 'presist'; did you mean 'persist'?",
]


def test_a_wrong_file_gets_all_its_faults_with_their_places(daemon):
    (daemon.folder / "bad.yaml").write_text(WRONG)
    result = daemon.command("check", "bad.yaml")
    assert result.returncode == 1
    for fault in FAULTS:
        assert fault + "\n" in result.stderr
    assert "    brust: 5\n      ^\n" in result.stderr
    report = json.loads(daemon.command("check", "bad.yaml", "--format", "json").stdout)
    assert [(f["line"], f["column"]) for f in report if f["severity"] == "error"][0] == (2, 19)
    assert daemon.command("serve", "--config", "bad.yaml").returncode == 78
    assert daemon.command("check", "missing.yaml").returncode == 1
    assert daemon.command("check", "--no-such-option").returncode == 2
    assert daemon.command("check", str(daemon.config)).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  - stage: persist\n    who_may_message: anyone\n", "", "stage 'fan_out' needs durable id, which no stage before it gives"),
        ("- stage: auth", "- stage: auth\n    enabled: false", "'auth', which gives it, is switched off"),
        ("- stage: persist", "- stage: persist\n    on_error: skip", "can't have 'on_error: skip'"),
        ("version: 1", "version: 2", "'version' 2 is not known"),
        ("version: 1", "version: 1\nversion: 1", "the key 'version' stands twice"),
        ("offline_after: 1s", "offline_after: ${NO_SUCH_VARIABLE}", "the variable 'NO_SUCH_VARIABLE' is not set"),
    ],
)
def test_a_chain_that_cannot_work_is_refused(daemon, old, new, fault):
    text = daemon.config.read_text()
    assert old in text
    (daemon.folder / "changed.yaml").write_text(text.replace(old, new))
    result = daemon.command("check", "changed.yaml")
    assert result.returncode == 1 and fault in result.stderr, result.stderr


def test_a_chat_from_two_terminals(daemon):
    config = ["--config", str(daemon.config)]
    listener = subprocess.Popen(
        [daemon.binary, "listen", "--as", "bob", *config], stdout=subprocess.PIPE, text=True, cwd=daemon.folder
    )
    try:
        assert listener.stdout.readline() == "connected as bob\n"
        sent = daemon.command("send", "--as", "alice", "--to", "bob", "hi", *config)
        assert sent.returncode == 0 and sent.stdout.startswith("msg_")
        assert listener.stdout.readline() == "alice → bob: hi\n"
    finally:
        listener.kill()
        listener.wait()
    daemon.kill()
    nobody = daemon.command("send", "--as", "alice", "--to", "bob", "hi", *config)
    assert nobody.returncode == 1 and nobody.stderr.count("\n") == 1 and "no daemon answers" in nobody.stderr


def test_a_minted_token_opens_the_door(daemon):
    token = daemon.command("token", "carol", "--ttl", "5m", "--config", str(daemon.config)).stdout.strip()
    assert daemon.get("/messages/sync", token=token).status == 200
    assert daemon.command("token", "carol", "--ttl", "soon", "--config", str(daemon.config)).returncode == 2


@pytest.mark.parametrize("command", ["", "serve", "check", "test", "token", "send", "listen", "stages", "migrate", "version"])
def test_every_command_has_help(daemon, command):
    result = daemon.command(*filter(None, [command]), "--help")
    assert result.returncode == 0 and ("Example:" in result.stdout or not command)


def test_stages_and_version_are_told(daemon):
    stages = daemon.command("stages").stdout
    for name in ["auth", "rate_limit", "dedup", "persist", "fan_out", "presence"]:
        assert f"\n{name}: " in "\n" + stages
    assert daemon.command("version").stdout.startswith("sluice ")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_in_order(daemon, how):
    assert daemon.stop(how) == 0


@pytest.mark.embedded("a SQLite store belongs to one daemon")
def test_a_second_daemon_on_the_same_store_is_refused_in_one_line(daemon):
    text = daemon.config.read_text().replace(f":{daemon.port}", ":0").replace(f":{daemon.admin}", ":0")
    (daemon.folder / "second.yaml").write_text(text)
    result = daemon.command("serve", "--config", "second.yaml")
    assert result.returncode == 1 and "another sluice" in result.stderr and result.stderr.count("\n") == 1


def test_no_token_and_no_content_is_logged(daemon):
    token, content = tokens.token("alice"), "a most private matter"

    async def run():
        async with connect(daemon, "alice", token=token) as client:
            await client.say("bob", content, "t1")
            await client.ask("AUTH", {"token": token + "x"})
            await client.ask("NEW_MESSAGE", {"tempId": "t2", "content": content})

    asyncio.run(run())
    select.select([], [], [], 0)
    assert daemon.stop() == 0
    assert "rejected an event" in daemon.log
    assert token not in daemon.log and content not in daemon.log


@pytest.mark.embedded("takes a SQLite store apart; test_backends.py does a PostgreSQL one")
def test_a_store_is_migrated_without_a_daemon(daemon):
    daemon.stop()
    config = ["--config", str(daemon.config)]
    newest = daemon.command("migrate", *config)
    assert newest.returncode == 0 and "already" in newest.stdout
    store = daemon.folder / "store.db"
    with sqlite3.connect(store) as older:
        # As a daemon left it that knew two steps.
        older.executescript(
            "DROP TABLE dead_letters; DROP TABLE push_lanes; DROP TABLE push_jobs; DROP TABLE push_node_marks;"
            "DROP TABLE push_settled; DROP TRIGGER device_registered; DROP TRIGGER device_dropped;"
            "DROP TABLE device_quarantines; DROP INDEX devices_by_age; PRAGMA user_version = 2;"
        )
    brought = daemon.command("migrate", *config)
    assert brought.returncode == 0 and "from schema 2 to" in brought.stdout
    with sqlite3.connect(store) as newer:
        newer.execute("PRAGMA user_version = 999")
    refused = daemon.command("migrate", *config)
    assert refused.returncode == 1 and "newer daemon" in refused.stderr
    for file in daemon.folder.glob("store.db*"):
        file.unlink()
    assert "made " in daemon.command("migrate", *config).stdout


@pytest.mark.embedded("a SQLite store belongs to one daemon")
def test_a_store_in_use_is_not_migrated(daemon):
    refused = daemon.command("migrate", "--config", str(daemon.config))
    assert refused.returncode == 1 and "another sluice" in refused.stderr
