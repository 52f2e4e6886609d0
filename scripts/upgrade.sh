#!/bin/sh
# Builds the daemon of another commit, begins with two nodes of it, rolls them to this tree's daemon and back again and
# again, under load, and checks what clients saw.
# Usage: scripts/upgrade.sh REF [OPTION of the history checker]…
set -eu
ref=${1:-}
if [ -z "$ref" ]; then
  echo "upgrade: say which release to come from, as in: make upgrade FROM=HEAD~1" >&2
  exit 2
fi
shift
commit=$(git rev-parse --verify --quiet --end-of-options "$ref^{commit}") || {
  echo "upgrade: '$ref' is no tag, branch or commit of this repository" >&2
  exit 2
}

# A tree and a build of its own, so that nothing of one release gets into the other.
source=.build/upgrade/$commit
[ -e "$source/.git" ] || git worktree add --quiet --force --detach "$source" "$commit"
git -C "$source" reset --quiet --hard "$commit"
swift build --package-path "$source" --product sluice || {
  echo "upgrade: the daemon of '$ref' can't be built here" >&2
  exit 1
}
swift build --product sluice

echo "upgrade: from $(git log -1 --format='%h (%s)' "$commit") to $(git describe --always --dirty)"
# push-versions: two changes of one message that commit within a millisecond are told in either order.
PYTHONPATH=Tests/Integration:Tests/History exec .build/python/bin/python -m history \
  --nodes 2 --store postgres --state redis --faults node-upgrade --from "$PWD/$source/.build/debug/sluice" \
  --without push-versions --seconds 40 --record .build/upgrade.jsonl "$@"
