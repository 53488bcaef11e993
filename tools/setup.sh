#!/usr/bin/env bash
# Makes the project's Python environment; where it is there already, finds that out quickly and does nothing.
#
#   usage: tools/setup.sh                  set up what is missing
#          tools/setup.sh --check          exit 0 if the environment is complete and current, else 1 and why
#          tools/setup.sh --which-python   print the Python 3.11 that would be used
#
#   PYTHON=PATH   use this interpreter and no other
#   STACK=NAME    tfx116, tfx121 or auto (the default)
#   VENV=DIR      folder of the environment (default .venv); one for each stack keeps both
#
# Why no library: this runs before there is any Python to run one with.
set -euo pipefail

venv=${VENV:-.venv}
stamp=$venv/.setup-stamp  # written last: an environment without a true stamp never counts as ready
passed_over=()            # "PATH REASON" of each interpreter that was tried and does not serve

# Runs in any Python from 2.7 on. Prints "ok<tab>executable<tab>version<tab>glibc" or "no<tab>reason".
# The base executable, links resolved, is what stands behind a pyenv shim, a link or another virtual environment; so
# an environment names the same interpreter as the one it was made from.
# sqlite3, bz2, lzma, ...: a self-built Python often lacks them, and MLflow or pandas would only say so much later.
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

# Prints "WHERE<tab>PATH" of every interpreter worth a try, best first.
candidates() {
  local prefix uv_pythons=${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/uv/python}
  if [[ -e $venv/bin/python ]]; then echo "$venv/bin/python" | found_at "in $venv"; fi
  { type -aP python3.11; type -P python3; type -P python; } | found_at 'on PATH' || true
  if prefix=$(pyenv prefix 3.11 2>/dev/null); then echo "$prefix/bin/python3.11" | found_at 'from pyenv'; fi
  newest_first "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/3.11.*/bin/python3.11" | found_at 'from pyenv'
  newest_first "$uv_pythons/cpython-3.11*/bin/python3.11" | found_at 'from uv'
}

found_at() { while IFS= read -r path; do printf '%s\t%s\n' "$1" "$path"; done; }

# Prints the paths that match the glob $1, the highest version first.
newest_first() { compgen -G "$1" | sort -rV || true; }

# Sets python, version, glibc and found (where it was).
find_python() {
  local where path
  found='as PYTHON says'
  if [[ -n ${PYTHON:-} ]]; then
    probe "$PYTHON" || die "PYTHON=$PYTHON $reason. Name a usable Python 3.11, or unset PYTHON to have one searched for."
    return
  fi
  while IFS=$'\t' read -r where path <&3; do
    if probe "$path"; then found=$where; return; fi
    passed_over+=("$path $reason")
  done 3< <(candidates | awk -F '\t' '!seen[$2]++')
  fetch_python || no_python
}

# Has uv fetch a Python 3.11.
fetch_python() {
  local uv output path
  scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
  uv=$(any_uv) || { passed_over+=('uv could not be had either: neither on PATH nor by pip of a python3'); return 1; }
  say 'no usable Python 3.11 on this machine; uv fetches one'
  output=$("$uv" python install 3.11 2>&1) || { passed_over+=("uv could not fetch one: ${output//$'\n'/ }"); return 1; }
  while IFS= read -r path <&3; do
    if probe "$path"; then found='fetched by uv'; return; fi
    passed_over+=("$path $reason")
  done 3< <(newest_first "$("$uv" python dir)/cpython-3.11*/bin/python3.11")
  return 1
}

# Prints a uv that really runs: the one on PATH (may be a shim), or one that pip of some python3 puts into $scratch.
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
or name one that lies elsewhere: make setup PYTHON=/path/to/python3.11
END
  if ((${#passed_over[@]})); then
    echo 'Tried and passed over:' >&2
    for line in "${passed_over[@]}"; do echo "  $line" >&2; done
  fi
  exit 1
}

# --- the stack ------------------------------------------------------------------------------------------------------

version_at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }  # MINIMUM VERSION

# Sets stack, constraints and stack_why from STACK and the interpreter's C library (not the system's: they can differ).
choose_stack() {
  case ${STACK:-auto} in
    auto)
      # ml-metadata's and TFDV's wheels of the newer stack were built against glibc 2.39.
      if version_at_least 2.39 "$glibc"; then
        stack=tfx121 stack_why="the newer one; glibc $glibc"
      else
        stack=tfx116 stack_why="the newer one needs glibc 2.39; here is $glibc"
      fi ;;
    tfx116) stack=tfx116 stack_why="as STACK says; glibc $glibc" ;;
    tfx121)
      version_at_least 2.39 "$glibc" ||
        die "STACK=tfx121 needs glibc 2.39 or newer, but $python has $glibc. Use STACK=tfx116, or a PYTHON with a newer C library."
      stack=tfx121 stack_why="as STACK says; glibc $glibc" ;;
    *) die "STACK=$STACK is unknown; it is tfx116, tfx121 or auto." ;;
  esac
  constraints=constraints/py311-$stack.txt
}

