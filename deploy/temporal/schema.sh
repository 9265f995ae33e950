#!/bin/sh
# Creates Temporal's databases, or brings them up to this version; safe to run at every start.
set -eu

sql_tool() {
  database=$1
  shift
  # The password comes from SQL_PASSWORD.
  temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -u "$POSTGRES_USER" -p "$DB_PORT" --db "$database" "$@"
}

for part in temporal visibility; do
  case $part in
    temporal) database=temporal ;;
    visibility) database=temporal_visibility ;;
  esac
  sql_tool "$database" create
  sql_tool "$database" setup-schema -v 0.0
  sql_tool "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$part/versioned"
done
