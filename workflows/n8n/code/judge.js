// Reads ComfyUI's answer, and decides what comes next for the job: post, look, tell, wait or answer.
const MODEL_IS_MISSING = ["value_not_in_list", "missing_node_type"];
const CALLBACK_TRIES = 8;

const settings = $("Settings").first().json;
const asked = $prevNode.name;
const now = Date.now();

return $input.all().map(({ json }, index) => {
  const state = { ...$("Next").itemMatching(index).json };
  if (asked === "Post the graph") readPost(state, json);
  else if (asked === "Look") readJob(state, json);
  else readDelivery(state, json);
  return { json: state, pairedItem: index };
});

function readPost(state, { statusCode, body }) {
  state.posts += 1;
  if (statusCode === 200) return accept(state);
  if (statusCode === undefined || statusCode >= 500) return lookAgain(state); // It may have been taken: look, never post blindly.
  if (statusCode === 401 || statusCode === 403) {
    return answer(state, 502, { type: "refused", message: `ComfyUI refuses the job (${statusCode}). Is the token in Settings right?` });
  }
  const lacks = listMissing(body);
  const [candidate, ...others] = state.candidates;
  if (lacks.length > 0 && others.length > 0) {
    state.note = `${capitalize(others[0].quality)}: ${candidate.quality} would fit, but ${explainLacks(candidate, lacks, body)}`;
    state.candidates = others;
    state.next = "post";
    return;
  }
  const { type, message } = body?.error ?? {};
  const node_errors = body?.node_errors ?? {};
  const told = lacks.length > 0 ? explainLacks(candidate, lacks, body) : message;
  answer(state, 400, { type: type ?? "bad_request", message: told || "ComfyUI refuses the graph.", node_errors });
}

// The models (or nodes) that ComfyUI lacks, when nothing else is wrong.
function listMissing(body) {
  if (MODEL_IS_MISSING.includes(body?.error?.type)) return [body.error.message];
  const errors = Object.values(body?.node_errors ?? {}).flatMap((node) => node.errors);
  if (errors.some((error) => !MODEL_IS_MISSING.includes(error.type))) return [];
  return [...new Set(errors.map((error) => error.extra_info?.received_value ?? error.details))];
}

function explainLacks({ quality }, lacks, body) {
  if (body.error?.type === "missing_node_type") return `ComfyUI lacks a node. ${lacks.join(" ")}`;
  const count = lacks.length === 1 ? "1 model file is" : `${lacks.length} model files are`;
  const names = lacks.length <= 2 ? ` (${lacks.join(", ")})` : "";
  return `${count} missing${names}: talkingshorts models download ${quality}`;
}

function capitalize(word) {
  return word[0].toUpperCase() + word.slice(1);
}

function readJob(state, { statusCode, body }) {
  state.looks += 1;
  // ComfyUI answers about an unknown job in JSON; without it, there is no /api/jobs: the history and the queue tell instead.
  if (statusCode === 404 && body === undefined) {
    state.look_into = "history";
    return lookAgain(state);
  }
  if (statusCode !== 200 && statusCode !== 404) return lookAgain(state);
  state.unreachable_since = undefined;
  const job = statusCode === 404 ? { status: "unknown" } : findJob(state, body);
  if (job.status === "unknown") return state.is_accepted ? lose(state) : postAgain(state);
  if (job.status === "unsure") return wait(state);
  if (!state.is_accepted) accept(state);
  state.status = job.status;
  if (job.status === "completed") return succeed(state, job);
  if (job.status === "failed") return fail(state, job);
  if (job.status === "cancelled") return answer(state, 409, { type: "cancelled", message: "The job was cancelled in ComfyUI." });
  if (now > state.deadline) {
    const message = `The job isn't done after ${settings.max_minutes} minutes, the limit in Settings. ComfyUI still works on it.`;
    return answer(state, 504, { type: "timeout", message });
  }
  wait(state);
}

// The job as /api/jobs tells of it. Between the looks into the history and into the queue it may have moved: both are
// asked before it is "unknown".
function findJob(state, body) {
  if (!state.look_into) return body;
  if (state.look_into === "queue") {
    state.look_into = "history";
    const has = (jobs) => jobs.some(([, id]) => id === state.job_id);
    state.has_left_queue = !has(body.queue_running) && !has(body.queue_pending);
    return { status: state.has_left_queue ? "unsure" : has(body.queue_running) ? "in_progress" : "pending" };
  }
  const found = body[state.job_id];
  if (found) return readHistory(found);
  state.look_into = "queue";
  return { status: state.has_left_queue ? "unknown" : "unsure" };
}

