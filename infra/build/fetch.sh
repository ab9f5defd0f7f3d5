#!/usr/bin/env bash
# Brings the plan that somebody chose, and what is deployed now, for the way back. Nothing has been changed when this fails.
set -euo pipefail
# shellcheck source=infra/build/lib.sh
. infra/build/lib.sh

[[ $PLAN =~ ^[0-9a-f-]{36}$ && $PLAN_SHA256 =~ ^[0-9a-f]{64}$ ]] ||
  fail 'Say which plan: run this trigger with the command that the build of the plan printed last.'

gcloud storage cp "gs://$PLANS_BUCKET/plans/$PLAN.tar.gz" "$planned.tar.gz"
echo "$PLAN_SHA256  $planned.tar.gz" | sha256sum --check --status ||
  fail "The archive of plan $PLAN is not the one whose checksum you gave: nothing was changed."
mkdir -p "$planned"
tar -xzf "$planned.tar.gz" -C "$planned"
for file in .build/relay.tfplan .build/configuration .build/clusters.tsv dist/falco-relay.zip dist/falco-relay.json; do
  [[ -e $planned/$file ]] || fail "The archive of plan $PLAN lacks $file: nothing was changed."
done
commit=$(<"$planned/.build/commit")
[[ $commit == "$COMMIT_SHA" ]] ||
  fail "Plan $PLAN was made of $commit, and this build runs on $COMMIT_SHA: give --sha=$commit. Nothing was changed."

# All is listed and not this one name: no such object is an error to gcloud, as no permission is.
deployed="gs://$PLANS_BUCKET/deployed/current.tar.gz"
list=$(gcloud storage ls "gs://$PLANS_BUCKET/**")
if grep --quiet --line-regexp --fixed-strings "$deployed" <<<"$list"; then
  gcloud storage cp "$deployed" "$before.tar.gz"
  mkdir -p "$before"
  tar -xzf "$before.tar.gz" -C "$before"
  say "Plan $PLAN of $commit is here; the way back is to $(<"$before/.build/commit")."
else
  say "Plan $PLAN of $commit is here. Nothing was deployed by this trigger before: there is no way back but for releases."
fi
