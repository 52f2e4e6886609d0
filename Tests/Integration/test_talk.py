"""What outages are judged by must be able to fail: one wrong thing in what people saw, and it is found."""

import pytest
from harness.talk import Answer, Device, Message, Talk


def talk():
    """Ann has written to ben and her tablet three times, and all is well."""
    talk = Talk({"ann": None, "ben": None}, {"ann": None})
    for number in range(3):
        message = Message("ann", "ben", f"ann {number}", "ann", begun=number, connection=1, acked=number + 0.1, id=f"msg_{number}")
        talk.sent.append(message)
        talk.answers.append(Answer("ann", message.begun, 0.1, "MESSAGE_SENT"))
        for device in talk.listeners(message):
            hear(device, message)
    return talk


def hear(device, message):
    device.take({"type": "NEW_MESSAGE", "data": {"messageId": message.id, "senderId": "ann", "content": message.content}})


def test_what_is_well_is_not_blamed():
    well = talk()
    well.check_devices()
    assert [device.name for device in well.listeners(well.sent[0])] == ["ben", "ann's tablet"]
    assert not any(map(well.lacking, well.sent)) and well.lateness(well.sent[0]) is not None


def test_a_message_that_did_not_come_is_lacking():
    ill = talk()
    ben = ill.devices[1]
    del ben.arrivals["msg_1"]
    assert [ill.lacking(message) for message in ill.sent] == [[], ["ben"], []]
    assert ill.lateness(ill.sent[1]) is None


def test_a_message_that_came_twice_is_found():
    ill = talk()
    hear(ill.devices[1], ill.sent[1])
    with pytest.raises(AssertionError, match="ben got messages twice"):
        ill.check_devices()


def test_messages_in_another_order_are_found():
    ill = talk()
    ill.tablets[0].messages.reverse()
    with pytest.raises(AssertionError, match="ann's tablet heard too early: 'ann 2' .*; before 'ann 0'"):
        ill.check_devices()


@pytest.mark.parametrize("wrong", ["lost", "doubled", "under another id", "never acknowledged as such"])
def test_a_store_that_says_otherwise_is_found(wrong):
    well = talk()
    items = [{"messageId": m.id, "senderId": "ann", "content": m.content} for m in well.sent]
    well.check_items("ben", items)
    if wrong == "lost":
        items.pop()
    elif wrong == "doubled":
        items.append({**items[1], "messageId": "msg_9"})
    elif wrong == "under another id":
        items[1] = {**items[1], "messageId": "msg_9"}
    else:
        items.append({"messageId": "msg_9", "senderId": "ann", "content": "ann 9"})
    with pytest.raises(AssertionError, match="what ben finds of ann's in the store"):
        well.check_items("ben", items)
