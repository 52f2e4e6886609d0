"""Pushes by FCM: to whom, what is in them, and by which connections; against a stand-in that is as strict as FCM."""

import asyncio
import json
import threading

import pytest
from harness.client import connect
from harness.fcm import Answer, Fcm, fault
from harness.push import counted, devices, figure, idle, lines, read, register, say, settings
from harness.wait import until
from test_monitoring import PUSH_ONLY, promtool


@pytest.fixture
def fcm(tmp_path):
    with Fcm(tmp_path / "fcm") as standin:
        yield standin


@pytest.mark.parametrize("tls, version", [(False, "1.1"), (True, "2"), ("http/1.1", "1.1")])
def test_each_phone_of_who_is_offline_shows_the_message_once(start, tmp_path, tls, version):
    with Fcm(tmp_path / "fcm", tls=tls) as fcm:
        daemon = start(**settings(fcm))
        register(daemon, "b", "phone", platform="android")
        register(daemon, "b", "tablet")
        id = say(daemon, "a", "b", "Hello!", name="User A")
        fcm.wait(lambda: len(fcm.sent()) == 2)
        idle(daemon)
        assert sorted(push.token for push in fcm.asked()) == ["phone", "tablet"]
        for push in fcm.sent():
            assert push.message["notification"] == {"title": "New Message from User A", "body": "Hello!"}
            assert push.message["data"] == {"messageId": id, "senderId": "a", "conversation": "a"}
            assert push.version == version
        assert fcm.faults == [] and len(fcm.grants) <= 2
        counted(daemon, "sent", 2)


