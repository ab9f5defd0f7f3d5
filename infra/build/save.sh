#!/usr/bin/env bash
# Saves all that an apply needs as one archive: the plan, the sources and the bundle that it was made from, the chart. Says how
# to have it applied. Does nothing unless SAVE is yes: what a pull request plans is never applied.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

if [[ $SAVE != yes ]]; then
  say 'Not saved: a plan of a pull request is to be read, not applied.'
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
archive="$folder/$BUILD_ID.tar.gz"
# Terraform fetches its providers again, by the hashes of the lock file, which comes along.
tar -czf "$archive" --exclude=./node_modules --exclude=./.git --exclude=.terraform --exclude=./.build/bin .
sum=$(sha256sum "$archive" | cut -d' ' -f1)
gcloud storage cp --if-generation-match=0 "$archive" "gs://$PLANS_BUCKET/plans/$BUILD_ID.tar.gz"

say 'Saved. Read the plan above; then, to have exactly this applied:'
echo "gcloud builds triggers run falco-relay-apply --project=$PROJECT_ID --region=$REGION --sha=$COMMIT_SHA" \
  "--substitutions=_PLAN=$BUILD_ID,_PLAN_SHA256=$sum"
