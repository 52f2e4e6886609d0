"""Each rule of the checker, on histories written by hand: what it must let pass, and what it must catch."""

import json

import pytest
from history.checker import check_file, report
from history.view import View
from story import Story, message, pair

READ = {"messageId": "m1", "readerId": "bob", "readAt": "T5", "version": 2}
EDITED = {"messageId": "m1", "content": "alice/m1 edit", "editedAt": "T4", "version": 2}


def one_message():
    story, alice, bob = pair()
    story.say(alice, "m1")
    story.push(bob, message("m1"))
    return story, alice, bob


def test_a_plain_history_violates_nothing():
    story, alice, bob = one_message()
    story.say(bob, "m2", "alice")
    story.push(alice, message("m2", "bob", "alice"))
    assert story.end([message("m1"), message("m2", "bob", "alice")]).rules() == set()


def test_a_record_in_which_nothing_happened_shows_nothing():
    story, _, _ = pair()
    assert story.end([]).rules() == {"whole"}


@pytest.mark.parametrize("cut", [{"marks": False}, {"users": ("alice",)}])
def test_a_record_without_its_end_or_a_reader_shows_nothing(cut):
    story, _, _ = one_message()
    assert "whole" in story.end([message("m1")], **cut).rules()


def test_a_client_that_never_came_back_is_found():
    story, _, bob = one_message()
    story.close(bob)
    assert "whole" in story.end([message("m1")]).rules()


def test_a_send_that_is_never_acknowledged_is_found():
    story, alice, _ = one_message()
    ref = story.compose(alice, "m2")
    story.receive(alice, "ERROR", {"code": "INVALID_EVENT", "tempId": "m2"}, ref)
    assert story.end([message("m1")]).rules() == {"answered"}


def test_an_acknowledged_message_that_is_not_stored_is_lost():
    story, _, _ = one_message()
    lost = [v for v in story.end([], pages={"alice": [], "bob": []}).violations() if v.rule == "lost"]
    assert len(lost) == 4 and {4, 5} <= set(lost[0].lines), "for both sides, in sync and pages; the send and its answer"


def test_a_message_that_only_one_side_has_is_lost():
    story, _, _ = one_message()
    story.end([message("m1")], fresh={"bob": []})
    assert [v.text for v in story.violations() if v.rule == "lost"] == ["m1 (alice's m1) is not in bob's fresh sync"]


def test_a_message_missing_in_the_history_pages_is_lost():
    story, _, _ = one_message()
    assert story.end([message("m1")], pages={"bob": []}).rules() == {"lost"}


def test_sending_again_is_no_violation_where_it_is_told_as_a_duplicate():
    story, alice, bob = one_message()
    story.say(alice, "m1", duplicate=True)
    ref = story.compose(alice, "m2")
    story.close(alice)
    alice = story.open("alice.0")
    story.sync(alice, "resume", [message("m1")])
    story.say(alice, "m2", duplicate=True)
    story.push(bob, message("m2"))
    assert ref and story.end([message("m1"), message("m2")]).rules() == set()


def test_two_ids_for_one_send_are_found():
    story, alice, bob = one_message()
    story.say(alice, "m1", id="m9", duplicate=True)
    both = [message("m1"), message("m9", content="alice/m1 x")]
    story.push(bob, both[1])
    assert story.end(both).rules() == {"doubled"}


def test_two_acknowledgements_as_new_are_found():
    story, alice, _ = one_message()
    story.say(alice, "m1")
    assert story.end([message("m1")]).rules() == {"doubled"}


def test_one_id_for_two_sends_is_found():
    story, alice, _ = one_message()
    story.say(alice, "t2", id="m1")
    assert "doubled" in story.end([message("m1")]).rules()


def test_a_second_row_of_a_send_is_found_though_no_acknowledgement_names_it():
    story, alice, bob = one_message()
    second = message("m2", content="alice/m1 x")
    story.push(bob, second)
    story.push(alice, second)
    texts = [v.text for v in story.end([message("m1"), second]).violations() if v.rule == "doubled"]
    assert "bob has 2 rows of alice's alice/m1" in texts


