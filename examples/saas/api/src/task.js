// Where we run, as the ECS task metadata endpoint (version 4) says it; on a bare machine, the host's name.
import { hostname } from 'node:os';
import { log, describeError } from './log.js';

export async function describeTask(metadataUri) {
  const here = { id: hostname(), zone: 'local', arn: null, revision: null };
  if (!metadataUri) return here;
  try {
    const response = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(3_000) });
    if (!response.ok) throw new Error(`the task metadata endpoint answered ${response.status}`);
    const task = await response.json();
    return {
      id: task.TaskARN.split('/').pop(),
      zone: task.AvailabilityZone ?? 'unknown',
      arn: task.TaskARN,
      revision: `${task.Family}:${task.Revision}`,
    };
  } catch (error) {
    log('warn', 'no task metadata', describeError(error));
    return here;
  }
}
