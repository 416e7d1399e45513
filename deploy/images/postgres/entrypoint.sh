#!/bin/sh
# A disk that is new gets a database `hub`, its roles, and their passwords from files; then PostgreSQL serves.
set -eu
data=/var/lib/hub-postgres/data
programs=$(echo /usr/lib/postgresql/*/bin)
if [ ! -f "$data/PG_VERSION" ]; then
    "$programs/initdb" -D "$data" -U postgres -E UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256 >/dev/null
    "$programs/pg_ctl" -D "$data" -w -o "-c listen_addresses= -k /tmp" start >/dev/null
    psql="psql -q -h /tmp -U postgres -v ON_ERROR_STOP=1"
    $psql -c 'CREATE DATABASE hub'
    $psql -d hub -f /opt/roles.sql
    for role in owner core desk backup; do
        file="${PASSWORDS_DIR:?is not set}/hub_$role"
        $psql -v password="$(cat "$file")" <<SQL
ALTER ROLE hub_$role PASSWORD :'password';
SQL
    done
    "$programs/pg_ctl" -D "$data" -w stop >/dev/null
    echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
fi
exec "$programs/postgres" -D "$data" -c 'listen_addresses=*' -k /tmp
