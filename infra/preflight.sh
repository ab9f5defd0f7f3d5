#!/usr/bin/env bash
# `bash infra/preflight.sh PROJECT [PIPELINE]`: whether all is there that Terraform can't make itself, a line each, and the command
# that mends what is missing. It changes nothing. By the environment, where they are used:
#   REGION      of the relay; default europe-west1
#   STORE       firestore (the default) or redis
#   SECRETS     [PROJECT/]SECRET:VERSION, by spaces, as your configuration names them
#   SUBNETWORK  projects/HOST/regions/REGION/subnetworks/NAME
# Ends with 1 if anything is missing.
set -euo pipefail

if (($# < 1 || $# > 2)); then
  echo 'usage: bash infra/preflight.sh PROJECT [PIPELINE]' >&2
  exit 2
fi
project=$1 pipeline=${2:-}
region=${REGION:-europe-west1} store=${STORE:-firestore} secrets=${SECRETS:-} subnetwork=${SUBNETWORK:-}
# Asked whether it should turn an API on, gcloud must not.
export CLOUDSDK_CORE_DISABLE_PROMPTS=1
missing=0
root=$(dirname "${BASH_SOURCE[0]}")/..

ok() { echo "ok       $1"; }
# missing WHAT COMMAND
missing() {
  missing=$((missing + 1))
  printf 'missing  %s\n         %s\n' "$1" "$2"
}
# What can't be found out from here, or depends on what you want.
look() { printf 'look     %s\n         %s\n' "$1" "$2"; }
ask() { "$@" 2>/dev/null || true; }
has() { grep --quiet --line-regexp --fixed-strings -- "$2" <<<"$1"; }

# The roles of docs/deploy.md, "Whoever applies", each with a permission that tells it.
readonly OF_RELAY='roles/pubsub.admin pubsub.topics.setIamPolicy
roles/cloudfunctions.admin cloudfunctions.functions.create
roles/run.admin run.services.setIamPolicy
roles/cloudscheduler.admin cloudscheduler.jobs.create
roles/storage.admin storage.buckets.create
roles/artifactregistry.admin artifactregistry.repositories.setIamPolicy
roles/secretmanager.admin secretmanager.secrets.setIamPolicy
roles/iam.serviceAccountAdmin iam.serviceAccounts.setIamPolicy
roles/iam.serviceAccountUser iam.serviceAccounts.actAs
roles/resourcemanager.projectIamAdmin resourcemanager.projects.setIamPolicy
roles/logging.configWriter logging.logMetrics.create
roles/monitoring.editor monitoring.alertPolicies.create
roles/serviceusage.serviceUsageAdmin serviceusage.services.enable'
readonly OF_FIRESTORE='roles/datastore.owner datastore.databases.create'
readonly OF_REDIS='roles/redis.admin redis.instances.create'
readonly OF_CLUSTERS='roles/iam.roleAdmin iam.roles.create
roles/resourcemanager.projectIamAdmin resourcemanager.projects.setIamPolicy'
readonly OF_SECRETS='roles/secretmanager.admin secretmanager.secrets.setIamPolicy'

# Those that Terraform itself asks, or a command of docs/deploy.md before it: the module turns the rest on.
readonly APIS='cloudresourcemanager serviceusage iam pubsub secretmanager storage'

me=$(ask gcloud auth list --filter=status:ACTIVE --format='value(account)')

# roles_in PROJECT TABLE: whether you have them there, by your permissions.
roles_in() {
  local of=$1 table=$2 role permission permissions granted member=user
  [[ $me != *.gserviceaccount.com ]] || member=serviceAccount
  permissions=$(cut -d' ' -f2 <<<"$table" | sed 's/.*/"&"/' | paste -sd, -)
  # The token goes by standard input: arguments can be read by others on this machine.
  if ! granted=$(gcloud auth print-access-token 2>/dev/null | sed 's/^/Authorization: Bearer /' |
    curl --silent --fail --max-time 30 --header @- --header 'Content-Type: application/json' \
      --data "{\"permissions\":[$permissions]}" \
      "https://cloudresourcemanager.googleapis.com/v1/projects/$of:testIamPermissions"); then
    missing "$of: your roles can't be asked, or there is no such project" \
      "gcloud auth login; gcloud projects describe $of"
    return
  fi
  while read -r role permission; do
    if [[ $granted == *"\"$permission\""* ]]; then
      ok "$of: you have $role"
    else
      missing "$of: you need $role ($permission)" \
        "gcloud projects add-iam-policy-binding $of --member=$member:$me --role=$role"
    fi
  done <<<"$table"
}

signed_in() {
  if [[ -n $me ]]; then ok "gcloud is signed in as $me"; else missing 'gcloud is not signed in' 'gcloud auth login'; fi
  if gcloud auth application-default print-access-token >/dev/null 2>&1; then
    ok 'application default credentials, which Terraform uses'
  else
    missing 'application default credentials, which Terraform uses' 'gcloud auth application-default login'
  fi
}

billing() {
  if [[ $(ask gcloud billing projects describe "$project" --format='value(billingEnabled)') == True ]]; then
    ok "$project: billing"
  else
    missing "$project: billing" "gcloud billing projects link $project --billing-account=ACCOUNT"
  fi
}

# apis_in PROJECT NAME...
apis_in() {
  local of=$1 enabled name
  shift
  enabled=$(ask gcloud services list --enabled --project="$of" --format='value(config.name)')
  for name in "$@"; do
    if has "$enabled" "$name.googleapis.com"; then
      ok "$of: $name.googleapis.com"
    else
      missing "$of: $name.googleapis.com" "gcloud services enable $name.googleapis.com --project=$of"
    fi
  done
}

# policy CONSTRAINT: ALLOW, DENY or nothing | the values that are allowed | those that are denied; or `unreadable`.
policy() {
  gcloud resource-manager org-policies describe "$1" --project="$project" --effective 2>/dev/null \
    --format='value[separator="|"](listPolicy.allValues,listPolicy.allowedValues.list(separator=" "),listPolicy.deniedValues.list(separator=" "))' ||
    echo unreadable
}

# permits missing|look CONSTRAINT VALUE WHY COMMAND: as what it counts where it is not among what is allowed.
permits() {
  local found all allowed denied as=$1
  shift
  found=$(policy "$1")
  IFS='|' read -r all allowed denied <<<"$found"
  if [[ $found == unreadable ]]; then
    look "$project: $1 can't be read" "gcloud resource-manager org-policies describe $1 --project=$project --effective"
  elif [[ $all == DENY || " $denied " == *" $2 "* || (-n $allowed && " $allowed " != *" $2 "*) ]]; then
    "$as" "$project: $1 permits $2: $3" "$4"
  else
    ok "$project: $1 permits $2"
  fi
}

policies() {
  local except="ask whoever sets your organisation's policies to except $project"
  permits missing constraints/cloudfunctions.allowedIngressSettings ALLOW_INTERNAL_ONLY 'functions that only the project calls' "$except"
  permits missing constraints/run.allowedIngress internal 'the same' "$except"
  permits look constraints/gcp.resourceLocations "in:$region-locations" 'topics, functions, buckets and the store lie there' \
    "look whether a wider group among the allowed ones has $region; else set REGION to another, or: $except"
  if ((callbacks)); then
    permits missing constraints/cloudfunctions.allowedIngressSettings ALLOW_ALL 'Slack and PagerDuty call from outside' "$except"
    permits missing constraints/run.allowedIngress all 'the same' "$except"
    permits look constraints/iam.allowedPolicyMemberDomains allUsers 'Slack and PagerDuty can not sign in' \
      'set callback_without_invoker_check = true: docs/deploy.md, "Callbacks where an organisation forbids public functions"'
  fi
  ok "$project: constraints/iam.disableServiceAccountKeyCreation may be on: no key of any account is made"
}

# The Cloud Run service agent puts functions into the network.
shared_vpc() {
  local host place name agent viewers users number
  host=$(cut -d/ -f2 <<<"$subnetwork") place=$(cut -d/ -f4 <<<"$subnetwork") name=$(cut -d/ -f6 <<<"$subnetwork")
  if [[ $host == "$project" ]]; then
    ok "$subnetwork is the relay's own"
    return
  fi
  number=$(ask gcloud projects describe "$project" --format='value(projectNumber)')
  agent=serviceAccount:service-$number@serverless-robot-prod.iam.gserviceaccount.com
  viewers=$(ask gcloud projects get-iam-policy "$host" --flatten='bindings[].members' \
    --filter="bindings.members=$agent" --format='value(bindings.role)')
  users=$(ask gcloud compute networks subnets get-iam-policy "$name" --project="$host" --region="$place" \
    --flatten='bindings[].members' --filter="bindings.members=$agent" --format='value(bindings.role)')
  if has "$viewers" roles/compute.networkViewer || has "$viewers" roles/compute.networkUser; then
    ok "$host: the Cloud Run service agent sees the network"
  else
    missing "$host: the Cloud Run service agent has roles/compute.networkViewer" \
      "gcloud projects add-iam-policy-binding $host --member=$agent --role=roles/compute.networkViewer"
  fi
  if has "$viewers" roles/compute.networkUser || has "$users" roles/compute.networkUser; then
    ok "$subnetwork: the Cloud Run service agent may use it"
  else
    missing "$subnetwork: the Cloud Run service agent has roles/compute.networkUser" \
      "gcloud compute networks subnets add-iam-policy-binding $name --project=$host --region=$place --member=$agent --role=roles/compute.networkUser"
  fi
}

# cluster PROJECT LOCATION NAME
cluster() {
  local at="--project=$1 --location=$2" found pool autopilot modes
  found=$(ask gcloud container clusters describe "$3" --project="$1" --location="$2" \
    --format='value[separator="|"](name,workloadIdentityConfig.workloadPool,autopilot.enabled,nodePools[].config.workloadMetadataConfig.mode)')
  IFS='|' read -r found pool autopilot modes <<<"$found"
  if [[ -z $found ]]; then
    missing "$1/$2/$3: the cluster is there, and you may see it" "gcloud container clusters describe $3 $at"
    return
  fi
  if [[ $autopilot == True ]]; then
    missing "$1/$2/$3 is a Standard cluster" 'Autopilot refuses what Falco needs: use a Standard cluster'
  fi
  if [[ -n $pool ]]; then
    ok "$1/$2/$3: Workload Identity"
  else
    missing "$1/$2/$3: Workload Identity" "gcloud container clusters update $3 $at --workload-pool=$1.svc.id.goog"
  fi
  if [[ $autopilot != True && $modes =~ ^(GKE_METADATA;?)+$ ]]; then
    ok "$1/$2/$3: node pools give pods their own identity"
  elif [[ $autopilot != True ]]; then
    missing "$1/$2/$3: each node pool gives pods their own identity (GKE_METADATA)" \
      "gcloud container node-pools update POOL --cluster=$3 $at --workload-metadata=GKE_METADATA"
  fi
}

# secret [PROJECT/]SECRET:VERSION
secret() {
  local of=$project name=${1##*/} version
  [[ $1 != */* ]] || of=${1%%/*}
  version=${name#*:} name=${name%%:*}
  if [[ $(ask gcloud secrets versions describe "$version" --secret="$name" --project="$of" --format='value(state)') =~ ^(ENABLED|enabled)$ ]]; then
    ok "$of: secret $name, version $version"
  else
    missing "$of: secret $name, version $version" \
      "printf %s \"\$VALUE\" | gcloud secrets create $name --project=$of --data-file=-   # or: gcloud secrets versions add $name"
  fi
}

callbacks=0
clusters=()
# The machine's own Node may be too old for TypeScript.
if [[ -n $pipeline ]]; then
  while IFS=$'\t' read -r kind rest; do
    if [[ $kind == callbacks ]]; then callbacks=1; else clusters+=("$rest"); fi
  done < <("$root/node_modules/.bin/node" "$root/infra/preflight.ts" "$pipeline" || echo $'cluster\t-\t-\tunreadable')
fi
if [[ ${clusters[0]:-} == *unreadable ]]; then
  missing "$pipeline is right" "npm ci && npm run check:pipeline -- $pipeline"
  clusters=()
fi

signed_in
billing
read -r -a apis <<<"$APIS"
apis_in "$project" "${apis[@]}"
of_store=$OF_FIRESTORE
[[ $store != redis ]] || of_store=$OF_REDIS
roles_in "$project" "$OF_RELAY"$'\n'"$of_store"
policies
[[ -z $subnetwork ]] || shared_vpc
while read -r of; do
  [[ -n $of ]] || continue
  apis_in "$of" container
  [[ $of == "$project" ]] || roles_in "$of" "$OF_CLUSTERS"
done < <(printf '%s\n' "${clusters[@]:-}" | cut -f1 | sort -u)
for each in "${clusters[@]:+${clusters[@]}}"; do
  IFS=$'\t' read -r of location name <<<"$each"
  cluster "$of" "$location" "$name"
done
read -r -a named <<<"$secrets"
while read -r of; do
  [[ -z $of || $of == "$project" ]] || roles_in "$of" "$OF_SECRETS"
done < <(printf '%s\n' "${named[@]:-}" | sed -n 's#/.*##p' | sort -u)
for each in "${named[@]:+${named[@]}}"; do secret "$each"; done

if ((missing > 0)); then
  echo "$missing missing."
  exit 1
fi
echo 'Nothing is missing.'
