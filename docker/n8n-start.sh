#!/bin/sh
# Starts n8n, at its first start with the project's workflows in it. Later they are yours: nothing is written over.
set -eu
workflows=${WORKFLOWS_DIR:-/opt/talkingshorts/workflows}
mark=${N8N_USER_FOLDER:-$HOME}/.n8n/talkingshorts-imported

if [ ! -e "$mark" ]; then
    for file in "$workflows"/*.json; do
        n8n import:workflow --input="$file"
        n8n publish:workflow --id="$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).id' "$file")"
    done
    touch "$mark"
fi
exec n8n start
