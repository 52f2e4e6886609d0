"""What systemd is told, by a socket that stands in for it (sd_notify(3))."""

import signal
import socket

from harness.daemon import Daemon


def test_systemd_hears_of_the_start_of_reloads_and_of_the_end(tmp_path, monkeypatch):
    path = tmp_path / "notify"
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(path))
    systemd.settimeout(10)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    daemon = Daemon(tmp_path / "daemon")
    daemon.start()
    try:
        assert b"READY=1" in systemd.recv(4096)
        daemon.process.send_signal(signal.SIGHUP)
        begun = systemd.recv(4096)
        assert b"RELOADING=1" in begun and b"MONOTONIC_USEC=" in begun
        ended = systemd.recv(4096)
        assert b"READY=1" in ended and b"STATUS=revision 2 is in force" in ended
        daemon.config.write_text(daemon.config.read_text().replace("burst:", "brust:"))
        daemon.process.send_signal(signal.SIGHUP)
        assert b"RELOADING=1" in systemd.recv(4096)
        failed = systemd.recv(4096)
        assert b"READY=1" in failed and b"STATUS=reload failed, revision 2 stays" in failed
        assert daemon.stop() == 0
        assert b"STOPPING=1" in systemd.recv(4096)
    finally:
        daemon.kill()
        systemd.close()


def test_the_log_level_is_live(tmp_path):
    daemon = Daemon(tmp_path / "daemon")
    daemon.start()
    try:
        plain = daemon.config.read_text()
        daemon.config.write_text(plain.replace("server:\n", "server:\n  log_level: error\n"))
        assert daemon.command("reload", "--config", str(daemon.config)).returncode == 0
        before = daemon.log
        assert daemon.command("reload", "--config", str(daemon.config)).returncode == 0
        assert daemon.log == before
        daemon.config.write_text(plain)
        assert daemon.command("reload", "--config", str(daemon.config)).returncode == 0
        assert '"message":"reloaded"' in daemon.log[len(before):]
    finally:
        daemon.kill()
