#!/bin/sh
# Writes the man pages and the shell completions, made from the command line itself, into a folder.
set -eu
folder=$1
rm -rf "$folder"
mkdir -p "$folder/man1"
# Asking the plugin for its help builds the generator, and no more; asking it for pages would build the daemon once again.
swift package --disable-sandbox --allow-writing-to-package-directory generate-manual --help >/dev/null
"$(swift build --show-bin-path)/generate-manual-tool" .build/release/sluice --multi-page --output-directory "$folder/man1" \
  --date "$(date --utc --date "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%F)"
# The generator leaves paragraphs apart by empty lines, which are not for man pages (mdoc(7)).
sed -i 's/^$/.Pp/' "$folder"/man1/*.1
# The page of `sluice serve` is sluice-serve(1), where man(1) and apropos(1) look for it.
sed -i '/^\.\(Dt\|Xr\) /s/\./-/2g' "$folder"/man1/*.1
for page in "$folder"/man1/sluice.*.1; do
  words=$(basename "$page" .1 | tr . ' ')
  name=$(echo "$words" | tr ' ' -)
  sed -i "s/^\.Nm \"$words\"\$/.Nm $name/; /^\.Sh SYNOPSIS\$/{n;s/^\.Nm\$/.Nm \"$words\"/}" "$page"
  mv "$page" "$folder/man1/$name.1"
done
for shell in bash zsh fish; do
  # They are read by the shell and never run.
  .build/release/sluice --generate-completion-script $shell | sed '1{/^#!/d}' > "$folder/sluice.$shell"
done
