// Turns the rows that this run has claimed back into jobs, and says what comes next for each.
const rows = $input.all().map(({ json }) => json);
const jobs = rows.filter((row) => row.claimed_by === $execution.id).map(({ state }) => JSON.parse(state));
if ($("Note the job").isExecuted) return jobs.map((json) => ({ json }));
if (jobs.length > 0 || !$("Job").isExecuted) {
  return jobs.map((job) => ({ json: { ...job, next: job.is_ended ? "tell" : "look" } }));
}

// A question about one job: it has ended, or another run looks at it right now, or nobody knows it.
const { state } = $("This job").first().json;
const { job_id } = $("Settings").first().json.query;
const unknown = { status: 404, body: { error: { type: "unknown_job", message: "No such job is known here.", job_id } } };
return [{ json: { next: "reply", answer: state ? JSON.parse(state).answer : unknown } }];
