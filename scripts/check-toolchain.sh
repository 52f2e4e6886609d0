#!/bin/sh
# Ends with one clear line where the Swift toolchain is absent or too old.
wanted=6.2
if ! command -v swift >/dev/null 2>&1; then
  echo "sluice: Swift $wanted or newer is needed and 'swift' is not on the PATH: see https://www.swift.org/install/linux/" >&2
  exit 1
fi
found=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)
lowest=$(printf '%s\n%s\n' "$wanted" "${found:-0}" | sort -V | head -n 1)
if [ "$lowest" != "$wanted" ]; then
  echo "sluice: Swift $wanted or newer is needed, this is ${found:-unknown}: see https://www.swift.org/install/linux/" >&2
  exit 1
fi
