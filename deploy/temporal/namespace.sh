#!/bin/sh
# Creates the namespace and Seconder's search attributes; safe to run at every start.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where.
set -eu

attempt=0
until temporal operator cluster health; do
  attempt=$((attempt + 1))
  if [ "$attempt" -ge 30 ]; then
    echo "Temporal did not become healthy." >&2
    exit 1
  fi
  sleep 2
done

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d

# A new namespace takes some seconds to be known everywhere, so this is tried again.
# Each name needs a type of its own: one without is left out, without a word.
attempt=0
until temporal operator search-attribute create \
  --name SeconderAgent --type Keyword --name SeconderState --type Keyword \
  --name SeconderRequester --type Keyword --name SeconderTool --type KeywordList; do
  attempt=$((attempt + 1))
  if [ "$attempt" -ge 30 ]; then
    echo "The search attributes could not be registered." >&2
    exit 1
  fi
  sleep 2
done
