"""Histories written by hand, line by line, as a run would have recorded them."""

from history.checker import check


def message(id, sender="alice", receiver="bob", version=1, content=None, **more):
    """A message as pushes and syncs show it; its content names its tempId, as those of clients do."""
    words = f"{sender}/{id} x" if content is None else content
    return {
        "messageId": id, "senderId": sender, "receiverId": receiver, "content": words, "version": version, **more
    }  # fmt: skip


class Story:
    def __init__(self):
        self.lines, self.open_ones, self.refs = [], {}, 0
        self.write("run", seed=0)

    def write(self, kind, **facts):
        self.lines.append({"kind": kind, "at": 0, **facts})
        return len(self.lines)

    def open(self, device):
        """Gives the connection's name."""
        name = f"{device}.c{len(self.lines)}"
        self.open_ones[name] = device
        self.write("open", connection=name, user=device.split(".")[0], device=device, node=0, cursor="0")
        return name

    def close(self, connection, **facts):
        del self.open_ones[connection]
        self.write("close", connection=connection, **facts)

    def fault(self, name, phase, node=0, **facts):
        self.write("fault", name=name, phase=phase, node=node, seconds=1, **facts)

    def send(self, connection, type, data, **facts):
        self.refs += 1
        self.write("send", connection=connection, ref=str(self.refs), type=type, data=data, **facts)
        return str(self.refs)

    def receive(self, connection, type, data, ref=None):
        event = {"type": type, "data": data} | ({"ref": ref} if ref else {})
        return self.write("receive", connection=connection, event=event)

    def compose(self, connection, temp_id, receiver="bob"):
        sender = connection.split(".")[0]
        data = {"tempId": temp_id, "receiverId": receiver, "content": f"{sender}/{temp_id} x"}
        return self.send(connection, "NEW_MESSAGE", data)

    def ack(self, connection, ref, temp_id, id=None, **more):
        self.receive(connection, "MESSAGE_SENT", {"tempId": temp_id, "messageId": id or temp_id, **more}, ref)

    def say(self, connection, temp_id, receiver="bob", id=None, **more):
        """A send and its acknowledgement; the messageId is the tempId unless said otherwise."""
        self.ack(connection, self.compose(connection, temp_id, receiver), temp_id, id, **more)

    def push(self, connection, message):
        return self.receive(connection, "NEW_MESSAGE", message)

    def change(self, connection, type, data, answer_type, answer):
        self.receive(connection, answer_type, answer, self.send(connection, type, data))

    def sync(self, connection, purpose, items):
        ref = self.send(connection, "SYNC", {"limit": 500}, purpose=purpose)
        self.receive(connection, "SYNC_RESULT", {"messages": items, "cursor": "9", "hasMore": False}, ref)

    def end(self, stored, final=(), fresh=None, track=None, pages=None, users=("alice", "bob"), marks=True):
        """Heals, settles, and lets all look: at what is stored, unless another view is given by device or user."""
        fresh, track, pages = fresh or {}, track or {}, pages or {}
        for name in ("load-ended", "healed", "settled") if marks else ():
            self.write("mark", name=name)
        for connection, device in list(self.open_ones.items()):
            self.sync(connection, "final", list(final))
            mine = [m for m in stored if device.split(".")[0] in (m["senderId"], m["receiverId"])]
            self.sync(connection, "track", track.get(device, mine))
        for user in users:
            mine = [m for m in stored if user in (m["senderId"], m["receiverId"])]
            reader = self.open(f"{user}.fresh")
            self.sync(reader, "fresh", fresh.get(user, mine))
            self.close(reader)
        for user, peer in (("alice", "bob"), ("bob", "alice")):
            if user in users:
                newest_first = sorted(stored, key=lambda m: m["messageId"], reverse=True)
                self.write("page", user=user, peer=peer, messages=pages.get(user, newest_first))
        if marks:
            self.write("mark", name="end")
        return self

    def violations(self):
        return check(self.lines)

    def rules(self):
        """The names of the rules that this history violates."""
        return {violation.rule for violation in self.violations()}


def pair():
    """A story, with a connection of alice and one of bob."""
    story = Story()
    return story, story.open("alice.0"), story.open("bob.0")