function readHistory({ prompt, outputs, status }) {
  const told = Object.fromEntries(status?.messages ?? []);
  const ended = told.execution_interrupted ? "cancelled" : "failed";
  return {
    status: status?.status_str === "success" ? "completed" : ended,
    outputs,
    execution_error: told.execution_error,
    workflow: { prompt: prompt?.[2] },
  };
}

function accept(state) {
  const [{ quality }] = state.candidates;
  state.is_accepted = true;
  state.quality = quality;
  state.candidates = undefined;
  state.status = "pending";
  wait(state);
}

// ComfyUI says that it has no such job: the graph got lost on the way. A job that was only noted is nobody's any more.
function postAgain(state) {
  if (state.posts > 0 && state.posts < 3) {
    state.next = "post";
    return;
  }
  answer(state, 503, { type: "unreachable", message: "ComfyUI can't be reached: it didn't take the job. Send it again." });
}

function lookAgain(state) {
  state.unreachable_since ??= now;
  if (now - state.unreachable_since < settings.patience_seconds * 1000) return wait(state);
  answer(state, 503, { type: "unreachable", message: `ComfyUI can't be reached for ${settings.patience_seconds} seconds.` });
}

function lose(state) {
  answer(state, 504, { type: "lost", message: "ComfyUI no longer knows the job: it was restarted, or the job was removed. Send it again." });
}

function fail(state, job) {
  const failure = job.execution_error ?? {};
  const node = { id: failure.node_id, class: failure.node_type, title: job.workflow?.prompt?.[failure.node_id]?._meta?.title };
  const message = String(failure.exception_message ?? "The job failed.").trim();
  const kind = String(failure.exception_type ?? "").split(".").pop();
  const node_errors = { [node.id]: { class_type: node.class, errors: [{ type: kind, message, details: "" }] } };
  // The pack raises InputError for what the user can put right.
  const [status, type] = kind === "InputError" ? [422, "bad_input"] : [502, "node_failed"];
  answer(state, status, { type, message, exception: kind, node, node_errors });
}

function succeed(state, job) {
  const output = Object.values(job.outputs ?? {}).find((found) => found.images?.some((file) => file.filename.endsWith(".mp4")));
  if (!output) return answer(state, 502, { type: "no_video", message: "The job ended well, but without a video." });
  const { filename, subfolder, type } = output.images[0];
  const { seconds, width, height, frames, fps, bytes, sha256 } = JSON.parse(output.text[0]);
  const place = Object.entries({ filename, subfolder, type }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const base = String(settings.public_base_url || settings.server).replace(/\/+$/, "");
  const url = `${base}/view?${place.join("&")}`;
  const { seed, quality } = state;
  end(state, { status: 200, body: { job_id: state.job_id, url, filename, seconds, width, height, frames, fps, seed, quality, bytes, sha256, ...noteOf(state) } });
}

function answer(state, status, error) {
  end(state, { status, body: { error: { ...error, job_id: state.job_id } } });
}

function end(state, answer) {
  state.answer = answer;
  state.is_ended = true;
  state.candidates = undefined;
  state.is_open = Boolean(state.callback_url && state.is_promised);
  state.next = state.is_open ? "tell" : "answer";
  state.next_look = now;
}

function wait(state) {
  state.next = "wait";
  state.is_promised = true; // The caller knows of the job, and waits for its end.
  state.is_open = true;
  state.wait_seconds = Math.min(settings.poll_seconds * (1 + state.looks / 20), 10);
  state.next_look = now + state.wait_seconds * 1000;
  const job_url = `${state.base_url}/job?job_id=${state.job_id}`;
  const { job_id, status = "pending", quality, seed } = state;
  state.answer = { status: 202, body: { job_id, status, quality, seed, ...noteOf(state), resume_url: job_url, status_url: job_url } };
}

// 409 is what a receiver says that has the answer already.
function readDelivery(state, { statusCode }) {
  state.tells = (state.tells ?? 0) + 1;
  state.is_open = !((statusCode >= 200 && statusCode < 300) || statusCode === 409) && state.tells < CALLBACK_TRIES;
  state.next = "answer";
  state.next_look = now + 5000 * 2 ** state.tells;
}

function noteOf({ note }) {
  return note ? { note } : {};
}
