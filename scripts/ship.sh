#!/usr/bin/env bash
# What .github/workflows/main.yml does for an environment, without GitHub: test, deploy, train, validate, and check the
# endpoint; back to the version before if that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PWD/node_modules/.bin:$PATH"

usage() {
    cat <<'TEXT'
scripts/ship.sh [-e dev|prod] [--data VERSION] [--user-role ROLE]

Tests this checkout, deploys it, trains, shows the gates, checks the endpoint, and goes back to the version before if
the check fails and this run has promoted a model. Needs credentials that may deploy, as in docs/first-deployment.md.

  -e, --environment   dev (without it) or prod
  --data VERSION      the version of the table to train on, such as the one that dev was trained on
  --user-role ROLE    the role that evergreen-<environment>-user is attached to: evergreen-pipeline-<environment> where
                      a pipeline on GitHub deploys too
TEXT
}

fail() {
    printf 'evergreen: %s\n' "$*" >&2
    exit 1
}

environment=dev
data=()
role=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help)
        usage
        exit
        ;;
    -e | --environment) environment=${2:-} ;;
    --data) data=(--data "${2:?--data needs a version}") ;;
    --user-role) role=(-c "user-role=${2:?--user-role needs a name}") ;;
    *) fail "$1 is no option. See: scripts/ship.sh --help" ;;
    esac
    shift $(($# > 1 ? 2 : 1))
done
case "$environment" in
dev | prod) ;;
*) fail "-e $environment: there are dev and prod" ;;
esac

# ${name[@]+...}: an empty list is an error in the bash of macOS.
outcome=$(mktemp)
trap 'rm -f "$outcome"' EXIT
value() { sed -n "s/^$1=//p" "$outcome"; }

make test
evergreen doctor -e "$environment" --only "stored features"
cdk deploy "evergreen-$environment" --require-approval never ${role[@]+"${role[@]}"}
evergreen train -e "$environment" ${data[@]+"${data[@]}"} --outcome "$outcome"
evergreen gates "$(value version)" -e "$environment"
if ! evergreen smoke -e "$environment"; then
    if [ "$(value promoted)" = true ]; then
        evergreen rollback -e "$environment"
    fi
    fail "the endpoint of evergreen-$environment has failed its check, see above"
fi
printf 'evergreen-%s is deployed and checked; trained on data version %s\n' "$environment" "$(value data)"