def test_a_message_twice_in_a_fresh_sync_is_found():
    story, _, _ = one_message()
    assert story.end([message("m1")], fresh={"bob": [message("m1")] * 2}).rules() == {"doubled"}


def test_a_message_twice_in_history_pages_is_found():
    story, _, _ = one_message()
    assert story.end([message("m1")], pages={"bob": [message("m1")] * 2}).rules() == {"doubled"}


def test_a_push_repeated_on_one_connection_is_found_and_on_another_is_not():
    story, _, bob = one_message()
    tablet = story.open("bob.1")
    story.push(tablet, message("m1"))
    story.sync(bob, "track", [message("m1")])
    assert Story.rules(story.end([message("m1")])) == set()
    story, _, bob = one_message()
    again = story.push(bob, message("m1"))
    (violation,) = story.end([message("m1")]).violations()
    assert violation.rule == "doubled" and again in violation.lines


@pytest.mark.parametrize("code, rules", [("UNAVAILABLE", {"refused"}), ("TIMEOUT", set())])
def test_what_was_refused_as_unavailable_was_not_taken(code, rules):
    story, alice, bob = one_message()
    story.receive(alice, "ERROR", {"code": code, "tempId": "m2"}, story.compose(alice, "m2"))
    story.say(alice, "m2", duplicate=True)
    story.push(bob, message("m2"))
    assert story.end([message("m1"), message("m2")]).rules() == rules


def test_a_message_that_was_shown_and_never_stored_is_a_phantom():
    story, _, bob = one_message()
    story.push(bob, message("m2"))
    assert story.end([message("m1")]).rules() == {"phantom"}


@pytest.mark.parametrize("way", ["push", "sync"])
def test_a_message_of_others_is_foreign(way):
    story, _, _ = one_message()
    carol = story.open("carol.0")
    story.push(carol, message("m1")) if way == "push" else story.sync(carol, "resume", [message("m1")])
    assert story.end([message("m1")], users=("alice", "bob", "carol")).rules() == {"foreign"}


def three(order, connections=1):
    """m1 to m3, sent in that order and pushed in another."""
    story, alice, bob = pair()
    for number in (1, 2, 3):
        sender = alice if number == 1 or connections == 1 else story.open("alice.1")
        story.say(sender, f"m{number}")
        if connections > 1:
            for other in [c for c, device in story.open_ones.items() if device != "bob.0" and c != sender]:
                story.push(other, message(f"m{number}"))
            story.sync(sender, "resume", [message(f"m{n}") for n in range(1, number)])
    for id in order:
        story.push(bob, message(id))
    return story


STORED = [message("m1"), message("m2"), message("m3")]


def test_pushes_in_the_order_of_the_sends_are_in_order():
    assert three(["m1", "m2", "m3"]).end(STORED).rules() == set()


def test_pushes_in_another_order_are_found_with_the_sends_and_the_pushes():
    story = three(["m1", "m3", "m2"])
    (violation,) = story.end(STORED).violations()
    assert violation.rule == "order" and set(violation.lines) == {6, 8, 11, 12}


def test_sends_of_several_connections_have_no_order_among_them():
    assert three(["m3", "m2", "m1"], connections=3).end(STORED).rules() == set()


def test_a_sync_in_another_order_is_found():
    wrong = [STORED[1], STORED[0], STORED[2]]
    assert three(["m1", "m2", "m3"]).end(STORED, track={"bob.0": wrong}).rules() == {"order"}
    assert three(["m1", "m2", "m3"]).end(STORED, fresh={"bob": wrong}).rules() == {"order"}


