"""One node of two is killed or hangs: who is on the other is not disturbed, and whoever comes back misses nothing."""

import asyncio
import signal

import pytest
from harness.scene import Scene
from harness.talk import now

LEASE = 6
# The lease, the time until another node looks for those that have run out, a grace period of 1 s, and some for luck.
OFFLINE_MAX = LEASE + LEASE / 3 + 1 + 5


@pytest.fixture
def scene(start_cluster, postgres, redis):
    return Scene(start_cluster(2, store=postgres.url, state=redis.url, handshake_timeout=f"10s\n  lease: {LEASE}s"))


def offline(device, user):
    return [at for at, event in device.presence if (event["userId"], event["status"]) == (user, "offline")]


def test_who_was_on_a_killed_node_comes_back_elsewhere_or_goes_offline_by_themselves(scene, measured):
    one, two = scene.nodes

    async def run():
        async with scene.talk() as talk:
            devices = {device.name: device for device in talk.all_devices}
            await talk.until(scene.all_are_online, "everyone is online")
            begun = now()
            two.kill()
            # Whoever was there knows at once, and goes to the other node.
            lost = await talk.until(lambda: not devices["ben"].is_open and not devices["dan"].is_open, "ends are seen")
            for name in ("ben", "ann's tablet"):
                await devices[name].open_again(one)
            back = await talk.flows(begun, ["ann", "ben", "cat"])
            undisturbed = [a for a in talk.answers_since(begun) if a.sender in ("ann", "cat")]
            # Dan stays away; ann, whom he wrote to, hears of it.
            await talk.until(lambda: offline(devices["ann"], "dan"), "dan goes offline", OFFLINE_MAX)
            gone = offline(devices["ann"], "dan")[0] - begun
            await talk.until(lambda: scene.status("dan", one) == "offline", "dan is offline")
            await asyncio.to_thread(two.start)
            started = now()
            await devices["dan"].open_again(two)
            flowing = await talk.flows(started)
            measured(
                "A node killed (on the other one)", undisturbed, end_seen=lost, back_elsewhere=back, offline=gone,
                flowing_after_its_start=flowing,
            )
            await talk.finish()
            assert {answer.code for answer in undisturbed} == {"MESSAGE_SENT"}
            # Ben was back before anyone could have thought him gone.
            assert offline(devices["ann"], "ben") == []

    asyncio.run(run())


@pytest.mark.parametrize("long", [False, True], ids=["for less than its lease", "for more than its lease"])
def test_who_is_on_a_node_that_hangs_gets_all_when_it_goes_on(scene, measured, long):
    _, two = scene.nodes

    async def run():
        async with scene.talk() as talk:
            ann, _, cat, _ = talk.devices
            away = [(device, user) for device in (ann, cat) for user in ("ben", "dan")]
            await talk.until(scene.all_are_online, "everyone is online")
            begun = now()
            two.process.send_signal(signal.SIGSTOP)
            try:
                await talk.answered(begun, 50, ["ann", "cat"])
                if long:
                    await talk.until(lambda: all(offline(*pair) for pair in away), "they go offline", OFFLINE_MAX)
                undisturbed = [a for a in talk.answers_since(begun) if a.sender in ("ann", "cat")]
            finally:
                two.process.send_signal(signal.SIGCONT)
            back = now()
            flowing = await talk.flows(back)
            fast = await talk.is_fast(back)
            await talk.until(scene.all_are_online, "everyone is online again")
            online = now() - back
            more = "longer" if long else "shorter"
            measured(
                f"A node paused for {more} than its lease (on the other one)", undisturbed, flowing=flowing, fast=fast,
                online=online,
            )
            await talk.finish()
            assert {answer.code for answer in undisturbed} == {"MESSAGE_SENT"}
            # Nobody flickers: offline at most once, and nobody who was there all the time.
            told = [len(offline(device, user)) for device in (ann, cat) for user in talk.users]
            assert max(told) <= 1 and sum(told) == (len(away) if long else 0)

    asyncio.run(run())
