"""The service under a systemd of its own, booted for each test: see harness/machine.py. Where no machine can be booted, the other
test_systemd_*.py show its parts one by one, and these say why they did not run."""

import asyncio
import contextlib
import os
import re
import resource
import signal
from pathlib import Path

import pytest
from harness import certificates, machine
from harness.client import connect
from harness.service import FILE, Service
from harness.threads import event_loops, stopped
from harness.traffic import Traffic
from harness.wait import until

pytestmark = pytest.mark.skipif(bool(machine.obstacle()), reason=f"no machine can be booted: {machine.obstacle()}")
# What a stage of the file's rate limit would refuse.
GENEROUS = ("burst: 100", "burst: 100000")


@pytest.fixture
def service():
    with Service() as service:
        service.rewrite(*GENEROUS)
        service.rewrite("rate: 50/s", "rate: 100000/s")
        yield service


def with_servers(service, postgres, redis, folder):
    """Has the service use PostgreSQL and Redis, and speak TLS; gives what its clients go by."""
    for port in (postgres.server.port, redis.port):
        service.lead_out(port)
    text = f"SLUICE_STORE={postgres.url}\nSLUICE_STATE={redis.url}\n"
    service.write("/etc/sluice/environment", text, 0o600)
    certificates.write(folder)
    for name in ("sluice.pem", "sluice.key"):
        service.write(f"/etc/sluice/tls/{name}", (folder / name).read_bytes(), 0o640)
        service.run("chown", "root:sluice", f"/etc/sluice/tls/{name}")
    files = "{ certificate: /etc/sluice/tls/sluice.pem, key: /etc/sluice/tls/sluice.key }"
    service.rewrite("server:\n", f"server:\n  tls: {files}\n")
    service.url = service.url.replace("ws:", "wss:")
    return certificates.trusting(folder)


def says(service, user="alice", text="hello", ssl=None):
    """Sends a message as a client, and gives its id."""

    async def run():
        made = await asyncio.to_thread(service.connect, service.port)
        async with connect(service, user, sock=made, **secured(ssl)) as client:
            answer = await client.say("bob", text, os.urandom(8).hex())
            assert answer["type"] == "MESSAGE_SENT", answer
            return answer["data"]["messageId"]

    return asyncio.run(run())


def secured(ssl):
    return {"ssl": ssl, "server_hostname": "127.0.0.1"} if ssl else {}


def stored(service, user="bob", ssl=None):
    async def run():
        made = await asyncio.to_thread(service.connect, service.port)
        async with connect(service, user, sock=made, **secured(ssl)) as client:
            return [message["messageId"] for message in (await client.sync())[0]]

    return asyncio.run(run())


def fields(path):
    return dict(re.findall(r"^(\w+):\s*(.*)$", Path(path).read_text(), re.M))


def test_enabled_it_runs_within_its_limits(service):
    service.systemctl("enable", "--now", "sluice")
    assert service.show("sluice", "ActiveState") == "active"
    assert service.show("sluice.socket", "ActiveState") == "active"
    assert service.run("systemctl", "is-enabled", "sluice.service", "sluice.socket").stdout == "enabled\nenabled\n"
    assert service.status.startswith("revision 1 is in force, clients come to 127.0.0.1:8080; 0 connections")
    assert says(service) in stored(service)

    pid = service.pid
    status = fields(f"/proc/{pid}/status")
    user = service.run("id", "--user", "sluice").stdout.strip()
    assert set(status["Uid"].split()) == {user}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0
    # As many as the unit says, where this machine has so many to give.
    most = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    found = re.search(r"Max open files\s+(\d+)\s+(\d+)", Path(f"/proc/{pid}/limits").read_text())
    assert found.groups() == (str(most), str(most))
    root = Path(f"/proc/{pid}/root")
    assert service.path("/var/lib/sluice").stat().st_mode & 0o777 == 0o700
    assert service.path("/var/lib/sluice/sluice.db").stat().st_mode & 0o777 == 0o600
    # What it sees of the machine: a system that can't be written, no other process, a secret of its own.
    mounts = dict(re.findall(r" / (\S+) (\S+?),", Path(f"/proc/{pid}/mountinfo").read_text()))
    assert mounts["/"] == "ro"
    environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
    credentials = next(each.partition("=")[2] for each in environment if each.startswith("CREDENTIALS_DIRECTORY="))
    secret = root / credentials.lstrip("/") / "jwt.secret"
    assert secret.read_bytes() == service.path("/etc/sluice/jwt.secret").read_bytes()
    # Another user may not read it, wherever it looks.
    for path in (f"{credentials}/jwt.secret", "/etc/sluice/jwt.secret", "/var/lib/sluice/sluice.db"):
        assert service.run("setpriv", "--reuid=nobody", "--clear-groups", "cat", path, check=False).returncode != 0


