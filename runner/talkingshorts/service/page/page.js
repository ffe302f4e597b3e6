import { TEXTS } from "./texts.js";

const $ = (id) => document.getElementById(id);
const OPEN_STATES = ["queued", "running", "canceling"];
const LOOK_MILLISECONDS = 1000;
const files = { voice: null, portrait: null };
let language = localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
let current = null;
let recorder = null;

function say(name, values = {}) {
  const text = TEXTS[language][name] ?? TEXTS.en[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

function speak() {
  document.documentElement.lang = language;
  $("language").value = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  if (current) showJob(current);
}

// Every call carries the key, if there is one; a key that is asked for is asked of the person.
async function call(path, options = {}) {
  for (;;) {
    const key = localStorage.getItem("key");
    const headers = { ...(options.headers ?? {}), ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    const answer = await fetch(path, { ...options, headers });
    if (answer.status !== 401) return answer;
    await askForKey(key ? "keyRefused" : "keyWanted");
  }
}

let asking = null;
function askForKey(reason) {
  asking ??= new Promise((resolve) => {
    $("key-label").dataset.text = reason;
    $("key-label").textContent = say(reason);
    $("key").value = "";
    $("key-dialog").addEventListener("close", () => {
      localStorage.setItem("key", $("key").value.trim());
      asking = null;
      resolve();
    }, { once: true });
    $("key-dialog").showModal();
  });
  return asking;
}
$("key-dialog").addEventListener("cancel", (event) => event.preventDefault());

async function readRefusal(answer) {
  if (answer.status === 413) return say("tooLarge");
  const { error } = await answer.json();
  return error.details.length ? error.details.map(({ field, message }) => `${field.replace(/^short\./, "")}: ${message}`).join("\n") : error.message;
}

function choose(kind, file) {
  files[kind] = file;
  const preview = $(`${kind}-preview`);
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.hidden = !file;
  if (file) preview.src = URL.createObjectURL(file);
  else preview.removeAttribute("src");
  $(`${kind}-remove`).hidden = !file;
  if (!file) $(`${kind}-file`).value = "";
}

for (const kind of ["voice", "portrait"]) {
  const drop = $(`${kind}-drop`);
  $(`${kind}-file`).addEventListener("change", (event) => choose(kind, event.target.files[0] ?? null));
  $(`${kind}-remove`).addEventListener("click", () => choose(kind, null));
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) choose(kind, event.dataTransfer.files[0]);
  });
}

$("record").addEventListener("click", async () => {
  if (recorder) return recorder.stop();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => {
      choose("voice", new File(parts, "recording", { type: recorder.mimeType }));
      for (const track of stream.getTracks()) track.stop();
      recorder = null;
      $("record").textContent = say("record");
    };
    recorder.start();
    $("record").textContent = say("stop");
  } catch (error) {
    showError($("form-error"), say("noMicrophone", { reason: error.message ?? error }));
  }
});

