#!/bin/sh
# Runs every test under a sanitizer ("thread" or "address"), those against the running daemon too; what it finds fails
# them.
set -eu
sanitizer=$1
folder=$PWD/.build/$sanitizer
swift build --build-tests --sanitize="$sanitizer" --scratch-path "$folder"
swift build --product sluice --sanitize="$sanitizer" --scratch-path "$folder"
preload=
if [ "$sanitizer" = thread ]; then
  preload=$folder/mutex.so
  clang -shared -fPIC -O1 -o "$preload" Tests/Sanitizers/mutex.c -ldl
fi
printf '#!/bin/sh\nLD_PRELOAD="%s" exec "%s" "$@"\n' "$preload" "$folder/debug/sluice" > "$folder/sluice"
chmod +x "$folder/sluice"
# What the runtime allocates once and keeps for good is no leak.
export TSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=halt_on_error=1:detect_leaks=0 SWIFT_BACKTRACE=enable=no
for tests in "$folder"/debug/*.xctest; do
  LD_PRELOAD=$preload "$tests" --testing-library swift-testing
done
# A bound on memory cannot be shown here: the sanitizers hold on to what was freed. Nor does the unit's sandbox let them in.
SLUICE_BINARY=$folder/sluice .build/python/bin/python -m pytest -q Tests/Integration -k "not bounded_memory" \
  --ignore Tests/Integration/test_systemd_booted.py
