#!/usr/bin/env bash
# Asks Loki until the canary of each cluster is there.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

needs canary
node infra/build/ask-loki.ts "$(job)" <"$planned/.build/clusters.tsv"
finish loki
