"""The network that tests cut: each fault is seen by both ends, and heals."""

import contextlib
import socket
import threading
import time

import pytest


@pytest.fixture
def echo():
    """A server that says again what it hears; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection):
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(65536):
                    connection.sendall(data)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def dial(network):
    return socket.create_connection(("127.0.0.1", network.port), 5)


def say(client, words):
    client.sendall(words)
    heard = b""
    while len(heard) < len(words):
        part = client.recv(65536)
        assert part, "the connection has ended"
        heard += part
    assert heard == words


def test_all_bytes_come_through_and_a_half_close_too(echo, proxy):
    with dial(proxy(echo)) as client:
        words = bytes(range(256)) * 20_000
        sender = threading.Thread(target=lambda: (client.sendall(words), client.shutdown(socket.SHUT_WR)))
        sender.start()
        heard = b""
        while part := client.recv(65536):
            heard += part
        sender.join()
        assert heard == words


def test_a_reset_ends_a_connection_and_lets_the_next_through(echo, proxy):
    network = proxy(echo)
    with dial(network) as client:
        say(client, b"before")
        network.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with dial(network) as client:
        say(client, b"after")


def test_an_orderly_end_is_seen_as_such(echo, proxy):
    network = proxy(echo)
    with dial(network) as client:
        say(client, b"before")
        network.cut(reset=False)
        assert client.recv(1) == b""


def test_new_connections_are_refused_until_it_heals(echo, proxy):
    network = proxy(echo)
    with dial(network) as client:
        say(client, b"before")
        network.refuse()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        dial(network)
    network.heal()
    with dial(network) as client:
        say(client, b"after")


def test_a_black_hole_holds_everything_back_until_it_heals(echo, proxy):
    network = proxy(echo)
    with dial(network) as old:
        say(old, b"before")
        network.blackhole()
        old.sendall(b"held")
        with dial(network) as new:
            new.sendall(b"back")
            for client in (old, new):
                client.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    client.recv(1)
                client.settimeout(5)
            network.heal()
            assert old.recv(4) == b"held" and new.recv(4) == b"back"


def test_a_delay_holds_in_both_directions_and_keeps_the_order(echo, proxy):
    network = proxy(echo)
    network.delay(0.1)
    with dial(network) as client:
        begun = time.monotonic()
        for word in (b"one", b"two", b"three"):
            client.sendall(word)
        heard = b""
        while len(heard) < 11:
            heard += client.recv(64)
        assert heard == b"onetwothree" and 0.2 <= time.monotonic() - begun < 2
        network.heal()
        begun = time.monotonic()
        say(client, b"fast")
        assert time.monotonic() - begun < 0.1
    network.close()
    with pytest.raises(ConnectionRefusedError):
        dial(network)
