import type { ApiPorts } from './ports.ts';

/** Prometheus text of what the agent knows; the library is loaded by the first look. */
export function createMetrics(ports: ApiPorts): () => Promise<{ contentType: string; text: string }> {
  return async () => {
    const { Gauge, Registry } = await import('prom-client');
    const registry = new Registry();
    const gauge = (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name: `olares_backup_${name}`, help, labelNames, registers: [registry] });
    const status = ports.status();
    const lastGood = gauge('last_good_timestamp_seconds', 'End of the last good backup', ['plan']);
    const stored = gauge('stored_bytes', 'Bytes the snapshots of a plan added to storage', ['plan']);
    const snapshots = gauge('snapshots', 'Snapshots of a plan', ['plan']);
    for (const plan of status.plans) {
      if (plan.lastGoodAt !== undefined) lastGood.set({ plan: plan.name }, plan.lastGoodAt / 1000);
      stored.set({ plan: plan.name }, plan.storedBytes);
      snapshots.set({ plan: plan.name }, plan.snapshotCount);
    }
    const condition = gauge('condition', 'What is wrong now, 1 each', ['code', 'level']);
    for (const { code, level } of status.conditions) condition.set({ code, level }, 1);
    gauge('jobs_active', 'Jobs that have not ended').set(status.jobs.length);
    gauge('reports_pending', 'Reports Space has not confirmed').set(status.link.pendingReports);
    gauge('link_live', '1 while the link to Space is live').set(status.link.state === 'live' ? 1 : 0);
    if (status.usage) {
      gauge('quota_total_bytes', 'Quota at Space').set(status.usage.totalBytes);
      gauge('quota_used_bytes', 'Used of the quota').set(status.usage.usedBytes);
    }
    gauge('process_resident_bytes', 'Memory of the daemon').set(process.memoryUsage.rss());
    return { contentType: registry.contentType, text: await registry.metrics() };
  };
}
