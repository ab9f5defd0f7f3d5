#!/usr/bin/env bash
# Trips the canary of each cluster now, in a job of this build's own.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

needs upgrade
while IFS=$'\t' read -r -u 3 project location name; do
  say "Tripping the canary of $project/$location/$name"
  use_cluster "$project" "$location" "$name"
  kubectl --namespace="$namespace" create job "$(job)" --from=cronjob/falco-relay-canary
  kubectl --namespace="$namespace" wait "job/$(job)" --for=condition=complete --timeout=180s
done 3<"$planned/.build/clusters.tsv"
finish canary
