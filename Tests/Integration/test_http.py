"""Calls by HTTP go the same way as events on a WebSocket."""

import asyncio
import json
import socket

from harness import tokens
from harness.client import connect


def test_an_event_by_http_is_the_same_event(daemon):
    async def run():
        async with connect(daemon, "bob") as bob:
            event = {"type": "NEW_MESSAGE", "data": {"tempId": "t", "receiverId": "bob", "content": "hi"}, "id": 5}
            response = await asyncio.to_thread(daemon.post, event, tokens.token("alice"))
            answer = json.loads(response.text)
            assert response.status == 200 and answer["type"] == "MESSAGE_SENT" and answer["ref"] == 5
            assert (await bob.expect("NEW_MESSAGE"))["messageId"] == answer["data"]["messageId"]

    asyncio.run(run())
    page = json.loads(daemon.get("/messages/sync?limit=5", token=tokens.token("bob")).text)
    assert [m["content"] for m in page["messages"]] == ["hi"] and page["hasMore"] is False
    later = daemon.get(f"/messages/sync?cursor={page['cursor']}", token=tokens.token("bob"))
    assert json.loads(later.text)["messages"] == []
    stamp = page["messages"][0]["timestamp"]
    since = daemon.get(f"/messages/sync?lastMessageTimestamp={stamp}", token=tokens.token("bob"))
    assert len(json.loads(since.text)["messages"]) == 1


def test_errors_are_problems_with_a_code(daemon):
    token = tokens.token("a")
    cases = [
        (daemon.request("POST", "/events", "{", token), 400, "INVALID_EVENT"),
        (daemon.post({"type": "NO_SUCH"}, token), 400, "UNKNOWN_EVENT"),
        (daemon.post({"type": "QUERY"}, token), 400, "UNKNOWN_EVENT"),
        (daemon.post({"type": "PING"}, None), 401, "UNAUTHENTICATED"),
        (daemon.post({"type": "MESSAGE_READ", "data": {"messageId": "msg_x"}}, token), 404, "NOT_FOUND"),
        (daemon.request("POST", "/events", "x" * 70_000, token), 413, "PAYLOAD_TOO_LARGE"),
        (daemon.get("/nothing", token=token), 404, "NOT_FOUND"),
        (daemon.get("/events", token=token), 405, "INVALID_EVENT"),
        (daemon.get("/messages/sync?cursor=x", token=token), 400, "INVALID_EVENT"),
        (daemon.get("/messages/sync?limit=%zz", token=token), 400, "INVALID_EVENT"),
        (daemon.get("/messages/sync"), 401, "UNAUTHENTICATED"),
        (daemon.get("/ws"), 426, "INVALID_EVENT"),
    ]
    for response, status, code in cases:
        assert response.status == status, response.text
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.loads(response.text)["code"] == code


def test_requests_that_come_ahead_are_answered_in_order_and_garbage_is_refused(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port)) as client:
        client.settimeout(10)
        client.sendall(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"nonsense\r\n\r\n")
        text = b""
        while part := client.recv(4096):
            text += part
    assert text.count(b"HTTP/1.1 404") == 3 and text.count(b"HTTP/1.1 400") == 1


def test_the_operator_sees_health_figures_and_the_chain(daemon):
    assert daemon.get("/healthz", port=daemon.admin).text == "ok\n"
    assert daemon.get("/readyz", port=daemon.admin).status == 200
    daemon.post({"type": "PING"}, tokens.token("a"))
    assert daemon.metric('sluice_stage_events_total{stage="auth",verdict="continue"}') >= 2
    stages = json.loads(daemon.get("/pipeline", port=daemon.admin).text)["stages"]
    assert [s["name"] for s in stages] == ["auth", "rate_limit", "dedup", "persist", "fan_out", "presence"]
    assert daemon.request("POST", "/healthz", port=daemon.admin).status == 405
    assert daemon.get("/metrics").status == 404
