"""Requests that two servers on the way could understand differently: refused, and nothing behind them is taken."""

import contextlib
import re

import pytest
from harness import tokens

# Were it understood as a request of its own, there would be a second answer.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /events HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, world):
    daemon = world.daemon(tmp_path_factory.mktemp("smuggling") / "daemon")
    daemon.start()
    yield daemon
    world.end(daemon)


def statuses(daemon, request):
    """The statuses of all answers to these bytes, until the daemon closes the connection."""
    with daemon.connect(daemon.port) as client:
        client.settimeout(5)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            # The answer may be there, and the connection gone, before all of it is sent.
            client.sendall(request)
        text = b""
        try:
            while part := client.recv(65_536):
                text += part
        except ConnectionResetError:
            # It was closed while more of the request was under way.
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", text)]


REFUSED = {
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
    "one length twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": POST + b"Content-Length: 0, 40\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length in hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n",
    "a length of two numbers": POST + b"Content-Length: 0 40\r\n\r\n",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a length that overflows": POST + b"Content-Length: 18446744073709551616\r\n\r\n",
    "a folded header": POST + b"X: a\r\n Content-Length: 40\r\n\r\n",
    "a folded length": POST + b"Content-Length:\r\n 0\r\n\r\n",
    "a header that ends in LF alone": POST + b"X: a\nContent-Length: 0\r\n\r\n",
    "headers that end in LF alone": POST + b"Content-Length: 0\r\n\n",
    "a request line that ends in LF alone": b"GET /x HTTP/1.1\nHost: x\r\n\r\n",
    "a header that ends in CR alone": POST + b"X: a\rContent-Length: 0\r\n\r\n",
    "a space before a colon": POST + b"Content-Length : 0\r\n\r\n",
    "a space before a header": b"GET /x HTTP/1.1\r\n Host: x\r\n\r\n",
    "a header without a colon": POST + b"Content-Length\r\n\r\n",
    "a header without a name": POST + b": 0\r\n\r\n",
    "a NUL in a header": POST + b"X: a\0b\r\n\r\n",
    "a control character in a name": POST + b"X\x0b: a\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "no coding": POST + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunks of chunks": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks under a disguise": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk's size with a prefix": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "a chunk's size with a sign": CHUNKED + b"+1\r\na\r\n0\r\n\r\n",
    "a negative chunk": CHUNKED + b"-1\r\na\r\n0\r\n\r\n",
    "a chunk that overflows": CHUNKED + b"10000000000000001\r\na\r\n0\r\n\r\n",
    "a chunk's size that ends in LF alone": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "an extension with LF in it": CHUNKED + b"1;x\ny\r\na\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    "a chunk that ends in LF alone": CHUNKED + b"1\r\na\n0\r\n\r\n",
    "a last chunk that ends in LF alone": CHUNKED + b"0\n\n",
    "two hosts": b"GET /x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET /x HTTP/1.1\r\n\r\n",
    "a tab in the request line": b"GET\t/x HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the address": b"GET /x y HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the address": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /x\r\nHost: x\r\n\r\n",
    "another version": b"GET /x HTTP/2.0\r\nHost: x\r\n\r\n",
    "half a version": b"GET /x HTTP/1\r\nHost: x\r\n\r\n",
    "a version that is not there": b"GET /x HTTP/1.2\r\nHost: x\r\n\r\n",
    "another protocol": b"GET /x HTTQ/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": b"SMUGGLE /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in lower case": b"get /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2 by prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_ambiguous_is_400_and_ends_the_connection(daemon, name):
    assert statuses(daemon, REFUSED[name] + SMUGGLED) == [400]


TOO_LARGE = {
    "an address": (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    "a header": (POST + b"X: " + b"x" * 40_000 + b"\r\n\r\n", 431),
    "many headers": (POST + b"".join(b"X%d: x\r\n" % n for n in range(1000)) + b"\r\n", 431),
    "headers in all": (POST + (b"X: " + b"x" * 4000 + b"\r\n") * 20 + b"\r\n", 431),
    "headers without end": (POST + b"X: " + b"x" * 3_000_000, 431),
    "trailers": (CHUNKED + b"0\r\n" + (b"X: " + b"x" * 4000 + b"\r\n") * 20 + b"\r\n", 431),
    "a body": (POST + b"Content-Length: 70000\r\n\r\n" + SMUGGLED, 413),
    "a body without end": (POST + b"Content-Length: 9223372036854775807\r\n\r\n", 413),
    "a chunk": (CHUNKED + b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n", 413),
    "many chunks": (CHUNKED + b"1\r\nx\r\n" * 70_000 + b"0\r\n\r\n", 413),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_and_ends_the_connection(daemon, name):
    request, status = TOO_LARGE[name]
    assert statuses(daemon, request + SMUGGLED) == [status]


LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
EVENT = b'{"type":"PING"}'
AUTHORIZED = POST + b"Authorization: Bearer " + tokens.token("ada").encode() + b"\r\n"
TAKEN = {
    "a body with a length": AUTHORIZED + b"Content-Length: 15\r\n\r\n" + EVENT,
    "a body in chunks": AUTHORIZED + b"Transfer-Encoding: chunked\r\n\r\n8;x=y\r\n" + EVENT[:8] + b"\r\n7\r\n" + EVENT[8:] + b"\r\n0\r\nX: y\r\n\r\n",
    "an empty line ahead": b"\r\n" + AUTHORIZED + b"content-length: 15\r\n\r\n" + EVENT,
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_sound_is_taken_and_what_follows_it_too(daemon, name):
    assert statuses(daemon, TAKEN[name] + LAST) == [200, 404]


@pytest.mark.parametrize("count", [1, 5])
def test_what_came_before_the_ambiguous_is_answered_before(daemon, count):
    taken = TAKEN["a body with a length"] * count
    for name in ["two lengths", "a chunk's size with a sign", "another protocol"]:
        assert statuses(daemon, taken + REFUSED[name] + SMUGGLED) == [200] * count + [400], name
    assert statuses(daemon, taken + TOO_LARGE["a header"][0]) == [200] * count + [431]
    assert statuses(daemon, taken + TOO_LARGE["a body"][0]) == [200] * count + [413]


def test_who_asks_before_sending_a_body_is_told_to_go_on_or_not(daemon):
    ask = AUTHORIZED + b"Expect: 100-continue\r\nContent-Length: "
    assert statuses(daemon, ask + b"15\r\n\r\n" + EVENT + LAST) == [100, 200, 404]
    assert statuses(daemon, ask + b"70000\r\n\r\n") == [413]


@pytest.mark.parametrize("body", [b"Content-Length: 35\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n23\r\n"])
def test_the_body_of_a_get_is_no_request(daemon, body):
    end = b"\r\n0\r\n\r\n" if b"chunked" in body else b""
    assert len(SMUGGLED) == 35
    assert statuses(daemon, b"GET /x HTTP/1.1\r\nHost: x\r\n" + body + SMUGGLED + end + LAST) == [404, 404]


@pytest.mark.parametrize("address", ["/x", "/ws"])
def test_a_wish_for_another_protocol_is_answered_and_nothing_behind_it_waits_forever(daemon, address):
    upgrade = f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".encode()
    assert statuses(daemon, upgrade + SMUGGLED) == [404 if address == "/x" else 426]
