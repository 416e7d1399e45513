#!/bin/sh
# Builds Docker's Compose plugin for this user from its Go module, where the distribution has Compose 1 alone.
# Ten minutes on two slow cores. Go checks what it fetches against its public list of sums.
set -eu
version=v2.40.3 # the last that speaks to an engine of Debian 12 (API 1.41)
module=github.com/docker/compose/v2
command -v go >/dev/null || { echo "Go is missing. As root: apt-get install -y --no-install-recommends golang-go" >&2; exit 1; }
there="${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cd "$made"
# In a module of its own, because Compose's has lines by which Go does not install it alone.
go mod init compose-plugin
go get -tool "$module/cmd@$version"
go build -trimpath -ldflags "-s -w -X $module/internal.Version=$version" -o docker-compose "$module/cmd"
mkdir -p "$there"
mv docker-compose "$there/docker-compose"
docker compose version
