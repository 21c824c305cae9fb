import { cleanText, type Location, type Schedule } from '../../contract/index.ts';

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `daily at 02:00`, without the zone. */
export function scheduleText(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'manual':
      return 'by hand only';
    case 'hourly':
      return `hourly at :${String(schedule.minute).padStart(2, '0')}`;
    case 'daily':
      return `daily at ${schedule.at}`;
    case 'weekly':
      return `${WEEKDAYS[schedule.day]}s at ${schedule.at}`;
    case 'monthly':
      return `monthly on day ${schedule.day} at ${schedule.at}`;
    case 'cron':
      return `cron ${cleanText(schedule.expression)}`;
  }
}

export function locationText(location: Location): string {
  if (location.kind === 'space') {
    return location.regionId === undefined ? 'Space' : `Space (${cleanText(location.regionId)})`;
  }
  return cleanText(location.kind === 'directory' ? location.path : location.address, 4096);
}
