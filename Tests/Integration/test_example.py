"""Stages of one's own, in a daemon of one's own: the examples, and a package out of a repository."""

import asyncio
import http.server
import json
import threading
import urllib.parse

import pytest
from harness.client import connect
from harness.daemon import ROOT, TEMPLATE, Daemon
from harness.extending import build, repository
from harness.wait import until

SHOUT = """import Pipeline

public struct Shout: EventStage {
  public static let name = "shout"
  public static let events: EventFilter = .only(.newMessage)
  public init(_ configuration: NoConfiguration, _ context: StageContext) {}
  public func process(_ event: inout Event) -> Verdict {
    event.data.set("content", to: event.data.string("content")?.uppercased() ?? "")
    return .continue
  }
}

public let stages: [any Stage.Type] = [Shout.self, Clumsy.self]
"""
# Does with events what no stage may, as they ask for it.
CLUMSY = """import Glibc
import Pipeline
import Synchronization

public final class Clumsy: DeferringStage {
  public static let name = "clumsy"
  public static let events: EventFilter = .only(.newMessage)
  private let last = Mutex<EventBatch?>(nil)

  public init(_ configuration: NoConfiguration, _ context: StageContext) {}

  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    switch batch[0].data.string("content") {
    case "twice":
      done(batch)
      done(batch)
    case "block":
      usleep(200_000)
      done(batch)
    case "hang": return
    case "other": done(last.withLock { $0 } ?? batch)
    default:
      last.withLock { $0 = batch }
      done(batch)
    }
  }
}
"""


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """A daemon with the examples, and a stage that another release of its repository does not have."""
    folder = tmp_path_factory.mktemp("extended")
    files = {"Sources/Shout/Shout.swift": SHOUT, "Sources/Shout/Clumsy.swift": CLUMSY}
    shout = repository(folder / "Shout", files, "1.0.0")
    repository(folder / "Shout", {"Sources/Shout/Shout.swift": "public let stages = 1\n"}, "2.0.0")
    examples = [str(path) for path in sorted((ROOT / "Examples").iterdir())]
    return build(folder / "sluice", *examples, f"{shout}@1.0.0")


@pytest.fixture
def extended(binary, tmp_path):
    """Starts a daemon with a chain of the template's, with entries in front of persist and at the end."""
    daemons = []

    def start(before="", after=""):
        config = TEMPLATE.replace("  - stage: persist\n", before + "  - stage: persist\n") + after
        daemon = Daemon(tmp_path / f"daemon{len(daemons)}", binary, config)
        daemons.append(daemon)
        daemon.start()
        return daemon

    yield start
    for daemon in daemons:
        daemon.kill()


class Policy:
    """A server that is asked about links."""

    def __init__(self):
        self.asked = []
        self.status = 204
        self.gate = threading.Event()
        self.gate.set()
        policy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.urlsplit(self.path).query
                policy.asked.append(urllib.parse.parse_qs(query)["url"][0])
                policy.gate.wait(20)
                self.send_response(403 if "bad" in query else policy.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}/check"

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def policy():
    policy = Policy()
    yield policy
    policy.close()


def test_stages_of_ones_own_take_their_places_in_the_chain(extended):
    daemon = extended("  - stage: word_filter\n    words: [darn]\n  - stage: shout\n")

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            refused = await alice.say("bob", "Darn it", "1")
            assert refused["data"]["code"] == "RUDE" and refused["data"]["stage"] == "word_filter"
            assert (await alice.say("bob", "hello", "2"))["type"] == "MESSAGE_SENT"
            assert (await bob.expect("NEW_MESSAGE"))["content"] == "HELLO"

    asyncio.run(run())
    assert daemon.stage("word_filter")["rejected"] == 1
    (daemon.folder / "wrong.yaml").write_text(daemon.config.read_text().replace("words:", "wrods:"))
    result = daemon.command("check", "wrong.yaml")
    assert result.returncode == 1 and "unknown key 'wrods' in stage 'word_filter'" in result.stderr


def test_their_keys_are_listed_as_those_of_the_built_in_ones(binary, tmp_path):
    listed = Daemon(tmp_path / "daemon", binary).command("stages").stdout
    assert "word_filter: refuses messages that hold a word of a list\n    words: list" in listed
    assert "    wait: duration    how long it has for an answer (1s)\n" in listed
    assert "audit_log: writes down in PostgreSQL" in listed and "on_error: dead_letter, timeout: 30.0" in listed


