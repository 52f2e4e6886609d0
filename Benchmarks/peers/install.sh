#!/bin/sh
# Gets what the peers of the benchmarks need, those that are named or all, into .build/peers. What Debian has is
# unpacked there rather than installed, but for Node.js where there is none: so the system starts nothing of it, and
# a Node.js that is not Debian's may stay. What is installed or unpacked already is left alone.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
folder=$PWD/.build/peers
root=$folder/root
here=$PWD/Benchmarks/peers

download() { (cd "$folder/packages" && apt-get download -qq -o APT::Sandbox::User=root "$@"); }

# Downloads packages and unpacks them.
unpack() {
  if [ $# -eq 0 ]; then
    echo "apt-get does not say which packages are missing" >&2
    return 1
  fi
  echo "unpacking $*"
  mkdir -p "$folder/packages" "$root"
  # Packages are downloaded to the working directory, and not all by a user who could write elsewhere.
  download "$@" || { update && download "$@"; } # lists may name what the mirror has newer by now
  for package in "$folder"/packages/*.deb; do
    dpkg-deb --extract "$package" "$root"
    rm "$package"
  done
}

update() {
  if [ "$(id -u)" -eq 0 ]; then apt-get update -q >/dev/null; else sudo apt-get update -q >/dev/null; fi
}

# Reads the lists of packages where some can't be had: those that were removed are known, and no more than that.
know() {
  for package in "$@"; do
    apt-cache policy "$package" | grep -q 'Candidate: [0-9]' || { update && return; }
  done
}

# The packages that would have to be installed for some, themselves included.
missing() {
  know "$@"
  apt-get install --simulate --no-install-recommends -qq -o Debug::NoLocking=1 "$@" |
    sed -n 's/^Inst \([^ ]*\) .*/\1/p'
}

# The modules of Node.js that some need, themselves included: none of them is a program.
modules() {
  know "$@"
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances "$@" | sed -n 's/^\(node-[a-z0-9.+-]*\)$/\1/p' | sort -u
}

has() { [ -x "$1" ] || [ -x "$root$1" ]; }

install_node() {
  # It looks for parts of itself under /usr, and starts nothing when it is installed.
  command -v node >/dev/null || scripts/install-dependencies.sh nodejs
  [ -d "$root/usr/share/nodejs/ws" ] && [ -d "$root/usr/share/nodejs/pg" ] && [ -d "$root/usr/share/nodejs/redis" ] ||
    unpack $(modules node-ws node-pg node-redis)
}

for peer in ${*:-ws python-socketio nats-jetstream ejabberd mosquitto}; do
  case $peer in
    ws) install_node ;;
    python-socketio) scripts/python-environment.sh "$here/requirements.txt" "$folder/python" ;;
    nats-jetstream) has /usr/sbin/nats-server || unpack $(missing nats-server) ;;
    mosquitto) has /usr/sbin/mosquitto || unpack $(missing mosquitto) ;;
    ejabberd) has /usr/sbin/ejabberdctl || unpack $(missing ejabberd erlang-p1-pgsql) ;;
    *) echo "there is no peer '$peer'" >&2; exit 2 ;;
  esac
done