@pytest.mark.parametrize("backends", ["embedded", "servers"])
def test_no_call_that_it_makes_is_refused(service, backends, request, tmp_path):
    """Whatever the filter refuses ends the daemon here, in place of an error that it may live with. It does live with threads that
    have no priorities, as all other tests show."""
    service.add("strict", "[Service]\nSystemCallErrorNumber=kill\nSystemCallFilter=setpriority\n")
    secure = None
    if backends == "servers":
        secure = with_servers(service, request.getfixturevalue("postgres"), request.getfixturevalue("redis"), tmp_path)
    service.systemctl("start")
    pid = service.pid
    for number in range(3):
        assert says(service, text=f"hello {number}", ssl=secure) in stored(service, ssl=secure)
    service.systemctl("reload")
    service.rewrite("window: 10m", "window: 11m")
    service.systemctl("reload")
    for command in ("plan", "dead-letters list", "check"):
        arguments = [FILE] if command == "check" else ["--config", FILE]
        service.run("sluice", *command.split(), *arguments)
    assert "sluice_connections_accepted_total" in service.get("/metrics")
    assert service.pid == pid
    service.systemctl("stop")
    assert service.show("sluice", "Result") == "success" and service.show("sluice", "ExecMainStatus") == "0"
    # The filter is there: what it refuses does end a process.
    service.add("refused", "[Service]\nExecStartPre=/bin/chown sluice /var/lib/sluice\n")
    assert service.systemctl("start", check=False).returncode != 0
    assert "status=31/SYS" in service.journal("-u", "sluice")


def test_a_reload_fails_where_the_file_is_wrong_and_the_service_stays(service):
    service.systemctl("start")
    pid = service.pid
    assert service.systemctl("reload").returncode == 0
    assert service.pipeline()["revision"] == 2
    assert service.status.startswith("revision 2 is in force")
    service.rewrite("burst:", "brust:")
    for _ in range(5):
        failed = service.systemctl("reload", check=False)
        assert failed.returncode != 0 and "Job for sluice.service failed" in failed.stderr
        until(lambda: service.show("sluice", "ActiveState") == "active")
        assert service.status.startswith("reload failed, revision 2 stays: the file has a fault")
    assert f"{FILE}:" in service.journal("-u", "sluice") and "did you mean 'burst'?" in service.journal("-u", "sluice")
    service.rewrite("brust:", "burst:")
    service.systemctl("reload")
    assert service.pipeline()["revision"] == 3
    assert service.pid == pid and says(service)


def test_a_restart_under_load_refuses_nobody_and_loses_nothing(service):
    service.systemctl("start")
    pids = []

    def restart():
        pids.append(service.pid)
        service.systemctl("restart")

    traffic = Traffic(lambda: service.connect(service.port))
    asyncio.run(traffic.over(restart, times=3))
    traffic.check()
    assert len({*pids, service.pid}) == 4
    assert service.show("sluice", "NRestarts") == "0"


