#!/bin/sh
# Starts ComfyUI in the container. Every path may be set by the environment, so that it runs anywhere else, too.
set -eu

app=$(cd "$(dirname "$0")/.." && pwd)
comfyui=${COMFYUI_DIR:-$app/.comfyui/ComfyUI}
python=${COMFYUI_PYTHON:-$app/.venv/bin/python}
data=${DATA_DIR:-/data}
input=${INPUT_DIR:-$data/input}
output=${OUTPUT_DIR:-$data/output}
models=${MODELS_DIR:-/models}
model_paths=${MODEL_PATHS:-$app/extra_model_paths.yaml}

fail() {
    echo "talkingshorts: $*" >&2
    exit 78
}

[ -f "$comfyui/main.py" ] || fail "$comfyui holds no ComfyUI."
[ -x "$python" ] || fail "$python can't be run."
for folder in "$data" "$input" "$output"; do
    [ -d "$folder" ] || fail "$folder isn't there. Mount a volume at it."
    [ -w "$folder" ] || fail "$folder can't be written by user $(id -u). On the host: chown -R $(id -u) its folder."
done
{ [ -r "$models" ] && [ -x "$models" ]; } || fail "$models can't be read. Mount the folder of the models there, read-only."
[ -r "$model_paths" ] || fail "$model_paths can't be read."
if [ -n "${TALKINGSHORTS_COOKIES:-}" ] && [ ! -r "$TALKINGSHORTS_COOKIES" ]; then
    fail "TALKINGSHORTS_COOKIES names a file that user $(id -u) can't read."
fi
case " ${COMFYUI_ARGS:-} " in
    *" --cpu "*) ;;
    *) [ -e /dev/nvidiactl ] || [ -e /dev/dxg ] || fail "No NVIDIA GPU is seen. Give the container one (--gpus all), or set COMFYUI_ARGS=--cpu for drafts." ;;
esac
[ -n "$(ls -A "$models")" ] || echo "talkingshorts: $models is empty: only drafts can be made." >&2

mkdir -p "$data/user" "${HOME:-$data}"
PYTHONPATH="$app/runner" "$python" - "$data" "$app/custom_nodes/comfyui_talkingshorts" <<'END'
import sys
from pathlib import Path

from talkingshorts.managed.provision import prepare_base_dir

prepare_base_dir(Path(sys.argv[1]), Path(sys.argv[2]))
END

# The extra arguments are words, and no patterns of file names.
set -f
# shellcheck disable=SC2086
exec "$python" "$comfyui/main.py" \
    --listen "${COMFYUI_LISTEN:-0.0.0.0}" --port "${COMFYUI_PORT:-8188}" \
    --base-directory "$data" --input-directory "$input" --output-directory "$output" \
    --extra-model-paths-config "$model_paths" --database-url "sqlite:///$data/user/comfyui.db" \
    --max-upload-size "${TALKINGSHORTS_MAX_UPLOAD_MB:-200}" \
    --disable-api-nodes --disable-auto-launch ${COMFYUI_ARGS:-}
