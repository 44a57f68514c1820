#!/usr/bin/env bash
# Installs the real STAC API server that the tests talk to: pgstac and stac-fastapi on Debian's PostgreSQL.
# The server gets an environment of its own, because its pins need not agree with the project's. Done once.
set -euo pipefail
cd "$(dirname "$0")/../.."
peers=.venv/peers
versions="stac-fastapi.pgstac==7.2.0 pypgstac[psycopg]==0.10.0 uvicorn==0.54.0 starlette==1.10.0"

if ! ls /usr/share/postgresql/15/extension/postgis.control >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "the tests of STAC sources need PostgreSQL 15 with PostGIS 3; install postgresql-15-postgis-3" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15-postgis-3 >/dev/null
fi

if [ "$(cat "$peers/.installed" 2>/dev/null)" != "$versions" ]; then
    "${PYTHON:-.venv/bin/python}" -m venv "$peers"
    # shellcheck disable=SC2086
    "$peers/bin/pip" install --quiet $versions
    echo "$versions" >"$peers/.installed"
fi