def test_a_changed_message_may_come_later_in_a_sync():
    story = three(["m1", "m2", "m3"])
    (bob,) = [c for c, device in story.open_ones.items() if device == "bob.0"]
    (alice,) = [c for c, device in story.open_ones.items() if device == "alice.0"]
    story.change(alice, "EDIT_MESSAGE", {"messageId": "m1", "content": EDITED["content"]}, "MESSAGE_EDITED", EDITED)
    story.receive(bob, "MESSAGE_EDITED", EDITED)
    edited = message("m1", version=2, content=EDITED["content"], editedAt="T4")
    assert story.end([*STORED[1:], edited]).rules() == set()


def test_history_pages_in_another_order_are_found():
    wrong = [STORED[2], STORED[0], STORED[1]]
    assert three(["m1", "m2", "m3"]).end(STORED, pages={"bob": wrong}).rules() == {"order"}


def test_the_attempt_that_was_stored_gives_a_message_its_place():
    story, alice, bob = pair()
    story.receive(alice, "ERROR", {"code": "UNAVAILABLE", "tempId": "m2"}, story.compose(alice, "m2"))
    story.say(alice, "m1")
    story.say(alice, "m2")
    story.push(bob, message("m1"))
    story.push(bob, message("m2"))
    assert story.end(STORED[:2]).rules() == set()


def read_message(told=True):
    story, alice, bob = one_message()
    story.change(bob, "MESSAGE_READ", {"messageId": "m1"}, "MESSAGE_READ_UPDATE", READ)
    if told:
        story.receive(alice, "MESSAGE_READ_UPDATE", READ)
    return story


SEEN = message("m1", version=2, readAt="T5", deliveredAt="T5")


def test_a_read_that_reached_all_is_no_violation():
    assert read_message().end([SEEN]).rules() == set()


def test_an_acknowledged_read_that_is_not_stored_is_found():
    assert "changes" in read_message().end([message("m1")]).rules()


def test_an_acknowledged_read_that_has_another_time_is_found():
    assert "changes" in read_message().end([{**SEEN, "readAt": "T6"}]).rules()


def test_a_read_up_to_a_message_marks_those_before_it_that_the_reader_knew():
    story = three(["m1", "m2", "m3"])
    alice, bob = list(story.open_ones)
    update = {**READ, "messageId": "m2"}
    story.change(bob, "MESSAGE_READ", {"upTo": "m2"}, "MESSAGE_READ_UPDATE", update)
    for connection, ids in ((alice, ("m1", "m2")), (bob, ("m1",))):
        for id in ids:
            story.receive(connection, "MESSAGE_READ_UPDATE", {**READ, "messageId": id})
    good = [STORED[2], SEEN, {**SEEN, "messageId": "m2", "content": "alice/m2 x"}]
    lines = list(story.lines)
    assert story.end(good).rules() == set()
    story.lines = lines
    assert "changes" in story.end([STORED[2], STORED[0], good[2]]).rules()


def test_two_sides_that_end_with_different_states_are_found():
    assert "changes" in read_message().end([SEEN], fresh={"alice": [message("m1")]}).rules()


def edited_message():
    story, alice, bob = one_message()
    story.change(alice, "EDIT_MESSAGE", {"messageId": "m1", "content": EDITED["content"]}, "MESSAGE_EDITED", EDITED)
    story.receive(bob, "MESSAGE_EDITED", EDITED)
    return story, alice


def test_an_acknowledged_edit_that_is_not_stored_is_found():
    assert "changes" in edited_message()[0].end([message("m1", version=2, editedAt="T4")]).rules()


def test_an_edit_whose_fate_is_unknown_may_have_been_the_last():
    story, alice = edited_message()
    story.send(alice, "EDIT_MESSAGE", {"messageId": "m1", "content": "alice/m1 later"})
    story.close(alice)
    alice, stored = story.open("alice.0"), message("m1", version=3, content="alice/m1 later", editedAt="T6")
    story.sync(alice, "resume", [stored])
    bob = next(c for c, device in story.open_ones.items() if device == "bob.0")
    story.receive(bob, "MESSAGE_EDITED", {**EDITED, "content": stored["content"], "editedAt": "T6", "version": 3})
    assert story.end([stored]).rules() == set()


