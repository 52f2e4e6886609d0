"""`docs/monitoring` against the daemon: what the dashboard and the alerts ask for is what `/metrics` has."""

import asyncio
import json
import re
import signal
import subprocess

import pytest
import yaml
from harness.client import RawSocket, connect
from harness.daemon import ROOT
from harness.wait import until
from prometheus_client.parser import text_string_to_metric_families

FOLDER = ROOT / "docs/monitoring"
PROMTOOL = ROOT / ".build/promtool/promtool"

# What is there only with PostgreSQL, with Redis, and with both.
POSTGRES_ONLY = {"sluice_store_connected", "sluice_store_reads_total", "sluice_store_read_trips_total"}
REDIS_ONLY = {
    "sluice_state_connected", "sluice_state_commands_total", "sluice_state_trips_total",
    "sluice_state_failures_total", "sluice_state_reconnects_total",
}
SHARED_ONLY = {"sluice_feed_found_total"}
# What is there only with a stage that pushes: test_fcm_delivery.py looks after it.
PUSH_ONLY = {
    f"sluice_push_{name}"
    for name in (
        "attempts_total", "retries_total", "dead_letters_total", "devices_dropped_total", "devices_quarantined_total",
        "under_way", "paused", "waiting", "oldest_seconds", "seconds_bucket",
    )
}
# What Prometheus itself says of whom it scrapes.
FOREIGN = {"up", "ALERTS"}

WORDS = {"by", "and", "or", "unless", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"}


def dashboard():
    return json.loads((FOLDER / "sluice.json").read_text())


def rules():
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return group["rules"]


def dashboard_expressions():
    """What its panels and its marks ask for, with Grafana's variables filled in."""
    board = dashboard()
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    found += [mark["expr"] for mark in board["annotations"]["list"]]
    return [re.sub(r"\$(job|instance)\b", "sluice", e).replace("$__rate_interval", "5m") for e in found]


def names(expression):
    """The metrics that an expression names."""
    bare = re.sub(r'"(\\.|[^"\\])*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)", "", bare)
    return {word for word in re.findall(r"[A-Za-z_:][\w:]*(?!\w|\s*\()", bare)} - WORDS


def asked():
    board = dashboard()
    variables = [v["definition"] for v in board["templating"]["list"] if v["type"] == "query"]
    found = {re.search(r"label_values\((\w+)", text).group(1) for text in variables}
    for expression in dashboard_expressions() + [rule["expr"] for rule in rules()]:
        found |= names(expression)
    return found - FOREIGN


def scrape(daemon):
    """All samples, by a parser that refuses what Prometheus would."""
    response = daemon.get("/metrics", port=daemon.admin)
    assert response.status == 200 and response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [sample for family in text_string_to_metric_families(response.text) for sample in family.samples]
    seen = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples]
    assert len(seen) == len(set(seen)), "a series occurs twice"
    return samples


def exported(daemon):
    """What metrics there are, after all has been done that brings some of them forth."""
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.metric('sluice_reloads_total{result="ok"}') == 1, "the file is in force again")
    return {sample.name for sample in scrape(daemon)}


def promtool(*arguments, **more):
    assert PROMTOOL.exists(), "there is no promtool: scripts/promtool.sh fetches it"
    done = subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.embedded("is about which figures there are without servers")
def test_what_the_dashboard_and_the_alerts_ask_for_is_there(daemon):
    missing = asked() - exported(daemon)
    assert missing == POSTGRES_ONLY | REDIS_ONLY | SHARED_ONLY | PUSH_ONLY


@pytest.mark.one_node("reads the figures of one")
def test_with_servers_the_rest_is_there_too(start, postgres, redis):
    assert asked() - PUSH_ONLY <= exported(start(store=postgres.url, state=redis.url))


@pytest.mark.embedded("is about which figures there are without servers")
def test_all_that_is_there_is_on_the_dashboard(daemon):
    shown = set().union(*map(names, dashboard_expressions()))
    whole = {re.sub(r"^(sluice_stage_seconds)_(bucket|sum|count)$", r"\1_bucket", name) for name in exported(daemon)}
    assert whole <= shown


@pytest.mark.one_node("reads the figures of one")
def test_the_figures_are_as_prometheus_wants_them(daemon):
    promtool("check", "metrics", input=daemon.get("/metrics", port=daemon.admin).text)