function showError(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

async function upload(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  const answer = await call("/v1/uploads", { method: "POST", body: form });
  if (!answer.ok) throw new Error(await readRefusal(answer));
  return (await answer.json()).reference;
}

async function readShort() {
  const short = { script: $("script").value, voice_rights: $("voice-rights").checked, seed: 42 };
  if (files.voice) short.voice = await upload(files.voice);
  else if ($("voice-url").value) short.voice = $("voice-url").value;
  if (files.portrait) short.portrait = await upload(files.portrait);
  else if ($("portrait-prompt").value) short.portrait_prompt = $("portrait-prompt").value;
  if ($("quality").value) short.quality = $("quality").value;
  return short;
}

// The same order that is sent once more, since nobody answered, has the same key: it is made once.
const attempts = new Map();

async function order(short) {
  const body = JSON.stringify({ short, metadata: { script: short.script.slice(0, 200), short } });
  const key = attempts.get(body) ?? crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  attempts.set(body, key);
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const answer = await call("/v1/jobs", { method: "POST", headers, body });
  attempts.delete(body);
  if (!answer.ok) throw new Error(await readRefusal(answer));
  return answer.json();
}

$("short").addEventListener("submit", async (event) => {
  event.preventDefault();
  showError($("form-error"), "");
  $("make").disabled = true;
  try {
    await watch(await order(await readShort()));
  } catch (error) {
    showError($("form-error"), error instanceof TypeError ? say("away") : error.message);
  } finally {
    $("make").disabled = false;
  }
});

function formatTime(seconds) {
  return seconds < 90 ? say("seconds", { n: Math.ceil(seconds) }) : say("minutes", { n: Math.round(seconds / 60) });
}

function describe(job) {
  const left = job.eta_seconds ? `, ${say("left", { time: formatTime(job.eta_seconds) })}` : "";
  if (job.state === "queued") return say("ahead", { n: job.queue_position ?? 1 }) + left;
  const { stage, step, total } = job.progress ?? {};
  if (job.state !== "running" || !stage) return "";
  return (total ? say("step", { stage, step, total }) : stage) + left;
}

function showJob(job) {
  const isOpen = OPEN_STATES.includes(job.state);
  $("current").hidden = false;
  $("current-title").textContent = say(job.state);
  $("why").textContent = job.why;
  $("progress").hidden = !isOpen;
  $("progress").value = job.progress?.fraction ?? 0;
  $("stage").textContent = describe(job);
  $("cancel").hidden = !isOpen || job.state === "canceling";
  $("again").hidden = isOpen || !job.metadata.short;
  showError($("job-error"), job.state === "failed" ? job.error.message : job.state === "expired" ? say("gone") : "");
  if (job.state !== "succeeded") {
    $("video").hidden = $("download").hidden = true;
    $("video").removeAttribute("src");
  }
}

async function showVideo(job) {
  const file = job.result?.files[0];
  if (!file) return;
  const answer = await call(file.url);
  if (!answer.ok || current?.id !== job.id) return;
  const url = URL.createObjectURL(await answer.blob());
  $("video").src = $("download").href = url;
  $("download").download = file.name;
  $("video").hidden = $("download").hidden = false;
}

async function watch(job) {
  current = job;
  history.replaceState(null, "", `#${job.id}`);
  showJob(job);
  await list();
  follow(job.id);
}

async function follow(id) {
  while (current?.id === id) {
    try {
      const answer = await call(`/v1/jobs/${id}`);
      if (!answer.ok) return;
      const job = await answer.json();
      if (current?.id !== id) return;
      const isNews = current.state !== job.state;
      current = job;
      showJob(job);
      if (isNews) await list();
      if (!OPEN_STATES.includes(job.state)) return await showVideo(job);
    } catch {
      $("stage").textContent = say("away");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
}

$("cancel").addEventListener("click", async () => {
  await call(`/v1/jobs/${current.id}/cancel`, { method: "POST" });
});

$("again").addEventListener("click", async () => {
  try {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0];
    await watch(await order({ ...current.metadata.short, seed }));
  } catch (error) {
    showError($("job-error"), error.message);
  }
});

async function list() {
  const answer = await call("/v1/jobs?limit=20");
  if (!answer.ok) return;
  const { jobs } = await answer.json();
  $("no-shorts").hidden = jobs.length > 0;
  $("jobs").replaceChildren(...jobs.map((job) => {
    const entry = document.createElement("li");
    const button = document.createElement("button");
    const said = document.createElement("span");
    said.className = "said";
    said.textContent = job.metadata.script ?? say("untitled");
    const state = document.createElement("span");
    state.textContent = say(job.state);
    button.append(said, state);
    button.type = "button";
    button.addEventListener("click", () => watch(job));
    entry.append(button);
    return entry;
  }));
}

$("language").addEventListener("change", (event) => {
  language = event.target.value;
  localStorage.setItem("language", language);
  speak();
  list();
});

speak();
await list();
const id = location.hash.slice(1);
if (id) {
  const answer = await call(`/v1/jobs/${encodeURIComponent(id)}`);
  if (answer.ok) watch(await answer.json());
}