def test_a_message_that_says_what_nobody_wrote_is_altered():
    story, _, _ = one_message()
    assert "altered" in story.end([message("m1", content="alice/m1 y")]).rules()


def test_a_message_whose_metadata_are_others_is_altered():
    story, _, _ = one_message()
    assert story.end([message("m1", metadata={"a": 1})]).rules() == {"altered"}


def test_a_message_to_another_than_it_was_written_to_is_altered():
    story, _, _ = one_message()
    stored = message("m1", receiver="carol")
    assert "altered" in story.end([stored], users=("alice", "bob", "carol")).rules()


def test_a_deleted_message_that_still_speaks_is_altered():
    story, alice, bob = one_message()
    deleted = {"messageId": "m1", "deletedAt": "T4", "version": 2}
    story.change(alice, "DELETE_MESSAGE", {"messageId": "m1"}, "MESSAGE_DELETED", deleted)
    story.receive(bob, "MESSAGE_DELETED", deleted)
    lines = list(story.lines)
    assert story.end([message("m1", version=2, content="", deletedAt="T4")]).rules() == set()
    story.lines = lines
    assert story.end([message("m1", version=2, deletedAt="T4")]).rules() == {"altered"}


def test_a_version_that_goes_back_in_a_sync_is_found():
    story = read_message()
    assert story.end([SEEN], track={"bob.0": [SEEN, message("m1"), SEEN]}).rules() == {"versions"}


def test_a_version_that_was_told_and_never_stored_is_found():
    story = read_message()
    assert "versions" in story.end([{**SEEN, "version": 1}]).rules()


def test_two_edits_under_one_version_are_found():
    story, alice = edited_message()
    other = {**EDITED, "content": "alice/m1 other"}
    story.change(alice, "EDIT_MESSAGE", {"messageId": "m1", "content": other["content"]}, "MESSAGE_EDITED", other)
    assert "versions" in story.end([message("m1", version=2, content=EDITED["content"], editedAt="T4")]).rules()


def test_a_version_that_goes_back_on_a_connection_is_found():
    story, alice, bob = pair()
    story.say(alice, "m1")
    story.change(bob, "MESSAGE_READ", {"messageId": "m1"}, "MESSAGE_READ_UPDATE", READ)
    story.receive(alice, "MESSAGE_READ_UPDATE", READ)
    story.push(bob, message("m1"))
    assert story.end([SEEN]).rules() == {"push-versions"}


def test_a_cursor_that_skips_a_message_is_found():
    assert three(["m1", "m2", "m3"]).end(STORED, track={"bob.0": [STORED[0], STORED[2]]}).rules() == {"cursor"}


def test_a_cursor_that_skips_a_change_is_found():
    assert read_message().end([SEEN], track={"alice.0": [message("m1")]}).rules() == {"cursor"}


def test_what_only_a_sync_told_a_connected_client_was_not_pushed():
    story, alice, _ = pair()
    story.say(alice, "m1")
    assert story.end([message("m1")], final=[message("m1")]).rules() == {"pushed"}
    assert read_message(told=False).end([SEEN], final=[SEEN]).rules() == {"pushed"}


def test_what_a_tracking_sync_told_does_not_count_as_pushed():
    story, alice, bob = pair()
    story.say(alice, "m1")
    story.sync(bob, "track", [message("m1")])
    assert story.end([message("m1")], final=[message("m1")]).rules() == {"pushed"}


def test_what_neither_push_nor_sync_told_a_client_is_missing():
    story, alice, _ = pair()
    story.say(alice, "m1")
    assert story.end([message("m1")]).rules() == {"pushed", "continuing"}


