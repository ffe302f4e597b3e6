// Checks the request, and picks the qualities that may be made, best first. Gives an answer at once when it is wrong.
const TAKES_CALLBACK = false;
const QUALITIES = ["draft", "fast", "best"];
const FILES = ["voice", "portrait"];
const LOST_FILE_BYTES = 1e6; // what n8n drops is larger, and what surrounds the parts of a form smaller
const MOST_CHARACTERS = 100_000; // twice what the pack speaks; more would fill n8n's database and pass no proxy
const CLONING_GPU_BYTES = { best: 22e9, fast: 12e9 }; // what cards sold as 24 GB and as 12 GB report at the least
const STREAMING_RAM_BYTES = 30e9;

// Fields come from tables, forms and models of language: a number may be a script, and a text a number.
const text = (value) => {
  const read = typeof value === "number" ? String(value) : value;
  const isText = typeof read === "string" && read.length <= MOST_CHARACTERS;
  return isText ? { value: read } : { error: `must be a text of ${MOST_CHARACTERS} characters at most` };
};
const link = (value) => {
  const address = typeof value === "string" ? value.trim() : "";
  return /^https?:\/\/[^\s/\\][^\s\\]*$/i.test(address) ? { value: address } : { error: "must be a link (http:// or https://)" };
};
const truth = (value) => {
  const word = typeof value === "object" ? "" : String(value).toLowerCase();
  return ["true", "1", "false", "0"].includes(word) ? { value: word === "true" || word === "1" } : { error: "must be true or false" };
};
const number = (isRight, wanted) => (value) => {
  const read = typeof value === "string" && value.trim() ? Number(value) : value;
  return typeof read === "number" && isRight(read) ? { value: read } : { error: `must be ${wanted}` };
};
const atLeastZero = number((read) => Number.isFinite(read) && read >= 0, "a number of seconds, 0 or more");
const whole = number((read) => Number.isSafeInteger(read) && read >= 0, "a whole number, 0 or more");
const READERS = {
  script: text,
  youtube_url: link,
  voice_rights: truth,
  portrait_prompt: text,
  start: atLeastZero,
  duration: number((read) => Number.isFinite(read) && read > 0, "a number of seconds above 0"),
  target_seconds: atLeastZero,
  width: whole,
  height: whole,
  seed: whole,
  quality: (value) => (QUALITIES.includes(value) ? { value } : { error: `must be one of ${QUALITIES.join(", ")}` }),
  ...(TAKES_CALLBACK && { callback_url: link }),
};

const { headers, body } = $("Request").first().json;
const binary = $("Request").first().binary ?? {};
const isObject = body !== null && typeof body === "object" && !Array.isArray(body);

const request = {};
const errors = {};
for (const [name, value] of Object.entries(isObject ? body : {})) {
  if (!Object.hasOwn(READERS, name)) {
    errors[name] = FILES.includes(name)
      ? "must be a file, sent as multipart/form-data with a Content-Type of its own"
      : `is unknown; known are ${Object.keys(READERS).join(", ")}, and as files ${FILES.join(", ")}`;
  } else if (value !== null && (value !== "" || name === "script")) {
    const read = READERS[name](value);
    if (read.error) errors[name] = read.error;
    else request[name] = read.value;
  }
}
for (const name of Object.keys(binary)) {
  if (!FILES.includes(name)) errors[name] = `is no known file; known are ${FILES.join(", ")}, one of each`;
}
if (!isObject) errors.body = "must be a JSON object, or a form";
else if (!errors.script && !request.script?.trim()) errors.script = "is missing: what is to be said?";
if (binary.voice && request.youtube_url) errors.voice = "excludes youtube_url: give one of them";
if (binary.portrait && request.portrait_prompt) errors.portrait = "excludes portrait_prompt: give one of them";

const refuse = (status, error) => [{ json: { next: "answer", answer: { status, body: { error } } } }];
if (countLostBytes() > LOST_FILE_BYTES) {
  const message = "n8n dropped what is too large for it. The most is 200 MB, or what N8N_FORMDATA_FILE_SIZE_MAX says.";
  return refuse(413, { type: "upload_failed", message });
}
if (Object.keys(errors).length > 0) {
  const lines = Object.entries(errors).map(([name, error]) => `${name} ${error}`);
  return refuse(400, { type: "bad_request", message: lines.join("; "), errors });
}

const server = $("Ask the server").first().json;
if (server.statusCode !== 200) {
  return server.statusCode === undefined || server.statusCode >= 500
    ? refuse(503, { type: "unreachable", message: "ComfyUI can't be reached. Try again later." })
    : refuse(502, { type: "refused", message: `ComfyUI refuses to answer (${server.statusCode}). Is the token in Settings right?` });
}

const hasVoice = Boolean(binary.voice || request.youtube_url);
return planNextStep();

// n8n leaves a file out, without a word, that is larger than it takes: the form is then longer than what arrived of it.
function countLostBytes() {
  if (!/multipart/i.test(headers["content-type"] ?? "")) return 0;
  const arrived = Object.values(binary).reduce((sum, file) => sum + file.bytes, Buffer.byteLength(JSON.stringify(body)));
  return Number(headers["content-length"]) - arrived;
}

function planNextStep() {
  const choice = chooseQualities();
  const files = FILES.filter((name) => binary[name]);
  if (files.length === 0) return [{ json: { next: "fill", request, ...choice } }];
  return files.map((name) => ({ json: { next: "upload", file: name, request, ...choice }, binary: { file: binary[name] } }));
}

function chooseQualities() {
  if (request.quality) return { qualities: [request.quality], note: "" };
  if (!hasVoice) return { qualities: ["draft"], note: "Draft: no voice is given, so none is cloned. To clone one, send a file as voice, or youtube_url." };
  if (!request.voice_rights) {
    const note =
      "Draft: your voice isn't cloned. To clone it, confirm with voice_rights: true that it is yours or that its owner agreed, and use a machine with a GPU.";
    return { qualities: ["draft"], note };
  }
  const { devices, system } = server.body;
  const gpu = devices[0]?.type === "cuda" ? devices[0] : { name: "no CUDA GPU", vram_total: 0 };
  const fits = ["best", "fast"].filter(
    (quality) =>
      gpu.vram_total >= CLONING_GPU_BYTES[quality] &&
      (gpu.vram_total >= CLONING_GPU_BYTES.best || system.ram_total >= STREAMING_RAM_BYTES),
  );
  const machine = gpu.vram_total ? `${gpu.name} (${Math.round(gpu.vram_total / 1e9)} GB)` : gpu.name;
  if (fits.length > 0) return { qualities: [...fits, "draft"], note: `${fits[0] === "best" ? "Best" : "Fast"}: ${machine} and all models are there.` };
  return { qualities: ["draft"], note: `Draft: cloning needs a GPU with 12 GB and 32 GB of RAM, and ComfyUI has ${machine}.` };
}
