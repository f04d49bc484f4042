#!/bin/sh
# Runs the tests in Python against a wheel, in an environment with the oldest versions that pyproject.toml declares.
#
#   sh tools/test_oldest.sh PYTHON     an interpreter that reads pyproject.toml; the tests get the oldest one there is
#
# The wheel is built with the newest tools. Left out is what an old version does not change, or only in print (programs
# in C, builds, notebooks, documents), and what imports from this folder (conformance).
set -eu

oldest=""
for version in 3.10 3.11; do # the oldest NumPy has no wheel for a newer one
    for python in python$version "${PYENV_ROOT:-$HOME/.pyenv}"/versions/$version.*/bin/python$version; do
        if [ -z "$oldest" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null; then oldest=$python; fi
    done
done
if [ -z "$oldest" ]; then
    echo "skipped: the oldest versions, which need Python 3.10 or 3.11"
    exit 0
fi
echo "the oldest Python here is $oldest"
PYTHON="$oldest" sh tools/check_system.sh

environment=build/oldest
rm -rf $environment
"$oldest" -m venv $environment
"$1" tools/oldest_versions.py >$environment/versions.txt
$environment/bin/pip wheel --quiet --no-deps --wheel-dir $environment .
wheel=$(echo $environment/*.whl)
$environment/bin/pip install --quiet --only-binary :all: --constraint $environment/versions.txt \
    "$wheel[data,plot,images,hdf5,safetensors,notebooks]" pytest hypothesis
ignored=""
for name in c_core build setup conformance notebooks docs; do
    ignored="$ignored --ignore=../../tests/test_$name.py"
done
cd $environment # where the sources do not hide the wheel
bin/pytest --config-file=../../pyproject.toml --rootdir=../.. -p no:cacheprovider $ignored ../../tests
