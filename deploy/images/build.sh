#!/bin/sh
# Builds the images of the hub, Kafka and PostgreSQL where no image registry answers; those that nothing changed for stay.
# Needs, as root: a Docker engine, debootstrap, and this checkout after `make set-up`.
# Debian's mirror is the one that this machine's apt is set to; programs come from the locks alone.
set -eu
cd "$(dirname "$0")/../.."
made=build/images
python=.venv/bin/python
deploy/images/needs.sh
mkdir -p "$made"

mirror() {
    {
        sed -nE 's/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
        sed -nE 's/^URIs: *([^ ]+).*/\1/p' /etc/apt/sources.list.d/*.sources
    } 2>/dev/null | head -n 1
}

# $1: name; $2: Debian's packages in it.
system() {
    if [ "$(label "front-door-hub-system:$1")" = "$2" ]; then return; fi
    echo "Debian for $1: $2" >&2
    rm -rf "$made/root-$1"
    debootstrap --variant=minbase --include="$2" bookworm "$made/root-$1" "$(mirror)" >"$made/$1.log" 2>&1 ||
        { tail -n 5 "$made/$1.log" >&2; exit 1; }
    rm -rf "$made/root-$1/var/cache/apt" "$made/root-$1/var/lib/apt/lists"
    tar -C "$made/root-$1" -c . | docker import -c "LABEL made-of=$2" - "front-door-hub-system:$1" >/dev/null
    rm -rf "$made/root-$1"
}

label() {
    docker image inspect -f '{{index .Config.Labels "made-of"}}' "$1" 2>/dev/null || true
}

# $1: name; the rest: files and directories of which it is made. True where the image is made of just these.
stands() {
    name=$1
    shift
    sum=$({
        docker image inspect -f '{{.Id}}' "front-door-hub-system:$name"
        find "$@" "deploy/images/$name" deploy/images/build.sh -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c 1-64)
    [ "$(label "front-door-hub-$name")" = "$sum" ]
}

# $1: name; its context is already in $made/$1, and `stands` was asked for it.
image() {
    docker build -q --label "made-of=$sum" -t "front-door-hub-$1" -f "deploy/images/$1/Dockerfile" "$made/$1" >/dev/null
    docker image inspect -f "front-door-hub-$1 {{.Size}} bytes, user {{.Config.User}}" "front-door-hub-$1"
}

system hub python3-minimal,libpython3-stdlib,ca-certificates,tzdata,postgresql-client
system kafka ca-certificates
system postgres postgresql

if ! stands hub pyproject.toml requirements.lock hub schemas connectors deploy/rules deploy/calendars deploy/runbook; then
    rm -rf "$made/hub"
    mkdir -p "$made/hub/program/deploy"
    .venv/bin/uv pip compile --quiet --universal --generate-hashes -p 3.11 --no-header \
        -c requirements.lock pyproject.toml -o "$made/requirements.txt"
    .venv/bin/uv pip install --quiet --python "$python" --python-version 3.11 --require-hashes \
        --target "$made/hub/site" -r "$made/requirements.txt"
    cp -R hub schemas connectors "$made/hub/program/"
    cp -R deploy/rules deploy/calendars deploy/runbook "$made/hub/program/deploy/"
    image hub
fi

if ! stands kafka deploy/kafka hub/embedded requirements.lock; then
    rm -rf "$made/kafka"
    mkdir -p "$made/kafka/jars"
    "$python" - "$made/kafka" <<'PYTHON'
import shutil
import sys
from pathlib import Path

from hub.embedded.runtime import class_path, java

context = Path(sys.argv[1])
for jar in class_path():
    shutil.copy(jar, context / "jars")
shutil.copytree(java().parents[1], context / "jre", dirs_exist_ok=True)
PYTHON
    cp deploy/kafka/server.properties deploy/images/kafka/entrypoint.sh "$made/kafka/"
    image kafka
fi

if ! stands postgres deploy/postgres; then
    rm -rf "$made/postgres"
    mkdir -p "$made/postgres"
    cp deploy/postgres/roles.sql deploy/images/postgres/entrypoint.sh "$made/postgres/"
    image postgres
fi
