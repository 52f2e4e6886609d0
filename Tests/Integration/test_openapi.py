"""`docs/openapi.yaml` against the daemon: what it says holds, and it says all of it."""

import copy
import re
from pathlib import Path

import pytest
import schemathesis
import yaml
from harness import tokens
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from test_api import SERVER, API

PATH = Path(__file__).parents[2] / "docs/openapi.yaml"
DOCUMENT = yaml.safe_load(PATH.read_text())
# That a text is too long is a 413 by the protocol, which schemathesis does not count as a refusal by itself.
REFUSALS = {"expected-statuses": [400, 401, 403, 404, 405, 413, 429]}
# The test gives each call its token, so none is made up, or said to be left out.
GENERATION = {"with-security-parameters": False}
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": REFUSALS}, "generation": GENERATION})
HTTP = schemathesis.openapi.from_path(PATH, config=CONFIG).exclude(path="/ws")

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.ignored_auth,
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory, world):
    daemon = world.daemon(tmp_path_factory.mktemp("openapi") / "daemon", top="search: true")
    daemon.start()
    yield daemon
    world.end(daemon)


@HTTP.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_call_is_as_described(shared, case):
    # Who calls is a user apart, so that what is made up erases and revokes others.
    token = tokens.token("caller-of-every-call", **SERVER)
    url = f"http://127.0.0.1:{shared.port}"
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
    assert shared.is_ready()


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def answers():
    """Validators of the answers to GET, by path, that also refuse what the document leaves unsaid."""
    document = copy.deepcopy(DOCUMENT)
    for node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("properties"), dict) and "allOf" not in node:
            node["additionalProperties"] = False
    registry = Registry().with_resource("doc:", Resource(document, DRAFT202012))
    for path, methods in document["paths"].items():
        if "get" in methods and "200" in methods["get"]["responses"]:
            escaped = path.replace("/", "~1")
            pointer = f"doc:#/paths/{escaped}/get/responses/200/content/application~1json/schema"
            yield path, Draft202012Validator({"$ref": pointer}, registry=registry)


ANSWERS = dict(answers())


@pytest.fixture(scope="module")
def ada(shared):
    """A user who has something of everything there is to read."""
    ada, bob, carol = API(shared, "ada", name="Ada"), API(shared, "bob", name="Bob"), API(shared, "carol")
    first = ada.say("bob", "a word", "t1")["data"]["messageId"]
    data = {"tempId": "t1", "receiverId": "ada", "content": "word", "metadata": {"a": [1]}, "replyTo": first}
    second = bob.post("/events", {"type": "NEW_MESSAGE", "data": data})["data"]["messageId"]
    third = carol.say("ada", "word", "t1")["data"]["messageId"]
    ada.post("/events", {"type": "EDIT_MESSAGE", "data": {"messageId": first, "content": "another word"}})
    ada.post("/events", {"type": "MESSAGE_READ", "data": {"messageId": second}})
    carol.post("/events", {"type": "DELETE_MESSAGE", "data": {"messageId": third}})
    ada.post("/connections", {"userId": "dora"})
    carol.post("/connections", {"userId": "ada"})
    ada.post("/connections/carol/accept")
    ada.post("/connections/eve/block")
    return ada


@pytest.mark.parametrize("path", ANSWERS)
def test_full_answers_hold_what_is_described_and_no_more(ada, path):
    query = {"/messages/search": "?q=word", "/presence": "?ids=bob,nobody", "/conversations": "?limit=1"}.get(path, "")
    answer = ada.get(path.replace("{userId}", "bob") + query)
    assert not [f"{fault.json_path}: {fault.message}" for fault in ANSWERS[path].iter_errors(answer)], answer
    assert [] not in answer.values(), "what is empty shows nothing"


def test_each_address_takes_the_methods_that_are_described(shared):
    methods = {"get", "post", "put", "patch", "delete"}
    for path, operations in DOCUMENT["paths"].items():
        response = shared.request("PUT", re.sub(r"\{\w+\}", "x", path))
        assert response.status == 405, path
        assert set(response.headers["Allow"].lower().split(", ")) == methods & operations.keys(), path
