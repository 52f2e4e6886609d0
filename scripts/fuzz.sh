#!/bin/sh
# Runs each fuzz target for so many seconds (10 by default), from its seeds; what it finds is left in .build/fuzz/found.
set -eu
seconds=${1:-10}
swift build --package-path Tests/Fuzz --scratch-path .build/fuzz --sanitize=fuzzer
for seeds in Tests/Fuzz/Seeds/*; do
  target=fuzz-$(basename "$seeds")
  mkdir -p ".build/fuzz/corpus/$target" .build/fuzz/found
  echo "$target: $seconds s"
  # The same seed each time: a run in CI finds what a run by hand has found, and goes no ways of its own.
  SWIFT_BACKTRACE=enable=no ".build/fuzz/debug/$target" -seed=1 -max_total_time="$seconds" -max_len=4096 \
    -artifact_prefix=.build/fuzz/found/ ".build/fuzz/corpus/$target" "$seeds" > ".build/fuzz/$target.log" 2>&1 ||
    { grep -E 'Fatal error|ERROR|Test unit' ".build/fuzz/$target.log"; exit 1; }
  tail -1 ".build/fuzz/$target.log"
done
