#!/usr/bin/env bash
# Creates or completes the project's Python environment; a complete one costs a fraction of a second.
#
#   usage: tools/setup.sh                  create or complete the environment
#          tools/setup.sh --check          exit 0 if the environment is complete and current, else 1 and why
#          tools/setup.sh --which-python   print the Python 3.11 that would be used
#
#   PYTHON=PATH   use this interpreter and no other
#   STACK=NAME    tfx116, tfx121 or auto (the default)
#   VENV=DIR      folder of the environment (default .venv); use one folder for each stack to keep both
#
# A shell script without libraries, because it runs before there is a Python.
set -euo pipefail

venv=${VENV:-.venv}
stamp=$venv/.setup-stamp  # written last: an environment without a current stamp is not ready
rejected=()               # "PATH REASON" of each interpreter that was tried and is not usable

# Runs in any Python from 2.7 on. Prints "ok<tab>executable<tab>version<tab>glibc" or "no<tab>reason".
# Prints the base executable with links resolved: the interpreter behind a pyenv shim, a link or a virtual environment.
# So an environment is recognized as made from the same interpreter.
# A self-built Python often lacks sqlite3, bz2 or lzma; MLflow or pandas would fail only much later.
probe_code='
import os, sys

def reason():
    if sys.version_info[:2] != (3, 11):
        return "is Python %d.%d, not 3.11" % sys.version_info[:2]
    lacking = []
    for name in ("venv", "ensurepip", "ssl", "sqlite3", "ctypes", "zlib", "bz2", "lzma"):
        try:
            __import__(name)
        except ImportError:
            lacking.append(name)
    if lacking:
        return "lacks " + ", ".join(lacking)
    try:
        glibc = os.confstr("CS_GNU_LIBC_VERSION").split()[1]
    except (ValueError, AttributeError, IndexError):
        return "has no GNU C library, which the wheels of TFX need"
    if os.uname()[4] != "x86_64":
        return "runs on %s; TFX publishes wheels for x86_64 only" % os.uname()[4]
    print("\t".join(["ok", os.path.realpath(sys._base_executable), "%d.%d.%d" % sys.version_info[:3], glibc]))

why = reason()
if why:
    print("no\t" + why)
'

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- the interpreter ------------------------------------------------------------------------------------------------

# Sets python, version and glibc from the interpreter $1; else sets reason and fails.
probe() {
  local answer status=0
  answer=$("$1" -I -c "$probe_code" 2>/dev/null </dev/null) || status=$?
  case $status:$answer in
    0:ok$'\t'*) IFS=$'\t' read -r _ python version glibc <<<"$answer" ;;
    0:no$'\t'*) reason=${answer#*$'\t'}; return 1 ;;
    *) reason="does not run (exit $status)"; return 1 ;;  # a pyenv shim that is not active: 127
  esac
}

# Prints "SOURCE<tab>PATH" of every candidate, best first.
candidates() {
  local prefix uv_pythons=${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/uv/python}
  if [[ -e $venv/bin/python ]]; then echo "$venv/bin/python" | label "in $venv"; fi
  { type -aP python3.11; type -P python3; type -P python; } | label 'on PATH' || true
  if prefix=$(pyenv prefix 3.11 2>/dev/null); then echo "$prefix/bin/python3.11" | label 'from pyenv'; fi
  newest_first "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/3.11.*/bin/python3.11" | label 'from pyenv'
  newest_first "$uv_pythons/cpython-3.11*/bin/python3.11" | label 'from uv'
}

label() { while IFS= read -r path; do printf '%s\t%s\n' "$1" "$path"; done; }

# Prints the paths that match the glob $1, the highest version first.
newest_first() { compgen -G "$1" | sort -rV || true; }

# Sets python, version, glibc and source (the place of the interpreter).
find_python() {
  local candidate path
  source='as PYTHON says'
  if [[ -n ${PYTHON:-} ]]; then
    probe "$PYTHON" || die "PYTHON=$PYTHON $reason. Name a usable Python 3.11, or unset PYTHON to search for one."
    return
  fi
  while IFS=$'\t' read -r candidate path <&3; do
    if probe "$path"; then source=$candidate; return; fi
    rejected+=("$path $reason")
  done 3< <(candidates | awk -F '\t' '!seen[$2]++')
  fetch_python || no_python
}

