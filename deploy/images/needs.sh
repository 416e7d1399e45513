#!/bin/sh
# Says what is missing to build the images (`compose`: to start Compose, too) and how to get it; 1 where something is.
missing=0

lacks() {
    echo "$1 is missing. $2" >&2
    missing=1
}

install="As root: apt-get install -y --no-install-recommends"
[ "$(id -u)" = 0 ] || lacks "Root" "Images are made by debootstrap and secrets belong to the images' users: run it as root."
command -v debootstrap >/dev/null || lacks "debootstrap" "$install debootstrap"
if ! command -v docker >/dev/null; then
    lacks "The Docker engine" "$install docker.io docker-cli iptables (Debian 12 has no docker-cli: leave it out)"
elif ! docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
    if command -v dockerd >/dev/null; then
        lacks "A Docker engine that answers" "As root: systemctl start docker (without systemd: dockerd &)"
    else
        lacks "The Docker engine" "$install docker.io iptables"
    fi
fi
if [ "${1:-}" = compose ] && ! docker compose version >/dev/null 2>&1; then
    lacks "Docker's Compose plugin" "$install docker-compose (Debian 12 has Compose 1 alone: deploy/images/compose-plugin.sh builds 2, with Go)"
fi
exit "$missing"
