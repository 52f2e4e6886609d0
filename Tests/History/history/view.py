"""What a client knows of its messages. Events may come in any order, and again: what they say is merged."""

TIMES = ("deliveredAt", "readAt", "editedAt", "deletedAt")
WHOLE = ("NEW_MESSAGE", "ITEM")
CHANGES = {
    "MESSAGE_EDITED": "editedAt",
    "MESSAGE_DELETED": "deletedAt",
    "MESSAGE_READ_UPDATE": "readAt",
    "MESSAGE_DELIVERED_UPDATE": "deliveredAt",
}


class View:
    """Messages by id; a message that only changes told of has no `senderId`."""

    def __init__(self):
        self.messages = {}

    def take(self, kind, data):
        """Merges an event of a message, or an ITEM of a sync; gives what is known of the message now."""
        known = self.messages.setdefault(data["messageId"], {"version": 0, "spoken": 0})
        version = data.get("version", 1)
        if kind in WHOLE:
            known["senderId"], known["receiverId"] = data["senderId"], data["receiverId"]
        if version >= known["spoken"] and "content" in data and (kind in WHOLE or kind == "MESSAGE_EDITED"):
            known["content"], known["spoken"] = data["content"], version
        for name in TIMES:
            # Of an edit the last counts, of all else the first: that never changes, so a changed one is kept to be found.
            if name in data and (name != "editedAt" or version >= known["spoken"]):
                known[name] = data[name]
        if "deletedAt" in known:
            known["content"] = ""
        known["version"] = max(known["version"], version)
        return known

    def sent(self, message_id, data, user):
        """Merges the acknowledgement of a message of one's own."""
        return self.take(
            "NEW_MESSAGE",
            {
                "messageId": message_id,
                "senderId": user,
                "receiverId": data["receiverId"],
                "content": data["content"],
                "version": 1,
            },
        )

    def copy(self):
        other = View()
        other.messages = {message_id: dict(known) for message_id, known in self.messages.items()}
        return other


def lacks(known, truth, user):
    """How what a device of a user knows of a message falls behind the truth: names of what is missing or differs."""
    if known is None or "senderId" not in known:
        return ["all"]
    found = [name for name in ("content", "editedAt", "deletedAt", "readAt") if known.get(name) != truth.get(name)]
    # Who was read was delivered; and only the sender is told of a delivery.
    told = "deliveredAt" in known or "readAt" not in known
    if user == truth["senderId"] and told and known.get("deliveredAt") != truth.get("deliveredAt"):
        found.append("deliveredAt")
    if "deletedAt" in truth:
        # What a deleted message said, and when, no longer counts.
        found = [name for name in found if name not in ("content", "editedAt")]
    return found
