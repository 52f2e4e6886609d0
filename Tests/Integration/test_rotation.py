"""Secrets, keys and certificates that are replaced while people are connected."""

import asyncio
import json
import time

import pytest
from harness import certificates, tokens
from harness.client import Client, close_code, connect
from harness.wait import until
from test_keys import TEMPLATE as KEYS_TEMPLATE
from test_keys import KeyPair, is_known, serve_keys  # noqa: F401
from test_tls import CONFIG as TLS_CONFIG
from test_tls import connect as connect_by_tls
from test_tls import tls  # noqa: F401

pytestmark = pytest.mark.one_node("reloads one daemon")

NEW = b"another secret of the tests, of 32 bytes too"


def signed(user, secret=tokens.SECRET, **claims):
    now = time.time()
    return tokens.sign({"alg": "HS256"}, {"sub": user, "iat": now, "exp": now + 3600, **claims}, secret)


async def reload(daemon, *changes):
    return await asyncio.to_thread(daemon.reload, *changes)


async def is_open(client):
    return (await client.ask("PING"))["type"] == "PONG"


def test_a_new_secret_in_front_of_the_old_cuts_nobody_off(daemon):
    secret = daemon.folder / "secret"

    async def run():
        async with connect(daemon, "ada", token=signed("ada")) as ada:
            assert not is_known(daemon, signed("bob", NEW))
            secret.write_bytes(NEW + b"\n" + tokens.SECRET + b"\n")
            plan = await asyncio.to_thread(daemon.command, "plan")
            assert "pipeline.auth" in plan.stdout and "holds something else" in plan.stdout
            await reload(daemon)
            assert is_known(daemon, signed("bob", NEW)) and is_known(daemon, signed("bob"))
            async with connect(daemon, "eve", token=signed("eve", NEW)) as eve:
                assert await is_open(eve)
                # When this one is warned, all who were to be have been.
                async with connect(daemon, "dan", token=tokens.token("dan", lifetime=4, iat=time.time())) as dan:
                    await dan.expect("TOKEN_EXPIRING")
                for client in (ada, eve):
                    assert await is_open(client) and "TOKEN_EXPIRING" not in [e["type"] for e in await client.settle()]

    asyncio.run(run())
    said = daemon.log + daemon.get("/pipeline", port=daemon.admin).text
    assert NEW.decode() not in said and tokens.SECRET.decode() not in said


def test_who_came_by_what_holds_no_more_is_warned_and_may_show_another_token(start):
    """A removed secret and a changed issuer, at the same time, since the grace is long."""
    by_secret, by_issuer = start(), start()
    by_issuer.reload(("/secret\n", "/secret\n    issuer: old\n"))
    (by_secret.folder / "secret").write_bytes(NEW + b"\n" + tokens.SECRET + b"\n")
    by_secret.reload()

    async def change_secret():
        (by_secret.folder / "secret").write_bytes(NEW + b"\n")
        await reload(by_secret)

    async def change_issuer():
        await reload(by_issuer, ("issuer: old", "issuer: new"))

    async def run(daemon, change, before, after):
        async with (
            connect(daemon, "ada", token=before("ada")) as ada,
            connect(daemon, "bob", token=before("bob")) as bob,
            connect(daemon, "eve", token=after("eve") if daemon is by_secret else before("eve")) as eve,
        ):
            await change()
            began = time.monotonic()
            for client in (ada, bob):
                warning = await client.expect("TOKEN_EXPIRING", seconds=10)
                assert warning["expiresAt"] > (await client.ask("PING"))["data"]["serverTime"]
            assert not is_known(daemon, before("carol")) and is_known(daemon, after("carol"))
            assert (await ada.ask("AUTH", {"token": before("ada")}))["type"] == "ERROR"
            assert (await ada.ask("AUTH", {"token": after("ada")}))["type"] == "CONNECTED"
            if daemon is by_issuer:
                assert (await eve.ask("AUTH", {"token": after("eve")}))["type"] == "CONNECTED"
            # Bob shows no other token.
            assert await close_code(bob.socket, seconds=40) == 4401
            assert 20 < time.monotonic() - began < 35
            assert await is_open(ada) and await is_open(eve)

    def issued(issuer):
        return lambda user: signed(user, iss=issuer)

    async def both():
        await asyncio.gather(
            run(by_secret, change_secret, signed, lambda user: signed(user, NEW)),
            run(by_issuer, change_issuer, issued("old"), issued("new")),
        )

    asyncio.run(both())


