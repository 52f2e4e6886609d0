#!/bin/sh
# Checks what scripts/manual.sh has written: every command has a page that formats without a warning, and every shell
# takes its completions.
set -eu
folder=$1
for command in $(.build/release/sluice --help | sed -n '/^SUBCOMMANDS:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
  page=$folder/man1/sluice-$command.1
  test -s "$page" || { echo "there is no page for 'sluice $command'"; exit 1; }
done
for page in "$folder"/man1/*.1; do
  warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
  test -z "$warnings" || { echo "$page: $warnings"; exit 1; }
  lexgrog "$page" | grep -qF "\"$(basename "$page" .1) - " || { echo "$page: apropos can't read its name"; exit 1; }
done
bash -n "$folder/sluice.bash"
zsh -n "$folder/sluice.zsh"
fish --no-execute "$folder/sluice.fish"
echo "man pages and completions are sound"
