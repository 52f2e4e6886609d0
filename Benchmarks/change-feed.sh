#!/bin/sh
# Compares three techniques for a gap-free change feed on a private PostgreSQL: rows a second in batches of 200, by
# turns, with 1, 2 and 4 writers. Wants PostgreSQL's server programs; as root it runs them as the user postgres.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "change-feed: PostgreSQL is not installed" >&2; exit 1; }
data=$(mktemp -d)
cp "$here"/change-feed/*.sql "$data"
chmod 755 "$data"
as_owner() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi; }
[ "$(id -u)" != 0 ] || chown -R postgres "$data"
stop() { as_owner "$bin/pg_ctl -D $data/pg -m immediate stop" >/dev/null 2>&1 || true; rm -rf "$data"; }
trap stop EXIT
as_owner "$bin/initdb -D $data/pg -A trust" >/dev/null
as_owner "$bin/pg_ctl -D $data/pg -w -l $data/log start -o '-k $data -c listen_addresses= -c max_wal_size=4GB'" >/dev/null
as_owner "psql -q -h $data postgres -f $data/schema.sql"
for round in 1 2 3; do
  for writers in 1 2 4; do
    for kind in per-user-sequence horizon lock; do
      tps=$(as_owner "$bin/pgbench -n -M prepared -c $writers -j 2 -T ${SECONDS_EACH:-6} -f $data/$kind.sql -h $data postgres" 2>&1 |
        sed -n 's/^tps = \([0-9]*\).*/\1/p')
      echo "$kind, $writers writers: $((tps * 200)) rows/s"
    done
  done
done
