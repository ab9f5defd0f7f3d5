#!/usr/bin/env bash
# Upgrades the release in each cluster, one after the other: where one fails the rest are left alone. Notes before each which
# revision it had, for the way back.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

needs apply
begin upgrade
: >.build/upgraded.tsv

# The revision that is deployed, or nothing where there is none. Helm itself says "not found" with the exit code of any error.
revision() {
  kubectl --namespace="$namespace" get secrets --selector="owner=helm,name=$release,status=deployed" \
    --output='jsonpath={.items[*].metadata.labels.version}'
}

while IFS=$'\t' read -r -u 3 project location name; do
  say "Upgrading $project/$location/$name"
  use_cluster "$project" "$location" "$name"
  revision=$(revision)
  printf '%s\t%s\t%s\t%s\n' "$project" "$location" "$name" "${revision##* }" >>.build/upgraded.tsv
  values=()
  for file in common "${project}_${location}_$name"; do
    file="$planned/$HELM_VALUES/$file.yaml"
    if [[ -f $file ]]; then values+=("--values=$file"); fi
  done
  helm upgrade "$release" "$planned"/.build/chart/*.tgz --install --namespace="$namespace" --create-namespace \
    --wait --timeout=10m "${values[@]}" --set="cluster.project=$project,cluster.location=$location,cluster.name=$name" \
    --set="pubsub.project=$PROJECT_ID"
done 3<"$planned/.build/clusters.tsv"
finish upgrade
