"""Free loopback ports that stay free while their server is down."""

import random
import socket

# Below the ports that the kernel gives to clients: one of those may take, or even connect to, a port that waits for
# its server to come back.
RANGE = range(12_000, 32_000)
given = set()


def free_port():
    """A port that nothing listens on, and that this process has not given out before."""
    for port in random.SystemRandom().sample(RANGE, 2000):
        if port in given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            given.add(port)
            return port
    raise OSError("there is no free port")