def test_the_examples_own_file_has_no_faults(binary, tmp_path):
    daemon = Daemon(tmp_path / "daemon", binary)
    secret = {"SLUICE_JWT_SECRET_FILE": str(daemon.folder / "secret")}
    result = daemon.command("check", str(ROOT / "Examples/WordFilter/pipeline.yaml"), env=secret)
    assert result.returncode == 0, result.stderr


def test_a_server_says_which_links_may_be_sent(extended, policy):
    daemon = extended(f"  - stage: link_policy\n    address: {policy.address}\n    faults: 2\n    pause: 1h\n    wait: 500ms\n")

    async def run():
        async with connect(daemon, "alice") as alice:
            assert (await alice.say("bob", "no link", "0"))["type"] == "MESSAGE_SENT"
            assert policy.asked == []
            assert (await alice.say("bob", "see https://a.example/?x=1&y=ü", "1"))["type"] == "MESSAGE_SENT"
            refused = await alice.say("bob", "see https://bad.example", "2")
            assert refused["data"]["code"] == "LINK_REFUSED"
            assert policy.asked == ["https://a.example/?x=1&y=ü", "https://bad.example"]
            # Who waits too long is not asked again for a while; meanwhile the others' events go on.
            policy.gate.clear()
            for number in ("3", "4", "5"):
                assert (await alice.say("bob", "http://a.example", number))["data"]["code"] == "INTERNAL"
            assert len(policy.asked) == 4
            assert (await alice.say("bob", "no link", "6"))["type"] == "MESSAGE_SENT"

    asyncio.run(run())
    # What the stage counts itself goes on over a reload that starts it anew.
    assert daemon.metric('sluice_stage_links_refused_total{stage="link_policy"}') == 1
    daemon.config.write_text(daemon.config.read_text().replace("faults: 2", "faults: 3"))
    assert daemon.command("reload", "--config", str(daemon.config)).returncode == 0
    assert daemon.metric('sluice_stage_links_refused_total{stage="link_policy"}') == 1
    assert "is left alone for a while" in daemon.log


def test_an_audit_is_written_behind_the_commit_point_and_made_up_for(extended, own_postgres):
    postgres = own_postgres()
    database = postgres.database()
    daemon = extended(after=f'  - stage: audit_log\n    database: "{postgres.url(database)}"\n')

    def rows():
        return postgres.query("SELECT sender, receiver FROM audit_log ORDER BY message_id", database).splitlines()

    def letters():
        listed = daemon.command("dead-letters", "list", "--json", "--config", str(daemon.config))
        return [json.loads(line) for line in listed.stdout.splitlines()]

    async def send(*receivers):
        async with connect(daemon, "alice") as alice:
            for receiver in receivers:
                assert (await alice.say(receiver, "hi", receiver))["type"] == "MESSAGE_SENT"

    asyncio.run(send("bob", "o'brien \"{,}"))
    until(lambda: postgres.psql("SELECT FROM audit_log", database).returncode == 0 and len(rows()) == 2)
    assert rows() == ["alice|bob", "alice|o'brien \"{,}"]
    postgres.stop()
    asyncio.run(send("carol"))
    until(lambda: len(letters()) == 1)
    letter = letters()[0]
    assert letter["stage"] == "audit_log" and letter["type"] == "NEW_MESSAGE"
    postgres.start()
    until(lambda: daemon.command("dead-letters", "replay", str(letter["id"]), "--config", str(daemon.config)).returncode == 0)
    until(lambda: "alice|carol" in rows())
    assert len(rows()) == 3


def test_a_stage_that_is_no_good_harms_its_own_events_and_is_told_of(extended):
    daemon = extended("  - stage: clumsy\n    timeout: 300ms\n")

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "carol") as carol:
            for content in ("well", "twice", "block"):
                assert (await alice.say("bob", content, content))["type"] == "MESSAGE_SENT"
            assert (await alice.say("bob", "other", "other"))["data"]["code"] == "INTERNAL"
            hanging = asyncio.create_task(alice.say("bob", "hang", "hang"))
            assert (await carol.say("bob", "well", "meanwhile"))["type"] == "MESSAGE_SENT"
            refused = (await hanging)["data"]
            assert (refused["code"], refused["stage"]) == ("TIMEOUT", "clumsy")
            assert (await alice.say("bob", "well", "after"))["type"] == "MESSAGE_SENT"

    asyncio.run(run())
    assert "a stage gave events back twice, or after its time was up; they were ignored" in daemon.log
    assert "a stage kept the event loop, and all that wait there, for too long" in daemon.log
    assert "the stage gave back other events than it was given" in daemon.log
    assert daemon.stage("clumsy")["faults"] == 2
