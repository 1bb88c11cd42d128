#!/bin/sh
# The migration itself, after `unkai up examples/migration`: load all the while, weights step by step, and in the end the
# old side goes. `./dev run migration` runs it; by hand: UNKAI=unkai sh examples/migration/journey.sh
#   RATE     requests a second (40)
#   EVERY    how long each step lasts (20s)
#   REPORTS  the folder for the reports (this one's reports/)
set -eu
unkai=${UNKAI:-unkai}
reports=${REPORTS:-$(cd "$(dirname "$0")" && pwd)/reports}
name=api.migration.localhost
mkdir -p "$reports"

"$unkai" migrate check migration-lambda migration-fargate || echo "These differ behind the load balancer; this application minds none of them."

echo "Load: ${RATE:-40} requests a second on https://$name, each asking DNS anew"
"$unkai" load "https://$name/products/7" --rate "${RATE:-40}" --duration 10m --fresh-dns --json > "$reports/load.json" &
load=$!
trap 'kill -INT $load 2>/dev/null || true; wait $load || true' EXIT

"$unkai" shift "$name" --from lambda --to fargate --steps 10,25,50,100 --every "${EVERY:-20s}" \
    --guard 'errors<1%' --guard 'p99<300ms' --report "$reports/shift"

trap - EXIT
kill -INT $load
wait $load || true # Interrupted, it still prints what it measured.

"$unkai" cost migration-lambda --compare migration-fargate --traffic measured

echo "The old side goes."
"$unkai" down migration-lambda --yes
echo "Reports: $reports/shift.html, $reports/shift.json, $reports/load.json"
