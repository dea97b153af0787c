#!/usr/bin/env bash
# Installs programs that only tests and npm run chaos use: toxiproxy in a pinned version into .cache/bin, and strace, faketime and
# redis-sentinel from the system's packages.
# Usage: packages/chaos/install-test-tools.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=.cache/bin
scratch=
trap 'if [ -n "$scratch" ]; then rm -rf "$scratch"; fi' EXIT

# install_go_program NAME MODULE PACKAGE VERSION
install_go_program() {
  local name=$1 module=$2 package=$3 version=$4
  if [ -x "$bin/$name" ] && go version -m "$bin/$name" | grep -qF "$module"$'\t'"$version"$'\t'; then
    echo "$name $version is installed"
    return
  fi
  echo "installing $name $version: go install $module/$package@$version"
  mkdir -p "$bin"
  scratch=$(mktemp -d "$PWD/$bin/new-XXXXXX")
  GOBIN=$scratch go install "$module/$package@$version"
  # Atomic, so that no other process runs an incomplete file.
  mv -f "$scratch/$(basename "$package")" "$bin/$name"
  rm -rf "$scratch"
}

# install_system_packages PROGRAM...: each is the name of a program and of its Debian package
install_system_packages() {
  local missing=() program root=()
  for program in "$@"; do
    if command -v "$program" > /dev/null; then echo "$program is installed"; else missing+=("$program"); fi
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ]; then root=(sudo -n); fi
  if ! command -v apt-get > /dev/null || ! "${root[@]}" true 2> /dev/null; then
    echo "not installed: ${missing[*]}. Install them with the system's package manager; the tests that need them are skipped"
    return
  fi
  echo "installing ${missing[*]}: apt-get install ${missing[*]}"
  # On Debian the packages of servers start them; this machine only needs the programs.
  if ! "${root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null; then
    echo "not installed: ${missing[*]}. The tests that need them are skipped"
  fi
}

install_system_packages strace faketime redis-sentinel

if ! command -v go > /dev/null; then
  echo "go is not installed (https://go.dev/dl): tests that need toxiproxy-server are skipped"
  exit 0
fi
install_go_program toxiproxy-server github.com/Shopify/toxiproxy/v2 cmd/server v2.5.0
