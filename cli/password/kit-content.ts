import { cleanText, shellWord, type Plan } from '../../contract/index.ts';
import { formatKitCode } from '../disaster/kit-code.ts';
import { formatTime } from '../output/format.ts';

/** A recovery kit, before it is text or a page. */
export interface KitContent {
  readonly title: string;
  readonly written: string;
  /** Label and value, one line each. */
  readonly facts: readonly (readonly [string, string])[];
  readonly words: readonly string[];
  readonly commands: readonly KitCommands[];
  /** What the square on paper says; undefined while the repository is not made. */
  readonly code: string | undefined;
}

export interface KitCommands {
  readonly heading: string;
  readonly lines: readonly string[];
}

export interface KitSubject {
  readonly plan: Plan;
  readonly words: readonly string[];
  /** Name of this machine; empty when nobody tells. */
  readonly machine: string;
  readonly now: number;
}

export function kitContent({ plan, words, machine, now }: KitSubject): KitContent {
  const address = plan.repository?.address ?? '';
  const code = codeOf(plan);
  return {
    title: `Recovery kit of the backup plan "${cleanText(plan.name)}"`,
    written: `Written ${formatTime(now)}. Keep it on paper or on another machine: it opens the snapshots.`,
    facts: [
      ...(machine === '' ? [] : [['Machine', cleanText(machine)] as const]),
      ['Repository', address],
      ['Id', plan.repository?.id ?? ''],
      ['Plan id', plan.id],
      ...plan.keys.map(
        ({ id, role, createdAt }) => [`Key, ${role}`, `${id}  ${formatTime(createdAt)}`] as const,
      ),
    ],
    words,
    commands: [
      { heading: 'On this machine:', lines: [`olares-backup restore latest --plan ${shellWord(plan.name)}`] },
      {
        heading: 'On any other, also on a new one (the code is below):',
        lines: ['olares-backup restore CODE', 'olares-backup adopt CODE'],
      },
      {
        heading:
          'Without this software, with restic 0.18.1 or newer, but not 0.19.0 (it asks for the password: the words or your own):',
        lines: [
          `restic -r ${shellWord(address)} snapshots`,
          `restic -r ${shellWord(address)} restore latest --target ./restored`,
          ...(address.startsWith('s3:') ? [S3_REMARK] : []),
        ],
      },
    ],
    code,
  };
}

const S3_REMARK =
  '# storage of a Space also needs its temporary keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN';

function codeOf(plan: Plan): string | undefined {
  if (!plan.repository) return undefined;
  const { address, id: repositoryId } = plan.repository;
  const typed = plan.keys.filter(({ role }) => role === 'user' || role === 'recovery');
  const keyIds = typed.slice(0, 4).map(({ id }) => id);
  return formatKitCode({ address, repositoryId, planId: plan.id, name: plan.name, keyIds });
}

export function wordLines(words: readonly string[]): string {
  return words.map((word, index) => `  ${index + 1}  ${word}`).join('\n');
}

export function kitText({ title, written, facts, words, commands, code }: KitContent): string {
  const width = Math.max(0, ...facts.map(([label]) => label.length));
  return [
    title,
    written,
    '',
    ...facts.map(([label, value]) => `${label.padEnd(width)}  ${value}`),
    '',
    'Recovery words, with one space between them when you type them as a password:',
    '',
    wordLines(words),
    '',
    ...commands.flatMap(({ heading, lines }) => [heading, '', ...lines.map((line) => `  ${line}`), '']),
    ...(code === undefined ? [] : ['The code, which holds no secret:', '', code, '']),
  ].join('\n');
}