# Has uv fetch a Python 3.11.
fetch_python() {
  local uv output path
  scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
  uv=$(any_uv) || { rejected+=('uv is not available either: not on PATH, and pip of no python3 could install it'); return 1; }
  say 'no usable Python 3.11 on this machine; fetching one with uv'
  output=$("$uv" python install 3.11 2>&1) || { rejected+=("uv could not fetch one: ${output//$'\n'/ }"); return 1; }
  while IFS= read -r path <&3; do
    if probe "$path"; then source='fetched by uv'; return; fi
    rejected+=("$path $reason")
  done 3< <(newest_first "$("$uv" python dir)/cpython-3.11*/bin/python3.11")
  return 1
}

# Prints a uv that runs: the one on PATH (which may be a broken shim), or one that the pip of a python3 installs into
# $scratch.
any_uv() {
  local python3
  if uv --version >/dev/null 2>&1; then echo uv; return; fi
  while IFS= read -r python3; do
    "$python3" -m pip install --quiet --disable-pip-version-check --target "$scratch" uv >/dev/null 2>&1 </dev/null || continue
    if "$scratch/bin/uv" --version >/dev/null 2>&1; then echo "$scratch/bin/uv"; return; fi
  done < <(type -aP python3 python)
  return 1
}

no_python() {
  local line
  say 'no usable Python 3.11. Install one of these, then run the same command again:'
  cat >&2 <<'END'
  Debian 12            apt-get install python3.11 python3.11-venv
  Ubuntu (deadsnakes)  apt-get install python3.11 python3.11-venv
  Fedora, RHEL         dnf install python3.11
  pyenv                pyenv install 3.11
  uv                   uv python install 3.11
or name another one: make setup PYTHON=/path/to/python3.11
END
  if ((${#rejected[@]})); then
    echo 'Tried and rejected:' >&2
    for line in "${rejected[@]}"; do echo "  $line" >&2; done
  fi
  exit 1
}

# --- the stack ------------------------------------------------------------------------------------------------------

version_at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }  # MINIMUM VERSION

# Sets stack, constraints and stack_why from STACK and the C library of the interpreter (not of the system).
choose_stack() {
  case ${STACK:-auto} in
    auto)
      # The ml-metadata and TFDV wheels of the newer stack need glibc 2.39.
      if version_at_least 2.39 "$glibc"; then
        stack=tfx121 stack_why="the newer one; glibc $glibc"
      else
        stack=tfx116 stack_why="the newer one needs glibc 2.39, this is $glibc"
      fi ;;
    tfx116) stack=tfx116 stack_why="as STACK says; glibc $glibc" ;;
    tfx121)
      version_at_least 2.39 "$glibc" ||
        die "STACK=tfx121 needs glibc 2.39 or newer, but $python has $glibc. Use STACK=tfx116, or a PYTHON with a newer C library."
      stack=tfx121 stack_why="as STACK says; glibc $glibc" ;;
    *) die "STACK=$STACK is unknown. Use tfx116, tfx121 or auto." ;;
  esac
  constraints=constraints/py311-$stack.txt
}

# --- the environment ------------------------------------------------------------------------------------------------

# Prints the stamp of a complete environment. It holds the root, because scripts in bin/ contain absolute paths.
current_stamp() {
  printf 'root=%s\npython=%s\nstack=%s\n' "$PWD" "$python" "$stack"
  printf 'inputs=%s\n' "$(cat "$constraints" setup.py pyproject.toml tools/setup.sh | sha256sum | cut -d ' ' -f 1)"
}

# Sets task to ready, update (install over the present one) or build (from nothing), and task_why.
assess() {
  local old='' new
  new=$(current_stamp)
  if [[ -f $stamp ]]; then old=$(<"$stamp"); fi
  if [[ -n $old && $old == "$new" ]]; then task=ready task_why=
  elif [[ -z $old ]] && made_for_here; then task=update task_why='not made by this script'
  elif [[ -z $old ]]; then task=build task_why='there is none yet'
  elif [[ $old == incomplete ]]; then task=build task_why='an earlier setup was interrupted'
  elif [[ ${old%$'\n'inputs=*} == "${new%$'\n'inputs=*}" ]]; then task=update task_why='pins or metadata changed'
  else task=build task_why="the present one is for $(grep -vxF "$new" <<<"$old" | grep -v '^inputs=' | paste -sd ' ')"
  fi
}

