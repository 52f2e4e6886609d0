"""What compose.yaml has containers run, run without them: what it says of each, its secrets, its check of health."""

import http.server
import os
import re
import subprocess
import threading

import pytest
import yaml
from harness.daemon import BINARY, ROOT
from harness.ports import free_port

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
NODES = ["node-0", "node-1"]


def here(words, there, name):
    """The words of a command as a container gets them, with this place's name for something there."""
    return [word.replace("$$", "$").replace(there, str(name)) for word in words]


def make_secrets(folder):
    for part in ("node", "postgres", "redis"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    service = SERVICES["secrets"]
    subprocess.run(here(service["entrypoint"] + service["command"], "/secrets", folder), check=True, timeout=10)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def is_healthy(port):
    kind, *command = SERVICES["node-0"]["healthcheck"]["test"]
    assert kind == "CMD"
    return subprocess.run(here(command, "9090", port), capture_output=True, timeout=10).returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_has_to(name):
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name == "secrets" else "unless-stopped")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    if service["image"] == "sluice":
        assert re.search(r"^USER [1-9]", (ROOT / "Dockerfile").read_text(), re.M)
    else:
        assert service["user"] != "root"


def test_a_node_has_longer_to_end_than_it_drains():
    drain = yaml.safe_load((ROOT / "pipeline.yaml").read_text())["server"].get("drain", "10s")
    for name in NODES:
        assert int(SERVICES[name]["stop_grace_period"].rstrip("s")) > int(drain.rstrip("s"))


def test_secrets_are_made_at_random_and_once(tmp_path):
    first = make_secrets(tmp_path / "first")
    assert make_secrets(tmp_path / "first") == first
    other = make_secrets(tmp_path / "other")
    assert other.keys() == first.keys()
    assert [name for name in first if first[name] == other[name]] == ["node/complete"]
    # Files of other owners are read through their group, those of the nodes by nobody else.
    modes = {name: (tmp_path / "first" / name).stat().st_mode & 0o777 for name in first}
    assert {mode for name, mode in modes.items() if not name.startswith("node/")} == {0o640}
    assert {modes[f"node/{name}"] for name in ("jwt.secret", "pgpass", "state")} == {0o600}


@pytest.mark.parametrize("name", NODES)
def test_a_node_takes_its_configuration_from_the_secrets(name, tmp_path):
    folder = tmp_path / "secrets"
    make_secrets(folder)
    service = SERVICES[name]
    assert service["command"] == ["serve"]
    (tmp_path / "sluice").symlink_to(BINARY)
    environment = dict(zip(service["environment"], here(service["environment"].values(), "/secrets", folder)))
    environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    command = [*here(service["entrypoint"], "/secrets", folder), "check", "--offline", str(ROOT / "pipeline.yaml")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert "'memory:'" not in result.stderr  # it would warn of a store that is shared and a state that is not


def test_a_node_is_healthy_while_it_is_ready(daemon):
    assert is_healthy(daemon.admin)
    assert not is_healthy(free_port())
    with http.server.HTTPServer(("127.0.0.1", 0), NotReady) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert not is_healthy(server.server_port)
        server.shutdown()


class NotReady(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.path == "/readyz" else 200)
        self.end_headers()

    def log_message(self, *arguments):
        pass
