#!/bin/sh
# Builds the images of the hub, Kafka and PostgreSQL where no image registry answers.
# Needs, as root: a Docker engine, debootstrap, and this checkout after `make set-up`.
# Debian's mirror is the one that this machine's apt is set to; programs come from the locks alone.
set -eu
cd "$(dirname "$0")/../.."
made=build/images
python=.venv/bin/python
mkdir -p "$made"

mirror() {
    {
        sed -nE 's/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
        sed -nE 's/^URIs: *([^ ]+).*/\1/p' /etc/apt/sources.list.d/*.sources
    } 2>/dev/null | head -n 1
}

# $1: name; $2: Debian's packages in it.
system() {
    if docker image inspect "front-door-hub-system:$1" >/dev/null 2>&1; then return; fi
    echo "Debian for $1: $2" >&2
    rm -rf "$made/root-$1"
    debootstrap --variant=minbase --include="$2" bookworm "$made/root-$1" "$(mirror)" >"$made/$1.log" 2>&1 ||
        { tail -n 5 "$made/$1.log" >&2; exit 1; }
    rm -rf "$made/root-$1/var/cache/apt" "$made/root-$1/var/lib/apt/lists"
    tar -C "$made/root-$1" -c . | docker import - "front-door-hub-system:$1" >/dev/null
    rm -rf "$made/root-$1"
}

# $1: name; its context is already in $made/$1.
image() {
    docker build -q -t "front-door-hub-$1" -f "deploy/images/$1/Dockerfile" "$made/$1" >/dev/null
    docker image inspect -f "front-door-hub-$1 {{.Size}} bytes, user {{.Config.User}}" "front-door-hub-$1"
}

system hub python3-minimal,libpython3-stdlib,ca-certificates,tzdata,postgresql-client
system kafka ca-certificates
system postgres postgresql

rm -rf "$made/hub/program"
mkdir -p "$made/hub/program/deploy" "$made/kafka/jars" "$made/postgres"
.venv/bin/uv pip compile --quiet --universal --generate-hashes -p 3.11 --no-header \
    -c requirements.lock pyproject.toml -o "$made/requirements.txt"
.venv/bin/uv pip install --quiet --python "$python" --python-version 3.11 --require-hashes \
    --target "$made/hub/site" -r "$made/requirements.txt"
cp -R hub schemas connectors "$made/hub/program/"
cp -R deploy/rules deploy/calendars deploy/runbook "$made/hub/program/deploy/"
image hub

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

cp deploy/postgres/roles.sql deploy/images/postgres/entrypoint.sh "$made/postgres/"
image postgres
