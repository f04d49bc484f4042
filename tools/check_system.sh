#!/bin/sh
# Names what this machine lacks to build fashioncnn, with the one command that installs it.
#
#   sh tools/check_system.sh              explain what is missing; exit code 1 if anything is
#   sh tools/check_system.sh --packages   print only the missing system packages, one a line
#
# PYTHON and CC choose the interpreter and the compiler (default: python3 and cc).
set -u

PYTHON=${PYTHON:-python3}
CC=${CC:-cc}
reasons=""
packages=""
installable=""

missing() { # reason, then the package for apt, dnf and pacman; only the reason where no package helps
    reasons="$reasons  - $1
"
    if [ $# = 1 ]; then return; fi
    installable=yes
    case $manager in
        apt) package=$2 ;;
        dnf) package=$3 ;;
        pacman) package=$4 ;;
        *) package="" ;;
    esac
    case " $packages " in
        *" $package "*) ;;
        *) packages="${packages:+$packages }$package" ;;
    esac
}

python_says() { "$PYTHON" -c "$1" 2>/dev/null; }

fault() { # what is wrong with the command $1, which should $2
    if command -v "$1" >/dev/null 2>&1; then echo "does not $2"; else echo "is not a command here"; fi
}

compiles() { # whether a C file that includes the header $1 compiles with the flags that follow
    header=$1
    shift
    printf '#include <%s>\nint main(void) { return 0; }\n' "$header" | $CC "$@" -x c - -fsyntax-only 2>/dev/null
}

manager=unknown
for known in apt-get:apt dnf:dnf pacman:pacman; do
    if command -v "${known%%:*}" >/dev/null 2>&1; then
        manager=${known##*:}
        break
    fi
done

# Debian splits Python by version; its unversioned packages belong to python3.
case ${PYTHON##*/} in
    python3.[0-9]*) debian_python=${PYTHON##*/} ;;
    *) debian_python=python3 ;;
esac

if ! python_says 'pass' && [ "$PYTHON" != "$debian_python" ]; then
    missing "Python: '$PYTHON' $(fault "$PYTHON" run) (choose another with PYTHON=...)"
elif ! python_says 'pass'; then
    missing "Python: '$PYTHON' does not run (choose another with PYTHON=...)" \
        "$debian_python $debian_python-venv $debian_python-dev" "python3 python3-devel" python
elif ! python_says 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    version=$(python_says 'import platform; print(platform.python_version())')
    missing "Python 3.10 or newer: '$PYTHON' is $version (choose another with PYTHON=...)"
else
    python_says 'import venv, ensurepip' ||
        missing "Python's venv module (for the virtual environment)" "$debian_python-venv" python3-pip python
fi

if ! compiles stddef.h; then
    reason="a C compiler: '$CC' $(fault "${CC%% *}" compile) (choose another with CC=...)"
    case ${CC%% *} in
        cc | gcc) missing "$reason" "gcc libc6-dev" gcc "gcc glibc" ;;
        clang) missing "$reason" "clang libc6-dev" clang "clang glibc" ;;
        *) missing "$reason" ;;
    esac
    CC=:
else
    compiles stdio.h || missing "the C library's headers (stdio.h)" libc6-dev glibc-devel glibc
fi

if [ "$CC" = : ]; then # without a compiler, look for the files
    [ -e /usr/include/zlib.h ] || missing "zlib's headers (zlib.h)" zlib1g-dev zlib-devel zlib
else
    compiles zlib.h || missing "zlib's headers (zlib.h)" zlib1g-dev zlib-devel zlib
fi

include=$(python_says 'import sysconfig; print(sysconfig.get_path("include"))')
[ -z "$include" ] || [ -e "$include/Python.h" ] ||
    missing "Python's headers (Python.h)" "$debian_python-dev" python3-devel python

if [ "${1:-}" = --packages ]; then
    for package in $packages; do echo "$package"; done
    exit 0
fi
[ -n "$reasons" ] || exit 0
if [ "$(id -u 2>/dev/null)" = 0 ]; then sudo=""; else sudo="sudo "; fi
{
    printf 'fashioncnn cannot be built here yet. Missing:\n%s' "$reasons"
    case $manager in
        apt) command="${sudo}apt-get update && ${sudo}apt-get install -y $packages" ;;
        dnf) command="${sudo}dnf install -y $packages" ;;
        pacman) command="${sudo}pacman -S --needed $packages" ;;
        *) command="" ;;
    esac
    if [ -n "$command" ] && [ -n "$packages" ]; then
        printf 'This installs it:\n  %s\n' "$command"
    elif [ -n "$installable" ]; then
        printf 'Install it with the package manager of your system.\n'
    fi
} >&2
exit 1
