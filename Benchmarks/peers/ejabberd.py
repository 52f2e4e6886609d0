"""ejabberd, an XMPP server: an archive of all messages in PostgreSQL, clients by WebSocket."""

import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

from .peer import Peer, libraries, program, said

ERLANG = Path("/usr/lib/erlang")
SCHEMA = Path("/usr/share/ejabberd/sql/pg.sql")
VERSIONS = """
application:load(ejabberd), {ok, Version} = application:get_key(ejabberd, vsn),
io:format("ejabberd ~s, Erlang/OTP ~s~n", [Version, erlang:system_info(otp_release)]), halt().
"""
# Where its defaults are for less than these loads:
# - Clients come 128 at a time. Of a listen queue of 5 the kernel drops those for whom it has no room, and they try again
#   after 1, 3, 7, 15 and 31 s. Later releases have 128 (processone/ejabberd#4025).
# - Who is written to by a thousand has more waiting than 10,000 messages (max_fsm_queue) and 5,000 that are not counted
#   yet (max_ack_queue). Past either its session is ended, and the rest is left to the archive.
# - A cache of 1,000 users is shrunk over and over by more; the log tells to enlarge it.
# - The other peers have 20 connections to PostgreSQL; its own default is 10. They are made when the first is wanted, so it
#   is asked for before there are clients.
CONNECTIONS = 20
CONNECT = 'ejabberd_sql:sql_query(<<"localhost">>, [<<"SELECT 1">>]).'
CONFIGURATION = """
loglevel: warning
hosts: [localhost]
listen:
  - port: {port}
    ip: 127.0.0.1
    module: ejabberd_http
    backlog: 1024
    request_handlers:
      /ws: ejabberd_http_ws
auth_method: jwt
jwt_key: {folder}/key.json
jwt_jid_field: sub
cache_size: 100000
max_fsm_queue: 1000000
default_db: sql
sql_type: pgsql
sql_pool_size: {connections}
sql_server: 127.0.0.1
sql_port: {postgres_port}
sql_database: {database}
sql_username: {user}
sql_password: "{password}"
modules:
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_mam: {{ default: always, assume_mam_usage: true }}
  mod_offline: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{ max_ack_queue: infinity, resend_on_timeout: if_offline }}
"""


class Ejabberd(Peer):
    name = "ejabberd"
    wire = "xmpp"
    refuses_root = True
    guarantee = (
        "acknowledged when the sender's copy is committed (fsync) and the message routed; not idempotent, in order, "
        "the rest by the archive"
    )

    def prepare(self):
        self.database = self.postgres.database()
        done = self.postgres.psql(f"\\i {program(SCHEMA)}", self.database)
        assert done.returncode == 0, done.stderr
        key = base64.urlsafe_b64encode(self.secret_file.read_bytes().strip()).rstrip(b"=").decode()
        (self.folder / "key.json").write_text(json.dumps({"kty": "oct", "k": key}))
        server = urlsplit(self.postgres.url())
        self.configuration = self.folder / "ejabberd.yml"
        self.configuration.write_text(
            CONFIGURATION.format(
                port=self.port,
                folder=self.folder,
                postgres_port=server.port,
                database=self.database,
                connections=CONNECTIONS,
                user=server.username,
                password=server.password,
            )
        )
        self.configuration.chmod(0o600)

    def command(self):
        # As ejabberdctl has it, but for the node's name: one that has none needs no daemon that knows nodes by name.
        return [
            *(emulator(), "+K", "true", "+P", "250000", "-noinput"),
            *("-mnesia", "dir", f'"{self.folder}/spool"', "-s", "ejabberd", "-eval", CONNECT),
        ]

    def is_ready(self):
        made = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.database}'"
        return super().is_ready() and int(self.postgres.query(made)) == CONNECTIONS

    def environment(self):
        return {
            "EJABBERD_CONFIG_PATH": str(self.configuration),
            "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
            "ERL_CRASH_DUMP": str(self.folder / "crash.dump"),
            "ERL_MAX_PORTS": "65536",
            **erlang(),
        }

    @staticmethod
    def version():
        return said(emulator(), "-noinput", "-eval", VERSIONS, **erlang())


def emulator():
    """What `erl` executes: that is a script which knows one place only."""
    return next(program(ERLANG).glob("erts-*/bin/erlexec"))


def erlang():
    """The environment in which Erlang finds itself and ejabberd's modules."""
    root, folder = program(ERLANG), emulator().parent
    own = {"ROOTDIR": str(root), "BINDIR": str(folder), "EMU": "beam", "PROGNAME": "erl"}
    return {**own, "ERL_LIBS": str(root.parent / "x86_64-linux-gnu"), **libraries(root)}
