#!/bin/sh
# Makes a machine ready: the compiler, QEMU and a few tools by the system's package manager, then .venv
# with the pinned Python packages.  Does nothing, quickly, when all of it is there.
#
#   ci/setup.sh [extra...]      extras of pyproject.toml to install (default: test; none: what a boot needs)
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/.venv
extras=${*:-test}

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 3; }

# The newest version of the LLVM tools that is installed (14 or later), with all the parts we use.
installed_llvm() {
    for version in 14 15 16 17 18 19 20 21 22; do
        if command -v "clang-$version" >/dev/null && command -v "lld-link-$version" >/dev/null \
            && command -v "ld.lld-$version" >/dev/null && command -v "llvm-objcopy-$version" >/dev/null; then
            echo "$version"
            return 0
        fi
    done
    return 1
}

python_is_new_enough() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if python_is_new_enough "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# Names of packages that are missing, on Debian and Ubuntu.
missing_packages() {
    command -v make >/dev/null || echo make
    if ! installed_llvm >/dev/null; then
        version=$(apt-cache search --names-only '^clang-[0-9]+$' 2>/dev/null \
            | sed -n 's/^clang-\([0-9]*\) .*/\1/p' | sort -n | awk '$1 >= 14 { print; exit }')
        version=${version:-14}
        echo "clang-$version" "lld-$version" "llvm-$version"
    fi
    command -v qemu-system-x86_64 >/dev/null || echo qemu-system-x86
    command -v qemu-system-aarch64 >/dev/null || echo qemu-system-arm
    [ -e /usr/share/qemu/qboot.rom ] || echo qemu-system-data
    command -v cpio >/dev/null || echo cpio
    command -v mcopy >/dev/null || echo mtools
    PATH=$PATH:/usr/sbin:/sbin command -v fsck.vfat >/dev/null || echo dosfstools
    [ -e /usr/share/OVMF/OVMF_CODE_4M.fd ] || echo ovmf
    [ -e /usr/share/AAVMF/AAVMF_CODE.fd ] || echo qemu-efi-aarch64
    command -v hivexml >/dev/null || echo libhivex-bin
    case " $extras " in
        *" test "*)
            command -v chromium >/dev/null || echo chromium
            command -v chromedriver >/dev/null || echo chromium-driver
            command -v rsvg-convert >/dev/null || echo librsvg2-bin
            ;;
    esac
    find_python >/dev/null || echo python3 python3-venv
}

install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    [ -n "${packages% }" ] || return 0
    command -v apt-get >/dev/null || die "install these with your package manager: $packages"
    sudo=
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            sudo=sudo
        else
            die "needs root once: sudo apt-get install --no-install-recommends $packages"
        fi
    fi
    say "apt-get update"
    $sudo apt-get update -qq || say "apt-get update failed; trying with the lists that are there"
    packages=$(missing_packages | tr '\n' ' ')
    say "apt-get install $packages"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $packages >/dev/null \
        || die "apt-get could not install: $packages"
    left=$(missing_packages | tr '\n' ' ')
    [ -z "${left% }" ] || die "still missing after the installation: $left"
}

# The venv is made again when pyproject.toml or the wanted extras changed.
make_venv() {
    want=$({ cat "$root/pyproject.toml"; echo "$root"; } | cksum)
    for extra in $extras; do  # "none" is a mark of its own, and no extra
        [ "$(cat "$venv/.smssboot-$extra" 2>/dev/null)" = "$want" ] || stale=1
    done
    [ "${stale:-0}" = 1 ] || [ ! -x "$venv/bin/smssboot" ] || return 0
    if [ ! -x "$venv/bin/python" ]; then
        python=$(find_python) || die "no Python 3.11 or newer with venv was found; set PYTHON"
        say "venv with $("$python" --version)"
        "$python" -m venv "$venv"
    fi
    wanted=$root
    [ "$extras" = none ] || wanted="$root[$(echo "$extras" | tr ' ' ',')]"
    say "pip install -e .${wanted#"$root"}"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check -e "$wanted" || die "pip could not install the Python packages"
    for extra in $extras; do
        echo "$want" >"$venv/.smssboot-$extra"
    done
}

install_packages
make_venv
# Byte code, also where the environment tells Python to write none: it is half of the program's start.
"$venv/bin/python" -m compileall -q "$root/harness/smssboot"
