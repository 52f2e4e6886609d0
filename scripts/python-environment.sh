#!/bin/sh
# Makes a Python environment, that of the integration tests unless another list of requirements and another place are
# given, once for each state of the list.
set -eu
requirements=${1:-Tests/Integration/requirements.txt}
environment=${2:-.build/python}
stamp=$environment/requirements.txt
cmp -s "$requirements" "$stamp" && exit 0
echo "making the Python environment of $(dirname "$requirements")"
rm -rf "$environment"
python3 -m venv "$environment"
"$environment/bin/pip" install -q --disable-pip-version-check -r "$requirements"
cp "$requirements" "$stamp"
