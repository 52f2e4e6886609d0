"""What is in the Debian package, and what is not."""

import json
import re
import subprocess

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from harness.daemon import ROOT
from harness.fcm import write_account
from harness.package import built

PACKAGE = built()
FILES = PACKAGE.files


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "sluice"
    path.write_bytes(PACKAGE.read("/usr/bin/sluice"))
    path.chmod(0o755)
    return path


def test_lintian_finds_nothing():
    result = subprocess.run(
        ["lintian", "--allow-root", "--info", "--tag-display-limit=0", "--fail-on=error,warning", PACKAGE.path],
        capture_output=True, text=True,
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def test_everything_is_where_debian_looks_for_it():
    for name in (
        "/usr/bin/sluice", "/etc/sluice/pipeline.yaml", "/usr/lib/sysusers.d/sluice.conf",
        "/lib/systemd/system/sluice.service", "/lib/systemd/system/sluice.socket", "/lib/systemd/system/sluice@.service",
        "/usr/share/man/man1/sluice.1.gz", "/usr/share/man/man1/sluice-serve.1.gz",
        "/usr/share/bash-completion/completions/sluice", "/usr/share/zsh/vendor-completions/_sluice",
        "/usr/share/fish/vendor_completions.d/sluice.fish", "/usr/share/doc/sluice/copyright",
        "/usr/share/doc/sluice/changelog.gz", "/usr/share/doc/sluice/README.md", "/usr/share/doc/sluice/docs/operate.md",
        "/usr/share/doc/sluice/docs/monitoring/alerts.yaml", "/usr/share/doc/sluice/docs/front/haproxy.cfg",
        "/usr/share/doc/sluice/notices/swift-nio.txt",
        "/usr/share/doc/sluice/examples/WordFilter/Package.swift",
    ):
        assert name in FILES, name
    assert PACKAGE.conffiles == ["/etc/sluice/pipeline.yaml"]


def test_all_belongs_to_root_and_nobody_else_can_change_it():
    for name, member in FILES.items():
        assert (member.uname, member.gname) == ("root", "root"), name
        runs = member.isdir() or name == "/usr/bin/sluice"
        assert member.issym() or member.mode == (0o755 if runs else 0o644), (name, oct(member.mode))


def test_no_secret_comes_with_it():
    assert [name for name in FILES if "secret" in name or name.startswith("/var")] == []


def test_the_binary_asks_for_debians_libraries_alone(binary):
    dynamic = subprocess.run(["readelf", "-dW", binary], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"NEEDED.*\[(.*)\]", dynamic)
    assert [name for name in needed if "swift" in name.lower() or "Foundation" in name] == []
    assert "RUNPATH" not in dynamic and "RPATH" not in dynamic
    depends = PACKAGE.field("Depends")
    for package in ("libc6", "libpq5", "libhiredis", "libsqlite3-0", "libssl3", "libyaml-0-2", "zlib1g"):
        assert package in depends


def test_the_binary_is_hardened_and_stripped(binary):
    header = subprocess.run(["readelf", "-hldW", binary], check=True, capture_output=True, text=True).stdout
    assert re.search(r"Type:\s+DYN \(Position-Independent Executable", header)
    assert "GNU_RELRO" in header and "BIND_NOW" in header
    assert re.search(r"GNU_STACK.* RW ", header)
    sections = subprocess.run(["readelf", "-SW", binary], check=True, capture_output=True, text=True).stdout
    assert ".debug_info" not in sections and ".symtab" not in sections


def test_the_binary_does_not_tell_where_it_was_built(binary):
    found = re.findall(re.escape(str(ROOT)).encode() + rb"[^\0]*", binary.read_bytes())
    assert found == []


def test_its_version_is_the_daemons(binary):
    said = subprocess.run([binary, "version"], check=True, capture_output=True, text=True).stdout.strip()
    assert PACKAGE.field("Version") in said


def test_its_configuration_has_no_fault(binary, tmp_path):
    """As it is read by `sluice check` on a machine where it was just installed."""
    config, secret = tmp_path / "pipeline.yaml", tmp_path / "jwt.secret"
    config.write_bytes(PACKAGE.read("/etc/sluice/pipeline.yaml"))
    secret.write_text("a" * 64)
    secret.chmod(0o600)
    result = subprocess.run(
        [binary, "check", "--offline", config], capture_output=True, text=True, env={"SLUICE_JWT_SECRET_FILE": str(secret)}
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_its_configuration_is_that_of_the_tree_but_for_where_things_are():
    tree = dict(settings(yaml.safe_load((ROOT / "pipeline.yaml").read_text())))
    package = dict(settings(yaml.safe_load(PACKAGE.read("/etc/sluice/pipeline.yaml"))))
    different = {key for key in tree.keys() | package.keys() if tree.get(key) != package.get(key)}
    assert different == {"server.listen", "store", "control", "pipeline.0.secret_file"}


def settings(node, path=""):
    """What a file says: the paths of its values, and the values."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from settings(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, node


def test_the_release_reads_keys(binary, tmp_path):
    # The optimizer gives memory back as soon as nobody names it; what only libcrypto still reads must not be among that.
    account = write_account(tmp_path / "fcm.json")
    private = serialization.load_pem_private_key(json.loads(account.read_text())["private_key"].encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "keys.pem").write_bytes(public * 50)
    (tmp_path / "pipeline.yaml").write_text(
        "version: 1\npipeline:\n  - stage: auth\n    public_key_file: keys.pem\n    algorithms: [RS256]\n"
        "  - stage: rate_limit\n  - stage: persist\n  - stage: fan_out\n  - stage: fcm\n    credentials: fcm.json\n"
    )
    result = subprocess.run([binary, "check", "pipeline.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
