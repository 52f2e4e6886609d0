"""How long a sync takes, as a client sees it: over HTTP, one call after the other, another user each time."""

import http.client
import json
import time

from harness import tokens

from .tables_of_size import USERS

PAGE = 500


class Client:
    """Calls of many users over one connection, which stays."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def page(self, user, limit, cursor=None):
        """One page, parsed, and the seconds that it took."""
        begin = time.monotonic()
        start = f"&cursor={cursor}" if cursor else ""
        self.connection.request(
            "GET", f"/messages/sync?limit={limit}{start}", headers={"Authorization": f"Bearer {tokens.token(user)}"}
        )
        response = self.connection.getresponse()
        found = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"a sync was answered {response.status}: {found}")
        return found, time.monotonic() - begin

    def whole(self, user, count):
        """All of a user's messages up to a number: the seconds of all pages, and the cursor before the last hundred."""
        seconds, cursor, seen, before = 0.0, None, 0, None
        while seen < count:
            limit = min(PAGE, count - 100 - seen) or 100
            found, took = self.page(user, limit, cursor)
            seconds, seen, cursor = seconds + took, seen + len(found["messages"]), found["cursor"]
            if seen == count - 100:
                before = cursor
            if not found["hasMore"]:
                break
        if seen < count:
            raise RuntimeError(f"{user} has but {seen} messages")
        return seconds, before


def spread(times):
    """p50 and p99 in ms."""
    times = sorted(times)
    return [round(times[min(len(times) - 1, int(share * len(times)))] * 1000, 3) for share in (0.5, 0.99)]


def measure(port, rows, calls=200, walks=40):
    """p50 and p99 of a first hundred messages, of 10,000 (or all that a user has) page by page, and of the last hundred
    of them, which were read shortly before."""
    client, count = Client(port), min(10_000, 2 * rows // USERS)
    first = [client.page(f"user{n}", 100)[1] for n in range(calls)]
    whole, last = [], []
    for number in range(calls, calls + walks):
        user = f"user{number}"
        seconds, cursor = client.whole(user, count)
        whole.append(seconds)
        found, took = client.page(user, 100, cursor)
        assert len(found["messages"]) == 100, len(found["messages"])
        last.append(took)
    return {"firstHundred": spread(first), "whole": spread(whole), "wholeCount": count, "lastHundred": spread(last)}