def test_killed_it_comes_back_by_itself_with_all_that_was_acknowledged(service):
    service.systemctl("start")

    def kill():
        before = service.show("sluice", "MainPID")
        os.kill(service.pid, signal.SIGKILL)
        until(lambda: service.show("sluice", "MainPID") not in ("0", before), "another process", seconds=30)

    traffic = Traffic(lambda: service.connect(service.port))
    asyncio.run(traffic.over(kill, times=2))
    traffic.check()
    assert service.show("sluice", "NRestarts") == "2"


def test_a_stuck_loop_is_caught_by_the_watchdog(service):
    service.add("soon", "[Service]\nWatchdogSec=2\nRestartSec=100ms\n")
    service.systemctl("start")
    sent = says(service)
    for number, loop in enumerate(range(os.cpu_count()), 1):
        with stopped(event_loops(service.pid)[loop]) as has_ended:
            until(has_ended, "the end of a daemon with a stuck loop", seconds=30)
        until(lambda: service.show("sluice", "NRestarts") == str(number), seconds=30)
        until(lambda: service.show("sluice", "ActiveState") == "active", seconds=30)
        assert "Watchdog timeout (limit 2s)!" in service.journal("-u", "sluice")
        assert sent in stored(service)


def test_it_is_ready_soon_and_needs_little(service, figures):
    service.systemctl("start", "sluice.socket")
    times, sizes = [], []
    for _ in range(5):
        service.systemctl("restart")
        ends = [int(service.show("sluice", f"{name}TimestampMonotonic")) for name in ("InactiveExit", "ExecMainStart", "ActiveEnter")]
        times.append(((ends[2] - ends[1]) / 1e3, (ends[1] - ends[0]) / 1e3))
        sizes.append(int(fields(f"/proc/{service.pid}/status")["VmRSS"].split()[0]) / 1024)
    ready, checked = (sorted(each)[2] for each in zip(*times))
    figures(
        "the service, the medians of 5 starts",
        f"READY {ready:.0f} ms after its process began, which the check took {checked:.0f} ms before",
        f"memory at rest {sorted(sizes)[2]:.0f} MiB",
    )
    assert ready < 5000 and max(sizes) < 256


def test_a_faulty_file_ends_it_for_good_with_its_report(service):
    service.rewrite("burst:", "brust:")
    assert service.systemctl("start", check=False).returncode != 0
    until(lambda: service.show("sluice", "ActiveState") == "failed")
    assert service.show("sluice", "ExecMainStatus") == "78"
    assert service.show("sluice", "NRestarts") == "0"
    assert re.search(rf"{FILE}:\d+:\d+: error: unknown key 'brust'", service.journal("-u", "sluice"))
    service.rewrite("brust:", "burst:")
    service.systemctl("start")
    assert says(service)


def test_a_faulty_file_does_not_have_the_socket_start_it_for_ever(service):
    service.rewrite("burst:", "brust:")
    service.systemctl("start", "sluice.socket")

    def has_given_up():
        with contextlib.suppress(ConnectionError):
            service.connect(service.port).close()
        return service.show("sluice.socket", "ActiveState") == "failed"

    until(has_given_up, seconds=60)
    assert service.show("sluice", "ActiveState") == "failed"
    service.rewrite("brust:", "burst:")
    service.systemctl("reset-failed")
    service.systemctl("start")
    assert says(service)


def test_the_socket_starts_it_and_outlives_it(service):
    service.systemctl("start", "sluice.socket")
    assert service.show("sluice", "ActiveState") == "inactive"
    sent = says(service)
    assert service.show("sluice", "ActiveState") == "active"
    service.systemctl("stop")
    assert sent in stored(service)
    service.systemctl("stop", "sluice.socket")
    assert service.show("sluice", "ActiveState") == "inactive"
    with pytest.raises(ConnectionRefusedError):
        service.connect(service.port)


