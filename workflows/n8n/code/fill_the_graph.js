// Sets the named inputs of the shipped graphs, and makes up the job's id: it is known before anything is sent.
const GRAPHS = {};

const { request, qualities, note } = $("Read request").first().json;
const settings = $("Settings").first().json;
const uploads = {};
if ($("Upload").isExecuted) {
  for (const [index, { json }] of $input.all().entries()) {
    if (json.statusCode !== 200) return [{ json: { job_id: makeUuid(), next: "answer", is_open: false, next_look: Date.now(), answer: makeRefusal(json) } }];
    const { name, subfolder } = json.body;
    uploads[$("Read request").all()[index].json.file] = subfolder ? `${subfolder}/${name}` : name;
  }
}

const job_id = makeUuid();
const seed = request.seed ?? 42;
const values = {
  script: request.script,
  voice_source: uploads.voice ?? request.youtube_url ?? "",
  voice_start_seconds: request.start ?? (request.youtube_url ? 40 : 0),
  voice_duration_seconds: request.duration,
  voice_rights: request.voice_rights ?? false,
  target_seconds: request.target_seconds,
  portrait_picture: uploads.portrait ?? "",
  portrait_prompt: request.portrait_prompt ?? "",
  width: request.width,
  height: request.height,
  seed,
};
const state = {
  next: "post",
  job_id,
  seed,
  note,
  candidates: qualities.map((quality) => ({ quality, graph: fill(GRAPHS[quality]) })),
  callback_url: request.callback_url,
  posts: 0,
  looks: 0,
  is_accepted: false,
  deadline: Date.now() + settings.max_minutes * 60_000,
  base_url: $("Request").first().json.webhookUrl,
};
return [{ json: state }];

function fill(graph) {
  for (const node of Object.values(graph)) {
    const value = values[node._meta.title];
    if (value !== undefined && "value" in node.inputs) node.inputs.value = value;
    // A name of its own: what another job wrote, and someone deleted since, is never handed out.
    if (node.class_type === "TalkingShortsSaveShort") node.inputs.filename_prefix = `talkingshorts/${job_id}`;
  }
  return graph;
}

function makeUuid() {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
}

// The file is the caller's to put right; anything else isn't. n8n puts an answer that is no JSON into data.
function makeRefusal({ statusCode, data }) {
  if (statusCode === undefined) return refuse(503, "unreachable", "ComfyUI can't be reached. Try again later.");
  const reason = data?.trim() || "no reason is given.";
  return refuse({ 400: 400, 403: 400, 413: 413 }[statusCode] ?? 502, "upload_failed", `ComfyUI refuses the file (${statusCode}): ${reason}`);
}

function refuse(status, type, message) {
  return { status, body: { error: { type, message } } };
}
