#!/bin/sh
# Writes the man pages and the shell completions, made from the command line itself, into a folder.
set -eu
folder=$1
mkdir -p "$folder/man1"
swift package --disable-sandbox --allow-writing-to-package-directory \
  generate-manual --multi-page --output-directory "$folder/man1"
# The generator leaves paragraphs apart by empty lines, which are not for man pages (mdoc(7)).
sed -i 's/^$/.Pp/' "$folder"/man1/*.1
for shell in bash zsh fish; do
  .build/release/sluice --generate-completion-script $shell > "$folder/sluice.$shell"
done