def test_a_name_that_is_not_known_is_the_id_and_long_content_is_cut_at_a_character(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    say(daemon, "a", "b", "👩‍👩‍👧" * 800)
    note = fcm.wait(lambda: fcm.sent())[0].message["notification"]
    assert note["title"] == "New Message from a"
    assert note["body"].endswith("👧…") and set(note["body"][:-1]) == set("👩‍👩‍👧")
    assert fcm.faults == []


def test_hidden_content_is_in_no_push_and_no_log(start, fcm):
    daemon = start(**settings(fcm, content="hidden"))
    register(daemon, "b", "the-token-of-the-phone")
    say(daemon, "a", "b", "a very secret thing")
    push = fcm.wait(lambda: fcm.sent())[0]
    assert "secret" not in json.dumps(push.message)
    until(lambda: lines(daemon), "a line of log")
    assert "secret thing" not in daemon.log and "the-token-of-the-phone" not in daemon.log


def test_templates_of_the_file_make_the_message(start, fcm):
    entry = {
        "title": '"{sender} writes"', "data": '{ kind: "chat", "who": "{senderId}" }', "click_action": "OPEN_CHAT",
        "link": '"https://app.example/{conversation}"', "android": "{ notification: { channel_id: chat } }",
        "apns": "{ payload: { aps: { badge: 1 } } }",
    }
    daemon = start(**settings(fcm, **entry))
    register(daemon, "b", "phone")
    say(daemon, "a b", "b", name="Ann")
    message = fcm.wait(lambda: fcm.sent())[0].message
    assert message["notification"]["title"] == "Ann writes"
    assert message["data"]["kind"] == "chat" and message["data"]["who"] == "a b"
    assert message["android"]["notification"]["channel_id"] == "chat"
    assert message["android"]["notification"]["click_action"] == "OPEN_CHAT"
    assert message["apns"]["payload"]["aps"]["badge"] == 1
    assert message["webpush"]["fcm_options"]["link"] == "https://app.example/a%20b"
    assert fcm.faults == []


def test_who_is_connected_and_answers_gets_none(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone of b")
    register(daemon, "c", "phone of c")

    async def run():
        async with connect(daemon.of("b"), "b"):
            await asyncio.to_thread(say, daemon, "a", "b")
            # What is decided after it has been sent, so has that.
            for _ in range(3):
                count = len(fcm.sent("phone of c"))
                await asyncio.to_thread(say, daemon, "a", "c")
                await asyncio.to_thread(fcm.wait, lambda: len(fcm.sent("phone of c")) > count)
                await asyncio.sleep(1)

    asyncio.run(run())
    assert fcm.asked("phone of b") == []


def test_a_message_read_meanwhile_is_not_pushed_again(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = lambda push: fault(503, "UNAVAILABLE", Retry_After=2)
    first = say(daemon, "a", "b", "one")
    fcm.wait(lambda: fcm.asked())
    read(daemon, "b", first)
    fcm.answer = lambda push: None
    second = say(daemon, "a", "b", "two")
    fcm.wait(lambda: fcm.sent())
    idle(daemon)
    assert [push.id for push in fcm.sent()] == [second]


def test_a_phone_that_another_logs_in_on_shows_no_message_of_the_one_before(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "shared phone")
    fcm.answer = lambda push: fault(503, "UNAVAILABLE", Retry_After=1)
    say(daemon, "a", "b", "for b alone")
    fcm.wait(lambda: fcm.asked())
    register(daemon, "c", "shared phone")
    fcm.answer = lambda push: None
    say(daemon, "a", "c", "for c")
    fcm.wait(lambda: fcm.sent())
    idle(daemon)
    assert [push.message["notification"]["body"] for push in fcm.sent()] == ["for c"]


@pytest.mark.one_node("counts connections of one")
def test_many_at_once_share_few_connections_of_a_hundred_streams(start, tmp_path):
    with Fcm(tmp_path / "fcm", tls=True) as fcm:
        daemon = start(**settings(fcm, lease="30s", device_rate="6000/m"))
        for number in range(250):
            register(daemon, f"user{number}", f"phone{number}")
        fcm.answer = lambda push: Answer(200, {"name": "n"}, delay=1)
        for number in range(250):
            say(daemon, "a", f"user{number}")
        fcm.wait(lambda: len(fcm.sent()) == 250)
        idle(daemon)
        assert len({push.token for push in fcm.asked()}) == len(fcm.asked()) == 250
        assert fcm.streams_max <= 100
        assert len({push.connection for push in fcm.asked()}) <= 4
        assert {push.version for push in fcm.asked()} == {"2"}


@pytest.mark.one_node("has a proxy of its own")
def test_the_way_may_lead_through_a_proxy(start, tmp_path):
    folder = tmp_path / "fcm"
    with Fcm(folder, tls=True, names=["fcm.test"]) as fcm, ConnectProxy({"fcm.test": fcm.port}) as proxy:
        more = settings(fcm)
        address = f"https://fcm.test:{fcm.port}"
        fcm.credentials(token_uri=f"{address}/token")
        fcm.audience = f"{address}/token"
        more["endpoint"] = address
        more["enter"] += [f"HTTPS_PROXY=http://ann:secret@127.0.0.1:{proxy.port}"]
        daemon = start(**more)
        register(daemon, "b", "phone")
        say(daemon, "a", "b")
        fcm.wait(lambda: fcm.sent())
        assert set(proxy.asked) == {f"fcm.test:{fcm.port}"}
        assert proxy.credentials == {"Basic YW5uOnNlY3JldA=="}
        assert fcm.sent()[0].version == "2"


class ConnectProxy:
    """An HTTP proxy that knows where names lead."""

    def __init__(self, ports):
        self.ports, self.asked, self.credentials = ports, [], set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        start = asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.server = asyncio.run_coroutine_threadsafe(start, self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.splitlines()[0].split(" ")
        assert method == "CONNECT"
        self.asked.append(target)
        self.credentials |= {line.split(": ", 1)[1] for line in head.splitlines() if line.lower().startswith("proxy-auth")}
        other = await asyncio.open_connection("127.0.0.1", self.ports[target.split(":")[0]])
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(self.copy(reader, other[1]), self.copy(other[0], writer))

    async def copy(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.mark.one_node("asks one daemon's control socket")
def test_a_push_can_be_tried_from_the_command_line(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone", platform="android")
    register(daemon, "b", "old phone")
    fcm.answer = lambda push: fault(404, "UNREGISTERED") if push.token == "old phone" else None
    done = daemon.command("push", "test", "--user", "b")
    assert done.returncode == 1 and done.stderr == ""
    told = sorted(line.split("  ")[2:3] + line.split("  ")[4:] for line in done.stdout.splitlines())
    assert told == [["sent"], ["unregistered", "404 UNREGISTERED"]]
    assert "phone" not in done.stdout
    assert len(fcm.asked()) == 2
    # A trial is one: it drops nobody's token.
    assert set(devices(daemon)) == {"phone", "old phone"}
    fcm.answer = lambda push: None
    assert daemon.command("push", "test", "--user", "b", "--service", "fcm").returncode == 0
    nobody = daemon.command("push", "test", "--user", "nobody")
    assert nobody.returncode == 1 and "no device" in nobody.stderr
    other = daemon.command("push", "test", "--user", "b", "--service", "other")
    assert other.returncode == 1 and "no push service 'other'" in other.stderr


def test_a_token_that_fcm_does_not_know_can_be_refused_at_register(start, fcm):
    daemon = start(**settings(fcm, check_tokens="true"))
    fcm.answer = lambda push: fault(400, "INVALID_ARGUMENT") if push.token == "no token" else None
    register(daemon, "b", "no token", status=400)
    register(daemon, "b", "a token")
    assert [push.is_dry for push in fcm.asked()] == [True, True]
    # What can't be found out is believed.
    fcm.answer = lambda push: fault(503)
    register(daemon, "b", "another token")
    assert set(devices(daemon)) == {"a token", "another token"}


@pytest.mark.one_node("reads the figures of one")
def test_its_figures_are_as_prometheus_wants_them_and_all_that_the_dashboard_asks_for(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    say(daemon, "a", "b")
    counted(daemon, "sent", 1)
    until(lambda: figure(daemon, "waiting") == 0 and "sluice_push_waiting" in metrics(daemon), "the outbox is counted")
    promtool("check", "metrics", input=metrics(daemon))
    assert PUSH_ONLY <= {line.split("{")[0] for line in metrics(daemon).splitlines()}


def metrics(daemon):
    return daemon.get("/metrics", port=daemon.admin).text


@pytest.mark.one_node("reloads one")
def test_a_reload_changes_templates_and_what_waits_is_sent_by_the_new_ones(start, fcm):
    daemon = start(**settings(fcm))
    register(daemon, "b", "phone")
    fcm.answer = lambda push: fault(503, "UNAVAILABLE", Retry_After=2)
    say(daemon, "a", "b")
    fcm.wait(lambda: fcm.asked())
    fcm.answer = lambda push: None
    daemon.reload(("    first_backoff: 1s\n", '    first_backoff: 1s\n    title: "Changed"\n'))
    assert fcm.wait(lambda: fcm.sent())[0].message["notification"]["title"] == "Changed"
    idle(daemon)
    assert len(fcm.sent()) == 1


@pytest.mark.one_node("reads the report of one")
def test_check_refuses_reserved_keys_and_bad_templates_at_their_lines(start, fcm):
    daemon = start(**settings(fcm))
    daemon.rewrite(
        ("    after: 1s\n", '    after: 1s\n    title: "{nobody}"\n    data: { from: x }\n    android: { ttl: 1s }\n')
    )
    done = daemon.command("check", "--offline", str(daemon.config))
    assert done.returncode == 1
    for line, text in [(19, "'{nobody}' is not known"), (20, "'from' of 'data' is reserved"), (21, "'ttl' of 'android'")]:
        assert any(f":{line}:" in found and text in found for found in done.stderr.splitlines()), (line, done.stderr)
