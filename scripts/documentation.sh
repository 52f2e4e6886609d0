#!/bin/sh
# Writes the reference of what stages are written with (DocC), a folder for each module, from what has been built for
# debugging. A link that leads nowhere fails it.
set -eu
folder=$1
modules=.build/debug/Modules
target=$(swift -print-target-info | sed -n 's/.*"triple": *"\([^"]*\)".*/\1/p' | head -n 1)
flags=$(pkg-config --cflags yaml-0.1 sqlite3)
for module in Pipeline Services PipelineTestKit; do
  graphs=$folder/graphs/$module
  rm -rf "$graphs" "$folder/$module"
  mkdir -p "$graphs"
  includes=""
  for map in Sources/C*; do includes="$includes -I $map"; done
  # shellcheck disable=SC2086
  swift symbolgraph-extract -module-name "$module" -I "$modules" $includes $flags \
    -target "$target" \
    -minimum-access-level public -output-dir "$graphs"
  said=$(docc convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$graphs" \
    --fallback-display-name "$module" --fallback-bundle-identifier "sluice.$module" \
    --output-path "$folder/$module" 2>&1) || { echo "$said"; exit 1; }
  # Parameters whose names say all need no words.
  wrong=$(echo "$said" | grep -E '^(warning|error): ' | grep -v ' is missing documentation$' || true)
  test -z "$wrong" || { echo "$module: $wrong"; exit 1; }
done
echo "wrote the reference to $folder"
