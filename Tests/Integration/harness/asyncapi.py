"""The events of `docs/asyncapi.yaml`, and sockets on which every event is held against them."""

import json
from collections import Counter
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PATH = Path(__file__).parents[3] / "docs/asyncapi.yaml"


class AsyncAPI:
    """Counts the events of each type that went either way, and refuses what the document does not describe."""

    def __init__(self, document=None):
        self.document = document or yaml.safe_load(PATH.read_text())
        registry = Registry().with_resource("doc:", Resource(self.document, DRAFT202012))
        self.validators, self.seen = {}, {}
        for name in ["fromClient", "toClient"]:
            payloads = {}
            for reference in self.document["operations"][name]["messages"]:
                # By way of the channel's list, as a reader of the document would go.
                key = reference["$ref"].removeprefix("#/channels/socket/messages/")
                target = self.document["channels"]["socket"]["messages"][key]["$ref"]
                message = self.document["components"]["messages"][target.rsplit("/", 1)[1]]
                type = message["payload"]["properties"]["type"]["const"]
                assert type not in payloads and message.get("name", key) == type
                schema = {"$ref": f"doc:{target}/payload"}
                payloads[type] = Draft202012Validator(schema, registry=registry)
            self.validators[name], self.seen[name] = payloads, Counter()

    def check(self, way, event):
        payload = self.validators[way].get(event["type"])
        assert payload, f"{way}: there is no {event['type']} in the document"
        faults = [f"{fault.json_path}: {fault.message}" for fault in payload.iter_errors(event)]
        assert not faults, f"{way}: {event}: {faults}"
        self.seen[way][event["type"]] += 1

    @property
    def missing(self):
        return {(way, type) for way, payloads in self.validators.items() for type in payloads if not self.seen[way][type]}


class WatchedSocket:
    """A WebSocket of the `websockets` library whose events are checked both ways."""

    def __init__(self, socket, api):
        self.socket, self.api = socket, api

    async def send(self, text):
        events = json.loads(text)
        for event in events if isinstance(events, list) else [events]:
            self.api.check("fromClient", event)
        await self.socket.send(text)

    async def recv(self):
        text = await self.socket.recv()
        self.api.check("toClient", json.loads(text))
        return text
