#!/bin/sh
# Builds the release: a binary that holds Swift's runtime and asks for nothing but Debian's own libraries, and that does
# not tell where it was built. Usage: scripts/build-release.sh [PRODUCT], for another one with the same flags.
set -eu
exec swift build -c release --product "${1:-sluice}" \
  --static-swift-stdlib --disable-local-rpath \
  -Xcc "-ffile-prefix-map=$PWD=." -Xswiftc -file-prefix-map -Xswiftc "$PWD=." \
  -Xlinker --build-id=sha1 -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
