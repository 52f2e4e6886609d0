"""A view of mounts and network of one's own (namespaces(7)): for disks that fill up and peers that vanish."""

import os
import socket
import subprocess
import sys

# Whoever is not root becomes it inside, where the kernel lets anyone have a user namespace.
USER = [] if os.geteuid() == 0 else ["--user"]


class Namespace:
    """Lives until it is closed; `enter` is what a command begins with to run inside."""

    def __init__(self, kind, setup):
        """`kind` is `mount` or `net`, and `setup` the command that arranges it."""
        root = [*USER, "--map-root-user"] if USER else []
        self.holder = subprocess.Popen(
            ["unshare", *root, f"--{kind}", "sh", "-c", f"{setup} && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self.holder.stdout.readline() == "ready\n"
        user = [*USER, "--preserve-credentials"] if USER else []
        self.enter = ["nsenter", f"--target={self.holder.pid}", *user, f"--{kind}"]

    def run(self, *command):
        subprocess.run([*self.enter, *command], check=True)

    def connect(self, port):
        """A connection made inside, for use outside."""
        ours, theirs = socket.socketpair()
        program = "import socket as s, sys; c = s.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        program += "s.send_fds(s.socket(fileno=0), [b'x'], [c.fileno()])"
        with ours, theirs:
            subprocess.run([*self.enter, sys.executable, "-c", program, str(port)], stdin=theirs, check=True)
            descriptor = socket.recv_fds(ours, 1, 1)[1][0]
        return socket.socket(fileno=descriptor)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
