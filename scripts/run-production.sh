#!/bin/sh
# Shows the production backends on one machine: a private PostgreSQL and a private Redis, and two nodes on them, until
# it is interrupted. What they keep stays in var/production; the database, where root runs this, in
# /var/lib/postgresql/sluice-production.
set -eu
folder=$PWD/var/production
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
postgres_port=${SLUICE_POSTGRES_PORT:-15432}
redis_port=${SLUICE_REDIS_PORT:-16379}
mkdir -p "$folder"

# PostgreSQL refuses to run as root.
as_postgres=""
if [ "$(id -u)" -eq 0 ]; then
  as_postgres="setpriv --reuid=postgres --regid=postgres --clear-groups"
  mkdir -p /run/sluice-production && chown postgres /run/sluice-production
  data=/var/lib/postgresql/sluice-production
else
  data=$folder/postgres
fi
if [ ! -d "$data" ]; then
  (cd / && $as_postgres "$programs/initdb" -D "$data" -U sluice -A trust -E UTF8 --locale=C >/dev/null)
fi
sockets=$folder
if [ -n "$as_postgres" ]; then sockets=/run/sluice-production; fi

children=""
finish() {
  # A second interrupt must not leave the servers behind.
  trap - EXIT
  trap '' INT TERM
  for child in $children; do kill -TERM "$child" 2>/dev/null || true; done
  for child in $children; do wait "$child" 2>/dev/null || true; done
  if [ -n "${redis:-}" ]; then kill -TERM "$redis" 2>/dev/null || true; fi
  (cd / && $as_postgres "$programs/pg_ctl" -D "$data" -m fast -w stop >/dev/null) || true
}
trap finish EXIT INT TERM

(cd / && $as_postgres "$programs/pg_ctl" -D "$data" -l "$data/log" -w \
  -o "-p $postgres_port -k $sockets -c listen_addresses=127.0.0.1" start >/dev/null)
psql -q -h 127.0.0.1 -p "$postgres_port" -U sluice -d postgres -tc \
  "SELECT 1 FROM pg_database WHERE datname = 'sluice'" | grep -q 1 ||
  createdb -h 127.0.0.1 -p "$postgres_port" -U sluice sluice
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --save '' --appendonly no --daemonize no \
  > "$folder/redis.log" 2>&1 &
redis=$!

secret=$folder/jwt.secret
[ -f "$secret" ] || (umask 077 && head -c 32 /dev/urandom | base64 > "$secret")
export SLUICE_JWT_SECRET_FILE="$secret"
export SLUICE_STORE="postgres://sluice@127.0.0.1:$postgres_port/sluice"
export SLUICE_STATE="redis://127.0.0.1:$redis_port"
for node in 0 1; do
  SLUICE_LISTEN=127.0.0.1:$((8080 + node)) SLUICE_ADMIN=127.0.0.1:$((9090 + node)) .build/release/sluice serve &
  children="$children $!"
done
cat <<TEXT
two nodes: ws://127.0.0.1:8080/ws and ws://127.0.0.1:8081/ws; chat across them from two more terminals:
  SLUICE_JWT_SECRET_FILE=$secret .build/release/sluice listen --as bob --at 127.0.0.1:8081
  SLUICE_JWT_SECRET_FILE=$secret .build/release/sluice send --as alice --to bob "hi"
TEXT
wait
