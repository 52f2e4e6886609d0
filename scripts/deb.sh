#!/bin/sh
# Builds the Debian package, and another one with its debug information, into a folder.
set -eu
DEB_FOLDER=$(realpath -m "$1")
export DEB_FOLDER
rm -rf "$DEB_FOLDER"
mkdir -p "$DEB_FOLDER"
debian/rules clean
debian/rules binary
debian/rules clean
ls -lh "$DEB_FOLDER"