def test_a_sync_after_a_reconnect_counts_as_told():
    story, alice, bob = pair()
    story.close(bob)
    story.say(alice, "m1")
    story.sync(story.open("bob.0"), "resume", [message("m1")])
    assert story.end([message("m1")]).rules() == set()


def test_a_delivery_is_for_the_sender_alone():
    story, alice, bob = one_message()
    tablet = story.open("bob.1")
    story.push(tablet, message("m1"))
    update = {"messageId": "m1", "receiverId": "bob", "deliveredAt": "T3", "version": 2}
    story.change(bob, "MESSAGE_DELIVERED", {"messageId": "m1"}, "MESSAGE_DELIVERED_UPDATE", update)
    lines, stored = list(story.lines), message("m1", version=2, deliveredAt="T3")
    story.receive(alice, "MESSAGE_DELIVERED_UPDATE", update)
    assert story.end([stored]).rules() == set()
    story.lines = lines
    assert story.end([stored], final=[stored]).rules() == {"pushed"}


@pytest.mark.parametrize(
    ("exit", "code", "expected"), [(0, 1012, set()), (0, None, set()), (0, 1006, {"drained"}), (1, 1012, {"drained"})]
)
def test_a_node_that_is_told_to_end_tells_its_clients_and_exits_with_0(exit, code, expected):
    story, _, bob = one_message()
    story.fault("node-upgrade", "begin")
    story.close(bob, **({"code": code} if code else {}))
    story.fault("node-upgrade", "end", exit=exit)
    story.sync(story.open("bob.0"), "resume", [message("m1")])
    assert story.end([message("m1")]).rules() == expected


def test_a_client_may_be_cut_off_where_something_else_fails_meanwhile():
    story, _, bob = one_message()
    story.fault("node-stop", "begin")
    story.fault("redis-pause", "begin")
    story.close(bob, code=1006)
    story.fault("node-stop", "end", exit=0)
    story.fault("redis-pause", "end")
    story.sync(story.open("bob.0"), "resume", [message("m1")])
    assert story.end([message("m1")]).rules() == set()


@pytest.mark.parametrize(
    ("code", "error", "facts", "expected"),
    [
        (None, None, {"reloads": 3, "failed": 1}, set()), (None, "INVALID_EVENT", {}, set()),
        (1006, None, {}, {"reloaded"}), (4401, None, {}, {"reloaded"}), (None, "UNAVAILABLE", {}, {"reloaded"}),
        (None, "RATE_LIMITED", {}, {"reloaded"}), (None, None, {"wrong": ["half a file: 0"]}, {"reloaded"}),
    ],
)
def test_a_reload_that_somebody_feels_is_found(code, error, facts, expected):
    story, alice, bob = one_message()
    story.fault("node-reload", "begin")
    if error:
        story.receive(alice, "ERROR", {"code": error}, story.send(alice, "PING", {}))
    story.close(bob, **({"code": code} if code else {}))
    story.fault("node-reload", "end", **facts)
    story.sync(story.open("bob.0"), "resume", [message("m1")])
    assert story.end([message("m1")]).rules() == expected


def test_what_is_known_of_a_message_does_not_depend_on_the_order_in_which_it_came():
    events = [("NEW_MESSAGE", message("m1")), ("MESSAGE_EDITED", EDITED), ("MESSAGE_READ_UPDATE", {**READ, "version": 3})]
    views = []
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1, 0]):
        view = View()
        for index in order:
            view.take(*events[index])
        views.append(view.messages)
    assert all(view == views[0] for view in views) and views[0]["m1"]["content"] == EDITED["content"]


def test_a_record_in_a_file_is_checked_alike_and_reported_by_rule(tmp_path):
    story = three(["m1", "m3", "m2"]).end(STORED)
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in story.lines))
    violations = check_file(path)
    assert report(violations).startswith("order: 1 violation\n  order: m2, sent before m3 on alice.0.c1, comes after it in")
    assert "(lines 6, 8, 11, 12)" in report(violations) and check_file(path, without=["order"]) == []