# Succeeds for a working environment of the same interpreter at this path that another tool made.
made_for_here() {
  local chosen=$python folder=$venv
  [[ $folder == /* ]] || folder=$PWD/$folder
  # In a subshell, because probe sets the variables of the chosen interpreter.
  grep -qsF "$folder" "$venv/bin/activate" && (probe "$venv/bin/python" && [[ $python == "$chosen" ]])
}

build_venv() {
  if [[ -e $venv ]]; then
    [[ -f $venv/pyvenv.cfg || -f $stamp || -z $(ls -A "$venv") ]] ||
      die "$venv exists and is not a virtual environment. Move it, or name another folder with VENV=..."
    find "$venv/" -mindepth 1 -delete  # only the content: $venv may be a link to a larger disk
  fi
  mkdir -p "$venv"
  echo incomplete >"$stamp"
  "$python" -I -m venv "$venv" || die "$python could not make $venv (see above)."
}

ensure_uv() {
  if "$venv/bin/uv" --version >/dev/null 2>&1; then return; fi
  if ! "$venv/bin/python" -I -m pip --version >/dev/null 2>&1; then
    "$venv/bin/python" -I -m ensurepip --default-pip >/dev/null  # environments made by uv have no pip
  fi
  "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check "$(grep '^uv==' "$constraints")" ||
    die "pip could not install uv into $venv (see above)."
}

# Passes pip's package mirror and certificate on to uv, which does not read pip's configuration.
use_pip_configuration() {
  local index cert configured=${XDG_CONFIG_HOME:-${HOME:-}/.config}/uv/uv.toml
  if [[ -f $configured || -f /etc/uv/uv.toml || -n ${UV_CONFIG_FILE:-} ]]; then return; fi
  index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(pip_setting index-url)}}}
  cert=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
  if [[ -n $index ]]; then export UV_DEFAULT_INDEX=$index; fi
  if [[ -n $cert ]]; then export SSL_CERT_FILE=$cert; fi
}

# Not `pip config get`, which before pip 23.1 reads the user's file only.
pip_setting() { "$venv/bin/python" -I -m pip config list 2>/dev/null | sed -n "s/^global\\.$1='\\(.*\\)'\$/\\1/p" || true; }

# --no-deps, because the constraints are the complete resolved set: nothing unpinned is installed. uv, because TFX 1.16
# declares "Python < 3.11" although it runs on 3.11: uv ignores the upper bound, pip refuses (docs/decisions/0001).
install_packages() {
  local install=("$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps)
  say "installing the missing packages of $constraints (up to 3 GB, which takes minutes on a slow network)"
  "${install[@]}" -r "$constraints" || die "the packages could not be installed (see above); run the same command again."
  "${install[@]}" --no-build-isolation --editable . || die "the project could not be installed (see above)."
  if [[ -n ${PYTHONDONTWRITEBYTECODE:-} ]]; then  # as in many containers: each process would compile its imports
    say 'compiling the packages, because PYTHONDONTWRITEBYTECODE is set'
    "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null || say 'some files of the packages could not be compiled'
  fi
}

set_up() {
  SECONDS=0
  if [[ $task == build ]]; then build_venv; else echo incomplete >"$stamp"; fi
  ensure_uv
  use_pip_configuration
  install_packages
  current_stamp >"$stamp.new"
  mv "$stamp.new" "$stamp"
  say "$venv is ready after $SECONDS s"
}

# Two setups of one checkout would break each other; the second one waits.
lock() {
  if ! type -P flock >/dev/null; then return; fi
  exec 9<tools
  flock --nonblock 9 || { say 'waiting for another setup of this checkout'; flock 9; }
}

main() {
  unset CDPATH UV_SYSTEM_PYTHON
  cd -- "${BASH_SOURCE[0]%/*}/.."
  case ${1:-} in
    --which-python) find_python; echo "$python"; return ;;
    --check) [[ -f $stamp ]] || die "$venv was not made by this script" ;;
    '') ;;
    *) die "unknown argument $1. The first lines of tools/setup.sh list the arguments." ;;
  esac
  find_python
  choose_stack
  assess
  if [[ $task != ready && ${1:-} != --check ]]; then lock; assess; fi
  say "Python $version ($source: $python), stack $stack ($stack_why), $venv: $task${task_why:+ ($task_why)}"
  if [[ ${1:-} == --check ]]; then [[ $task == ready ]]; return; fi
  if [[ $task != ready ]]; then set_up; fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
