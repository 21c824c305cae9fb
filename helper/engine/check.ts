import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { cleanText } from '../../contract/text.ts';
import { AppError } from '../../contract/errors.ts';
import type { Session } from '../session.ts';
import { openMachineRepository } from './machine-repository.ts';
import { checkEnd, errorEvent, messageType } from './messages.ts';
import { createProgressMeter } from './progress.ts';

const PROBLEMS_KEPT = 100;

/** Looks at the structure of a repository and reads a share of its data again. Damage is an answer, no error. */
export async function check(
  request: HelperRequestOf<'check'>,
  session: Session,
): Promise<HelperResultOf<'check'>> {
  await using repository = await openMachineRepository(session, request);
  using meter = createProgressMeter(session, { phase: 'verifying', waitingSince: repository.waitingSince });
  const problems: string[] = [];
  let errorCount: number | undefined;
  const end = await repository.run({
    args: ['check', '--retry-lock=30s', ...readData(request.readDataPercent)],
    accept: [1],
    // A check counts no bytes, but it can stand still as a backup can.
    onText: (line) => meter.onText(line),
    onMessage(message) {
      const type = messageType(message);
      if (type === 'summary') errorCount = checkEnd.parse(message, "restic's summary").num_errors;
      if (type === 'error') note(errorEvent.parse(message, "restic's error").message ?? '', problems);
    },
  });
  if (errorCount === undefined)
    throw new AppError('failed', 'the check did not come to its end', { retry: 'backoff' });
  if (problems.length === 0 && (errorCount > 0 || end.code !== 0))
    problems.push(`${Math.max(1, errorCount)} errors found`);
  return { problems };
}

/** restic's advice how to repair comes as errors too, over several lines. */
function note(message: string, problems: string[]): void {
  const text = message.trim();
  if (text === '' || /^restic |^The repository (?:contains|is) damaged/.test(text)) return;
  if (problems.length < PROBLEMS_KEPT) problems.push(cleanText(text, 300));
}

function readData(percent: number): string[] {
  if (percent <= 0) return [];
  return percent >= 100 ? ['--read-data'] : [`--read-data-subset=${percent}%`];
}
