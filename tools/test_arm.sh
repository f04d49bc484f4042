#!/bin/sh
# Builds the C tests for 64-bit Arm and runs them in an emulator. Where either cannot be done it names what is skipped.
#
#   sh tools/test_arm.sh PYTHON     an interpreter that has what a build needs
set -eu

if [ "$(uname -m)" = aarch64 ]; then
    echo "this machine is an Arm: make test runs the C tests on it"
    exit 0
fi

compiler=aarch64-linux-gnu-gcc
emulator=qemu-aarch64
system=/usr/aarch64-linux-gnu
lacking=""
for needed in $compiler $emulator $system/include/stdio.h; do
    command -v $needed >/dev/null || [ -e $needed ] || lacking="$lacking $needed"
done
if [ -n "$lacking" ]; then
    for source in tests/c/test_*.c; do
        echo "skipped: $source on Arm"
    done
    echo "there is no$lacking; on Debian: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
    exit 0
fi

CC=$compiler "$1" setup.py --quiet build_programs
for source in tests/c/test_*.c; do
    program=build/aarch64-release/$(basename "$source" .c)
    echo "$program"
    $emulator -L $system "$program"
done
