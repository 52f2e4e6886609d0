"""A recorded run, read once from its first line to its last: who sent what, who was told what, and what each then knew.

Lines are counted from 1, as an editor shows them. Devices have two lives that never mix: `live` is what pushes, answers
and the sync after each reconnect told it; `track` is what it has from cursors alone. A fresh reader has only `fresh`.
"""

import dataclasses
import functools
from collections import defaultdict

from .view import CHANGES, View

PROBE, FRESH = "probe", "fresh"
REFUSALS = ("UNAVAILABLE", "RATE_LIMITED")


@dataclasses.dataclass
class Attempt:
    """One event as one connection sent it, and its answer."""

    line: int
    connection: str
    type: str
    data: dict
    known: set = dataclasses.field(default_factory=set)
    answer: dict | None = None
    answer_line: int | None = None

    @property
    def acked(self):
        return self.answer is not None and self.answer["type"] != "ERROR"

    @property
    def code(self):
        return self.answer["data"]["code"] if self.answer and self.answer["type"] == "ERROR" else None

    @property
    def duplicate(self):
        return self.acked and bool(self.answer["data"].get("duplicate"))


@dataclasses.dataclass
class Connection:
    name: str
    user: str
    device: str
    node: int
    opened: int
    closed: int | None = None
    code: int | None = None
    """What it was closed with; None where the client left."""
    pushes: list = dataclasses.field(default_factory=list)
    """(line, type, data) of what came unasked or as an answer about a message."""


@dataclasses.dataclass
class Device:
    user: str
    live: View = dataclasses.field(default_factory=View)
    track: View = dataclasses.field(default_factory=View)
    settled: View | None = None
    items: dict = dataclasses.field(default_factory=lambda: defaultdict(list))
    """(line, item) in the order of the feed, by the purpose of the sync."""
    connection: str | None = None


class History:
    def __init__(self, lines):
        self.lines = lines
        self.connections = {}
        self.devices = {}
        self.sends = defaultdict(list)
        self.changes = []
        self.pages = []
        self.marks = {}
        self.faults = []
        self.mentions = defaultdict(list)
        self.asked = {}
        self.purposes = {}
        for number, line in enumerate(lines, 1):
            getattr(self, "on_" + line["kind"])(number, line)

    def on_run(self, number, line):
        self.settings = line

    def on_open(self, number, line):
        name = line["connection"]
        device = self.devices.setdefault(line["device"], Device(line["user"]))
        device.connection = name
        self.connections[name] = Connection(name, line["user"], line["device"], line["node"], number)

    def on_close(self, number, line):
        connection = self.connections[line["connection"]]
        connection.closed, connection.code = number, line.get("code")
        device = self.devices[connection.device]
        if device.connection == connection.name:
            device.connection = None

    def on_fault(self, number, line):
        self.faults.append((number, line))

    def on_mark(self, number, line):
        self.marks[line["name"]] = number
        if line["name"] == "settled":
            for device in self.devices.values():
                device.settled = device.live.copy()

    def on_page(self, number, line):
        self.pages.append((number, line))
        for message in line["messages"]:
            self.mentions[message["messageId"]].append(number)

    def on_send(self, number, line):
        connection = self.connections[line["connection"]]
        key = line["connection"], line["ref"]
        attempt = self.asked[key] = Attempt(number, connection.name, line["type"], line["data"])
        if line["type"] == "SYNC":
            self.purposes[key] = line["purpose"]
        elif line["type"] == "NEW_MESSAGE":
            self.sends[connection.user, line["data"]["tempId"]].append(attempt)
        elif line["type"] != "PING":
            self.changes.append(attempt)
            if "upTo" in line["data"]:
                attempt.known = self.known_up_to(connection, line["data"]["upTo"])
            for message_id in named(line["data"]):
                self.mentions[message_id].append(number)

    def known_up_to(self, connection, last):
        """What a device knew of a conversation up to a message: what reading up to it must mark."""
        messages = self.devices[connection.device].live.messages
        sender = messages.get(last, {}).get("senderId")
        return {
            message_id
            for message_id, known in messages.items()
            if message_id <= last
            and sender is not None
            and known.get("senderId") == sender
            and known["receiverId"] == connection.user
        }

    def on_receive(self, number, line):
        connection, event = self.connections[line["connection"]], line["event"]
        key = connection.name, event.get("ref")
        attempt = self.asked.get(key)
        if attempt:
            attempt.answer, attempt.answer_line = event, number
        device, data = self.devices[connection.device], event["data"]
        if event["type"] == "SYNC_RESULT":
            self.synced(number, device, self.purposes[key], data)
        elif event["type"] == "MESSAGE_SENT":
            self.mentions[data["messageId"]].append(number)
            if attempt:
                device.live.sent(data["messageId"], attempt.data, connection.user)
        elif event["type"] == "NEW_MESSAGE" or event["type"] in CHANGES:
            self.mentions[data["messageId"]].append(number)
            connection.pushes.append((number, event["type"], data))
            device.live.take(event["type"], data)

    def synced(self, number, device, purpose, data):
        view = device.track if purpose == "track" else device.live
        for item in data["messages"]:
            self.mentions[item["messageId"]].append(number)
            device.items[purpose].append((number, item))
            view.take("ITEM", item)

    @functools.cached_property
    def readers(self):
        """The fresh reader of each user: the last, where an earlier one was cut off."""
        return {d.user: d for name, d in self.devices.items() if name.endswith(FRESH)}

    @functools.cached_property
    def clients(self):
        """The devices that went on through all faults, by name."""
        return {n: d for n, d in self.devices.items() if not n.endswith((FRESH, PROBE))}

    @functools.cached_property
    def truth(self):
        """What the fresh readers found, by user and message."""
        return {user: reader.live.messages for user, reader in self.readers.items()}

    def acked_sends(self):
        """(user, tempId, messageId, attempt) of every acknowledgement."""
        for (user, temp_id), attempts in self.sends.items():
            for attempt in attempts:
                if attempt.acked:
                    yield user, temp_id, attempt.answer["data"]["messageId"], attempt

    def ordered(self):
        """Where each message stands in what one connection sent: messageId to (connection, line of the send).

        Only where it is known which attempt was stored: the one acknowledged as new, or the only one that can have been.
        """
        places = {}
        for attempts in self.sends.values():
            first = [a for a in attempts if a.acked and not a.duplicate]
            if not first and any(a.duplicate for a in attempts):
                first = [a for a in attempts if not a.duplicate and a.code not in REFUSALS]
            if len(first) == 1:
                message_id = next(a.answer["data"]["messageId"] for a in attempts if a.acked)
                places[message_id] = first[0].connection, first[0].line
        return places


def named(data):
    """The messages that a change names."""
    return data.get("messageIds") or [data.get("messageId") or data.get("upTo")]
