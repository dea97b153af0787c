#!/bin/sh
# Usage, as root: apt-install.sh PACKAGE...
# Installs Debian packages without starting or enabling their services.
set -eu
export DEBIAN_FRONTEND=noninteractive

# Debian asks this script before it starts a service. An existing one is not replaced.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi

was_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }
new_services=
for package in nginx redis-server; do
  was_installed "$package" || new_services="$new_services $package"
done

apt="apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0"
if ! $apt --simulate install --no-install-recommends "$@" > /dev/null 2>&1; then
  echo "parley: apt-get update"
  $apt update
fi
echo "parley: apt-get install $*"
# If the package lists are out of date, the second attempt uses new ones.
$apt install --no-install-recommends "$@" || { $apt update && $apt install --no-install-recommends "$@"; }

if [ -d /run/systemd/system ]; then
  for service in $new_services; do
    was_installed "$service" && systemctl disable --quiet "$service" || true
  done
fi
