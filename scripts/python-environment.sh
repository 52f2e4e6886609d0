#!/bin/sh
# Makes the Python environment of the integration tests, once for each list of requirements.
set -eu
environment=.build/python
stamp=$environment/requirements.txt
cmp -s Tests/Integration/requirements.txt "$stamp" && exit 0
echo "making the Python environment of the integration tests"
rm -rf "$environment"
python3 -m venv "$environment"
"$environment/bin/pip" install -q --disable-pip-version-check -r Tests/Integration/requirements.txt
cp Tests/Integration/requirements.txt "$stamp"
