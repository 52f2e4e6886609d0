"""A node that is told to end does so in order, and one that is reloaded lets nobody feel it."""

from . import Violation

ORDERLY = ("node-stop", "node-upgrade")
RESTARTING = 1012
FELT = ("UNAVAILABLE", "TIMEOUT", "INTERNAL", "RATE_LIMITED", "UNAUTHENTICATED")


def drained(history):
    """It exits with 0, and whoever it closes is told to come back.

    The second only where nothing else failed meanwhile: what a server that hangs holds up is cut off in the end.
    """
    spans = list(faults(history))
    for begun, ended, line in spans:
        if line["name"] not in ORDERLY:
            continue
        node = line["node"]
        if line.get("exit", 0) != 0:
            yield Violation("drained", f"node {node} was told to end, and did with {line['exit']}", [begun, ended])
        if any(one[0] < ended and begun < one[1] for one in spans if one[0] != begun):
            continue
        for connection in history.connections.values():
            if connection.node != node or not begun < (connection.closed or 0) < ended:
                continue
            if connection.code not in (None, RESTARTING):
                text = f"{connection.name} was closed with {connection.code} when node {node} was told to end"
                yield Violation("drained", text, [begun, connection.closed])


def reloaded(history):
    """Each reload came into force or was refused as its file deserved; where nothing else failed meanwhile, nobody was
    disconnected, and nothing that they sent was refused."""
    spans = list(faults(history))
    for begun, ended, line in spans:
        if line["name"] != "node-reload":
            continue
        node = line["node"]
        for wrong in line.get("wrong", []):
            yield Violation("reloaded", f"a reload of node {node} went otherwise: {wrong}", [begun, ended])
        if any(one[0] < ended and begun < one[1] for one in spans if one[0] != begun):
            continue
        for connection in history.connections.values():
            if connection.node == node and begun < (connection.closed or 0) < ended and connection.code is not None:
                text = f"{connection.name} was closed with {connection.code} while node {node} was reloaded"
                yield Violation("reloaded", text, [begun, connection.closed])
        for attempt in history.asked.values():
            if attempt.code not in FELT or not begun < attempt.answer_line < ended:
                continue
            if history.connections[attempt.connection].node == node:
                text = f"{attempt.type} was refused with {attempt.code} while node {node} was reloaded"
                yield Violation("reloaded", text, [attempt.line, attempt.answer_line])


def faults(history):
    """(first line, last line, what the last says) of each fault that came to its end."""
    begun = {}
    for number, line in history.faults:
        key = line["name"], line["node"]
        if line["phase"] == "begin":
            begun[key] = number
        else:
            yield begun.pop(key), number, line