def test_a_secret_that_can_not_be_used_or_is_gone_changes_nothing(daemon):
    secret = daemon.folder / "secret"
    secret.write_bytes(b"short\n")
    done = daemon.command("reload")
    assert done.returncode == 1 and "holds a secret of less than 32 bytes" in done.stderr
    # At a first start a secret would be made; now it would cut everybody off.
    secret.unlink()
    done = daemon.command("reload")
    assert done.returncode == 1 and "does not exist" in done.stderr and not secret.exists()
    assert is_known(daemon, signed("ada")) and daemon.revision == 1
    secret.write_bytes(tokens.SECRET)
    daemon.reload()
    assert is_known(daemon, signed("ada"))


def test_keys_move_from_a_secret_to_a_server(start, serve_keys):  # noqa: F811
    pair = KeyPair("ES256", "1")
    server = serve_keys(pair)
    daemon = start()
    daemon.reload(("    secret_file: " + str(daemon.folder) + "/secret", f"    jwks_url: {server.url}"))
    assert is_known(daemon, pair.token("ada")) and not is_known(daemon, signed("ada"))
    daemon.reload((f"    jwks_url: {server.url}", "    secret_file: " + str(daemon.folder) + "/secret"))
    assert is_known(daemon, signed("ada")) and not is_known(daemon, pair.token("ada"))


def test_what_is_fetched_is_fetched_again_at_a_reload(start, serve_keys):  # noqa: F811
    old, new = KeyPair("ES256", "old"), KeyPair("ES256", "new")
    server = serve_keys(old)
    daemon = start(config=KEYS_TEMPLATE.replace("AUTH", f"    jwks_url: {server.url}"))
    server.body = json.dumps({"keys": [new.jwk]})
    daemon.reload()
    # Nobody has shown a token whose name would have them looked up.
    until(lambda: not is_known(daemon, old.token("ada")), seconds=5)
    assert is_known(daemon, new.token("ada")) and server.requests == 2


def test_a_stage_that_does_not_start_in_time_fails_the_reload_and_the_old_chain_stays(start, serve_keys):  # noqa: F811
    server = serve_keys(KeyPair("ES256", "1"))
    server.hangs.set()
    daemon = start()
    daemon.reload(("drain: 4s", "drain: 4s\n  reload_timeout: 1s"))
    right = daemon.config.read_text()

    async def run():
        async with connect(daemon, "ada") as ada:
            daemon.rewrite((f"secret_file: {daemon.folder}/secret", f"jwks_url: {server.url}"))
            began = time.monotonic()
            done = await asyncio.to_thread(daemon.command, "reload")
            assert 0.9 < time.monotonic() - began < 4
            assert done.returncode == 1 and "the stages have not started within 1" in done.stderr
            assert await is_open(ada) and is_known(daemon, signed("eve"))
            # One that answers with nothing of use is known at once.
            server.hangs.clear()
            server.released.set()
            server.status = 500
            done = await asyncio.to_thread(daemon.command, "reload")
            assert done.returncode == 1 and "stage 'auth' can't start: " in done.stderr
            daemon.write(right)
            await reload(daemon)
            assert await is_open(ada) and is_known(daemon, signed("eve"))

    asyncio.run(run())
    assert daemon.revision == 3 and daemon.metric('sluice_reloads_total{result="failed"}') == 2


def test_a_new_certificate_is_shown_after_a_reload_and_connections_stay(start, tls):  # noqa: F811
    daemon = start(config=TLS_CONFIG, tls=tls)
    old = certificates.serial(daemon.port)

    async def run():
        async with connect_by_tls(daemon, tls, "alice") as socket:
            alice = Client(socket)
            new = certificates.write(tls)
            await reload(daemon)
            assert await asyncio.to_thread(certificates.serial, daemon.port) == new != old
            # Where it is stored may change too.
            other = certificates.write(tls, "other")
            await reload(daemon, ("sluice.pem", "other.pem"), ("sluice.key", "other.key"))
            assert await asyncio.to_thread(certificates.serial, daemon.port) == other
            assert await is_open(alice)
            (tls / "other.key").write_text("")
            done = await asyncio.to_thread(daemon.command, "reload")
            assert done.returncode == 1 and "holds no private key in PEM" in done.stderr
            assert await asyncio.to_thread(certificates.serial, daemon.port) == other and await is_open(alice)

    asyncio.run(run())
