#!/bin/sh
# Installs Debian's package of Fashion-MNIST where that needs no question: on a system with apt-get, as root or with
# passwordless sudo. Elsewhere, or if it fails, does nothing: training then downloads the data, or uses the sample.
#
#   sh tools/install_data.sh PYTHON       PYTHON: an interpreter with fashioncnn installed
set -u

package=dataset-fashion-mnist

"$1" -c 'import sys; from fashioncnn.datasets import fashion_mnist; sys.exit(not fashion_mnist.find())' && exit 0
command -v apt-get >/dev/null 2>&1 || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=env
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Fashion-MNIST is also a Debian package: sudo apt-get install $package" >&2
    exit 0
fi

echo "Installing Debian's package $package ..."
install() { DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends "$package"; }
install >/dev/null 2>&1 || { $as_root apt-get update -q && install; } ||
    echo "$package could not be installed; going on without it." >&2
exit 0