@pytest.mark.one_node("reads the figures of one")
def test_no_label_holds_what_a_client_says(daemon):
    """Every value of every label is known beforehand, whatever clients send."""
    marked = "zzz-mark"

    async def say():
        async with connect(daemon, marked) as client:
            for number in range(3):
                await client.socket.send(json.dumps({"type": f"{marked}{number}", "data": {"tempId": marked}}))
            await client.say(marked, marked, marked)
            await client.ask("PING")

    asyncio.run(say())
    raw = RawSocket(daemon)
    raw.send(raw.frame((3999).to_bytes(2, "big") + marked.encode(), first=0x88))
    assert raw.close_code() == 1000
    daemon.get(f"/{marked}?{marked}={marked}", headers={"User-Agent": marked, "X-Forwarded-For": marked})

    allowed = {
        "stage": {"auth", "rate_limit", "dedup", "persist", "fan_out", "presence", "greet", "read", "pong"},
        "verdict": {"continue", "stop", "reject", "fault"},
        "result": {"ok", "failed"},
        "code": {"1000", "1002", "1007", "1009", "1012", "4401", "4403", "4408", "4409", "4429"},
    }
    for sample in scrape(daemon):
        for label, value in sample.labels.items():
            if label == "le":
                assert float(value) > 0
            elif label == "version":
                assert sample.name == "sluice_build_info" and daemon.command("--version").stdout.strip() == value
            else:
                assert value in allowed[label], sample


@pytest.mark.embedded("brings its own servers")
def test_it_is_told_that_servers_are_gone(start, own_postgres, own_redis):
    postgres, redis = own_postgres(), own_redis()
    daemon = start(store=postgres.url(postgres.database()), state=redis.url)
    for server, name in ((postgres, "sluice_store_connected"), (redis, "sluice_state_connected")):
        assert daemon.metric(name) == 1
        server.kill()
        until(lambda: daemon.metric(name) == 0, f"{name} 0")
        server.start()
        until(lambda: daemon.metric(name) == 1, f"{name} 1")


@pytest.mark.one_node("reads the figures of one")
def test_the_build_the_start_and_the_limits_are_told(start):
    daemon = start(limits="max_connections: 7")
    with open("/proc/stat") as stat:
        boot = int(re.search(r"^btime (\d+)$", stat.read(), re.M).group(1))
    with open(f"/proc/{daemon.process.pid}/stat") as stat:
        ticks = int(stat.read().rpartition(")")[2].split()[19])
    assert abs(daemon.metric("process_start_time_seconds") - (boot + ticks / 100)) < 15
    limits = open(f"/proc/{daemon.process.pid}/limits").read()
    assert daemon.metric("process_max_fds") == int(re.search(r"^Max open files +(\d+)", limits, re.M).group(1))
    assert daemon.metric("sluice_connections_max") == 7
    raw = RawSocket(daemon)
    assert daemon.metric("sluice_connections") == 1
    raw.socket.close()
    until(lambda: daemon.metric("sluice_connections") == 0, "the client has gone")


@pytest.mark.embedded("locks the file of the store")
def test_what_waits_for_the_store_is_told(start):
    daemon = start(persist="timeout: 300ms")

    def waiting():
        return daemon.metric("sluice_store_waiting_changes")

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "carol") as carol:
            with daemon.rows.locked():
                # Whatever is being written first; what comes meanwhile waits for it.
                assert (await alice.say("bob", "hi", "t1"))["data"]["code"] == "TIMEOUT"
                assert (await carol.say("bob", "hi", "t2"))["data"]["code"] == "TIMEOUT"
                assert waiting() >= 1
            await asyncio.to_thread(until, lambda: waiting() == 0, "the store has taken it")

    asyncio.run(run())


def test_each_alert_says_how_bad_it_is_and_what_to_do():
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket", "notice"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description", "action"}, rule["alert"]


def test_the_rules_are_rules_and_fire_when_they_should():
    promtool("check", "rules", FOLDER / "alerts.yaml")
    promtool("test", "rules", ROOT / "Tests/Integration/alerts.test.yaml")


def test_what_the_dashboard_asks_can_be_asked(tmp_path):
    queries = [{"record": f"panel:{number}", "expr": e} for number, e in enumerate(dashboard_expressions())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": queries}]}))
    assert f"{len(queries)} rules found" in promtool("check", "rules", file)


def test_the_dashboard_can_be_imported():
    board = dashboard()
    assert board["uid"] == "sluice" and "id" not in board and board["schemaVersion"] >= 39
    source, *_ = board["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"], panel["title"]
            # No data source of the one who made it.
            assert {t["datasource"]["uid"] for t in panel["targets"]} == {"${datasource}"} == {panel["datasource"]["uid"]}
