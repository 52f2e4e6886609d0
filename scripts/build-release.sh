#!/bin/sh
# Builds the release: a binary that holds Swift's runtime and asks for nothing but Debian's own libraries, and that does
# not tell where it was built.
# Usage: scripts/build-release.sh [OPTION…], options of `swift build` in place of `--product sluice`: what is built by the
# same flags shares what is compiled. It is planned anew each time, since the plan that is kept may be another package's.
set -eu
[ $# -gt 0 ] || set -- --product sluice
exec swift build -c release "$@" --disable-build-manifest-caching \
  --static-swift-stdlib --disable-local-rpath \
  -Xcc "-ffile-prefix-map=$PWD=." -Xswiftc -file-prefix-map -Xswiftc "$PWD=." \
  -Xlinker --build-id=sha1 -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