# --- the environment ------------------------------------------------------------------------------------------------

# What the stamp of a complete environment says. The root is in it because scripts in bin/ hold absolute paths.
true_stamp() {
  printf 'root=%s\npython=%s\nstack=%s\n' "$PWD" "$python" "$stack"
  printf 'inputs=%s\n' "$(cat "$constraints" setup.py pyproject.toml tools/setup.sh | sha256sum | cut -d ' ' -f 1)"
}

# Sets task to ready, update (install over what is there) or build (from nothing), and task_why.
assess() {
  local old='' new
  new=$(true_stamp)
  if [[ -f $stamp ]]; then old=$(<"$stamp"); fi
  if [[ -n $old && $old == "$new" ]]; then task=ready task_why=
  elif [[ -z $old ]] && made_for_here; then task=update task_why='not made by this script, so completed'
  elif [[ -z $old ]]; then task=build task_why='there is none that fits'
  elif [[ $old == incomplete ]]; then task=build task_why='an earlier set-up was interrupted'
  elif [[ ${old%$'\n'inputs=*} == "${new%$'\n'inputs=*}" ]]; then task=update task_why='pins or metadata changed'
  else task=build task_why="the present one is for $(grep -vxF "$new" <<<"$old" | grep -v '^inputs=' | paste -sd ' ')"
  fi
}

# True for a working environment of the same interpreter that somebody else made at this very path.
made_for_here() {
  local chosen=$python folder=$venv
  [[ $folder == /* ]] || folder=$PWD/$folder
  # A subshell, because probe sets the variables of the interpreter that was chosen.
  grep -qsF "$folder" "$venv/bin/activate" && (probe "$venv/bin/python" && [[ $python == "$chosen" ]])
}

build_venv() {
  if [[ -e $venv ]]; then
    [[ -f $venv/pyvenv.cfg || -f $stamp || -z $(ls -A "$venv") ]] ||
      die "$venv is in the way: it is no virtual environment. Move it, or name another folder with VENV=..."
    find "$venv/" -mindepth 1 -delete  # the content only: $venv may be a link to a roomier disk
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

# uv does not read pip's configuration, where many machines name their package mirror and its certificate.
heed_pip_configuration() {
  local index cert configured=${XDG_CONFIG_HOME:-${HOME:-}/.config}/uv/uv.toml
  if [[ -f $configured || -f /etc/uv/uv.toml || -n ${UV_CONFIG_FILE:-} ]]; then return; fi
  index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(pip_setting index-url)}}}
  cert=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
  if [[ -n $index ]]; then export UV_DEFAULT_INDEX=$index; fi
  if [[ -n $cert ]]; then export SSL_CERT_FILE=$cert; fi
}

# Not `pip config get`, which before pip 23.1 looks into the user's file only.
pip_setting() { "$venv/bin/python" -I -m pip config list 2>/dev/null | sed -n "s/^global\\.$1='\\(.*\\)'\$/\\1/p" || true; }

# --no-deps, because the constraints are the whole resolved set: nothing unpinned may slip in. And uv, because TFX 1.16
# says "Python < 3.11" although it runs on 3.11: uv ignores such upper bounds, pip refuses (docs/decisions/0001).
install_packages() {
  local install=("$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps)
  say "installing what is missing of $constraints (3 GB from nothing: minutes on a slow network)"
  "${install[@]}" -r "$constraints" || die "the packages could not be installed (see above); run the same command again."
  "${install[@]}" --no-build-isolation --editable . || die "the project could not be installed (see above)."
}

set_up() {
  SECONDS=0
  if [[ $task == build ]]; then build_venv; else echo incomplete >"$stamp"; fi
  ensure_uv
  heed_pip_configuration
  install_packages
  true_stamp >"$stamp.new"
  mv "$stamp.new" "$stamp"
  say "$venv is ready after $SECONDS s"
}

# Two set-ups of one checkout at a time would spoil each other; the second waits.
lock() {
  if ! type -P flock >/dev/null; then return; fi
  exec 9<tools
  flock --nonblock 9 || { say 'waiting for another set-up of this checkout'; flock 9; }
}

main() {
  unset CDPATH UV_SYSTEM_PYTHON
  cd -- "${BASH_SOURCE[0]%/*}/.."
  case ${1:-} in
    --which-python) find_python; echo "$python"; return ;;
    --check) [[ -f $stamp ]] || die "$venv was not made by this script" ;;
    '') ;;
    *) die "unknown argument $1; see the head of tools/setup.sh" ;;
  esac
  find_python
  choose_stack
  assess
  if [[ $task != ready && ${1:-} != --check ]]; then lock; assess; fi
  say "Python $version ($found: $python), stack $stack ($stack_why), $venv: $task${task_why:+ ($task_why)}"
  if [[ ${1:-} == --check ]]; then [[ $task == ready ]]; return; fi
  if [[ $task != ready ]]; then set_up; fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
