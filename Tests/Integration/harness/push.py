"""A daemon that pushes by a stand-in, and what its users do over HTTP."""

import itertools
import json
import re

from . import tokens
from .wait import until

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  lease: 6s
  drain: 4s
  log_level: debug
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
  - stage: fcm
    credentials: {credentials}
    endpoint: {endpoint}
    after: 1s
    lease: {lease}
    first_backoff: 1s
    {fcm}
"""

numbers = itertools.count()


def settings(fcm, lease="5s", **entry):
    """What `start` needs for a daemon that pushes by the stand-in; `entry` are further keys of the stage."""
    lines = "\n    ".join(f"{key}: {value}" for key, value in entry.items())
    return {
        "config": CONFIG, "credentials": fcm.credentials(), "endpoint": fcm.url, "lease": lease, "fcm": lines,
        "enter": ["env", *(f"{name}={value}" for name, value in fcm.environment.items())],
    }


def register(daemon, user, token, status=204, **more):
    body = json.dumps({"deviceToken": token, **more})
    answer = daemon.request("POST", "/users/fcm/register", body, tokens.token(user))
    assert answer.status == status, answer.text
    return answer


def say(daemon, sender, receiver, content="Hello!", name=None):
    """Sends a message; gives its id."""
    data = {"tempId": f"push-{next(numbers)}", "receiverId": receiver, "content": content}
    answer = daemon.post({"type": "NEW_MESSAGE", "data": data}, tokens.token(sender, name=name))
    assert answer.status == 200, answer.text
    event = json.loads(answer.text)
    assert event["type"] == "MESSAGE_SENT", event
    return event["data"]["messageId"]


def read(daemon, user, *messages):
    answer = daemon.post({"type": "MESSAGE_READ", "data": {"messageIds": list(messages)}}, tokens.token(user))
    assert answer.status == 200, answer.text


def devices(daemon):
    """The registered tokens, and whose they are."""
    return {token: user for token, user in daemon.rows(f"SELECT token, {daemon.rows.user} FROM devices")}


def figure(daemon, name, **labels):
    """A metric of pushes, of all nodes that the daemon is; 0 where it was not counted yet."""
    total = 0
    for node in getattr(daemon, "nodes", [daemon]):
        text = node.get("/metrics", port=node.admin).text
        for line in re.findall(rf"^sluice_push_{name}{{(.*)}} (\S+)$", text, re.M):
            if all(f'{key}="{value}"' in line[0] for key, value in labels.items()):
                total += float(line[1])
    return total


def counted(daemon, result, count, service="fcm"):
    until(lambda: figure(daemon, "attempts_total", service=service, result=result) >= count, f"{count} {result}")


def idle(daemon):
    """Nothing waits in the outbox."""
    until(lambda: daemon.rows("SELECT count(*) FROM push_jobs") == [("0",)], "the outbox is empty")


def lines(daemon):
    """What the log says of pushes."""
    found = []
    for line in daemon.log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("message") == "push":
            found.append(entry)
    return found
