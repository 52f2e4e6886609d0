"""Two nodes on one store and one state that a test uses as it would one daemon."""

import base64
import contextlib
import json
import threading

from .daemon import Daemon


class Pair:
    """Users go to the first node and the second by turns, in the order in which they are first seen.

    What is done to the daemon is done to both; what it is asked, both answer; and what is about a process, a port or a
    file is about the first node's, where nothing says which user is meant.
    """

    def __init__(self, folder, **settings):
        folder.mkdir()
        self.nodes = [Daemon(folder / f"node{index}", **settings) for index in range(2)]
        self.homes = {}

    def __getattr__(self, name):
        return getattr(self.nodes[0], name)

    def of(self, user):
        """The node that a user goes to."""
        return self.nodes[self.homes.setdefault(user, len(self.homes) % 2)]

    def start(self):
        for node in self.nodes:
            node.start()

    def kill(self):
        for node in self.nodes:
            node.kill()

    def stop(self, *how):
        """Ends both at the same time; gives the worse exit code."""
        codes = []
        ends = [threading.Thread(target=lambda node=node: codes.append(node.stop(*how))) for node in self.nodes]
        for end in ends:
            end.start()
        for end in ends:
            end.join()
        assert len(codes) == 2, "a node did not end"
        return max(codes, key=abs)

    def request(self, method, path, body=None, token=None, port=None, headers=()):
        node = self.nodes[0] if token is None or port is not None else self.of(subject(token))
        return node.request(method, path, body, token, port, headers)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, event, token):
        return self.request("POST", "/events", json.dumps(event), token)

    def metric(self, name):
        """The sum of both nodes'; a label that only one of them has counted is there alone."""
        found = []
        for node in self.nodes:
            with contextlib.suppress(AssertionError):
                found.append(node.metric(name))
        assert found, f"there is no {name}"
        return sum(found)

    def memory(self):
        return sum(node.memory() for node in self.nodes)

    @property
    def log(self):
        return "".join(node.log for node in self.nodes)


def subject(token):
    """Whom a token is for; None where it is none."""
    try:
        claims = token.split(".")[1]
        user = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
        return user if isinstance(user, str) else None
    except (IndexError, KeyError, TypeError, ValueError):
        return None