def test_sockets_may_be_elsewhere_and_the_operators_as_well(service):
    service.systemctl("start")
    elsewhere = "[Socket]\nListenStream=\nListenStream=127.0.0.1:443\nListenStream=/run/sluice-clients.sock\n"
    service.add("elsewhere", elsewhere, unit="sluice.socket")
    service.systemctl("restart", "sluice.socket")
    service.port = 443
    assert says(service)
    until(lambda: "clients come to 127.0.0.1:443, unix:/run/sluice-clients.sock" in service.status)
    operators = "[Socket]\nListenStream=127.0.0.1:9999\nFileDescriptorName=admin\nService=sluice.service\n"
    service.write("/etc/systemd/system/sluice-admin.socket", operators)
    service.write("/etc/sluice/environment", "SLUICE_ADMIN=systemd\n", 0o600)
    service.run("systemctl", "daemon-reload")
    service.systemctl("stop", "sluice.service")
    service.systemctl("start", "sluice-admin.socket", "sluice.service")
    assert service.get("/readyz", port=9999) == "ready\n"
    assert says(service)


def test_a_store_that_is_away_is_waited_for(service):
    service.write("/etc/sluice/environment", "SLUICE_STORE=postgres://sluice@127.0.0.1:1/sluice\n", 0o600)
    assert service.systemctl("start", check=False).returncode != 0
    until(lambda: int(service.show("sluice", "NRestarts")) >= 3, "three attempts", seconds=60)
    service.path("/etc/sluice/environment").unlink()
    until(lambda: service.show("sluice", "ActiveState") == "active", "a service that has found its store", seconds=60)
    assert says(service)


def test_without_its_secret_it_says_what_is_missing(service):
    service.path("/etc/sluice/jwt.secret").unlink()
    assert service.systemctl("start", check=False).returncode != 0
    assert "jwt.secret' holds no secret" in service.journal("-u", "sluice")
    assert service.show("sluice", "ExecMainStatus") == "78"


def test_passwords_come_by_the_environment_and_a_secret_may_be_a_file_for_live_rotation(service):
    service.write("/etc/sluice/environment", "SLUICE_STATE=redis://:opensesame@127.0.0.1:1/0\n", 0o600)
    service.systemctl("start", check=False)
    until(lambda: "127.0.0.1:1" in service.journal("-u", "sluice"))
    assert "opensesame" not in service.journal("-u", "sluice") + service.run("systemctl", "show", "sluice").stdout
    service.systemctl("stop", "sluice.service", "sluice.socket")

    service.write("/etc/sluice/environment", "SLUICE_JWT_SECRET_FILE=/etc/sluice/jwt.secret\n", 0o600)
    service.run("chown", "root:sluice", "/etc/sluice/jwt.secret")
    service.run("chmod", "640", "/etc/sluice/jwt.secret")
    service.systemctl("start")
    assert says(service)
    service.write("/etc/sluice/jwt.secret", b"another secret of 32 bytes or so, more\n", 0o640)
    service.run("chown", "root:sluice", "/etc/sluice/jwt.secret")
    service.systemctl("reload")
    with pytest.raises(Exception, match="401"):
        says(service)


def test_several_nodes_have_sockets_stores_and_controls_of_their_own(service):
    service.write("/etc/sluice/environment.b", "SLUICE_ADMIN=127.0.0.1:9091\n", 0o600)
    service.systemctl("enable", "--now", "sluice@a", "sluice@b")
    assert service.run("systemctl", "is-enabled", "sluice@a.socket", "sluice@b.socket").stdout == "enabled\nenabled\n"
    for node in "ab":
        assert f"clients come to unix:/run/sluice-{node}.sock" in service.show(f"sluice@{node}", "StatusText")
        assert service.path(f"/var/lib/sluice-{node}/sluice.db").exists()
        command = ["sluice", "plan", "--config", FILE, "--control", f"/run/sluice-{node}/control.sock"]
        assert "nothing would change" in service.run(*command).stdout
    assert service.get("/readyz", port=9091) == "ready\n"
    service.systemctl("restart", "sluice@a")
    service.systemctl("stop", "sluice@a")
    assert service.show("sluice@b", "ActiveState") == "active"
    assert service.path("/run/sluice-b/control.sock").exists()
