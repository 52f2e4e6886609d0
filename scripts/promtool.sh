#!/bin/sh
# Puts Prometheus' promtool into .build/promtool, out of Debian's package, once. The package is not installed: it would
# start a server, on the port of the admin listener.
set -eu
folder=.build/promtool
[ -x $folder/promtool ] && exit 0
echo "fetching promtool"
rm -rf $folder
mkdir -p $folder/package
cd $folder/package
if ! apt-get download -q prometheus >/dev/null 2>&1; then
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
  $as_root apt-get update -q >/dev/null
  apt-get download -q prometheus >/dev/null
fi
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
mv usr/bin/promtool ..
cd ..
rm -r package
