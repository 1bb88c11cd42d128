// One JSON object a line on standard output: CloudWatch Logs keeps it, Logs Insights can query its fields.
export function log(level, message, fields = {}) {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}

export function describeError(error) {
  return { error: error.message || String(error), code: error.code };
}
