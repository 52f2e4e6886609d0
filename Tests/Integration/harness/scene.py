"""Two nodes, two people on each and one of them with a tablet on the other: what outages befall."""

import json

from . import tokens
from .talk import Talk

PEOPLE = ("ann", "ben", "cat", "dan")


class Scene:
    def __init__(self, nodes):
        self.nodes = nodes

    def talk(self):
        one, two = self.nodes
        return Talk({"ann": one, "ben": two, "cat": one, "dan": two}, {"ann": two})

    def readiness(self):
        """What each node says of itself."""
        return [node.get("/readyz", port=node.admin) for node in self.nodes]

    def are_ready(self):
        return all(answer.status == 200 for answer in self.readiness())

    def status(self, user, node):
        """What a node says of a user's presence, to another."""
        other = next(one for one in PEOPLE if one != user)
        answer = node.get(f"/presence?ids={user}", token=tokens.token(other))
        return json.loads(answer.text)["users"][0]["status"] if answer.status == 200 else None

    def all_are_online(self):
        return all(self.status(user, node) == "online" for node in self.nodes for user in PEOPLE)
