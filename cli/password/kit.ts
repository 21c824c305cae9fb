import { open, unlink, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, cleanText, type Plan } from '../../contract/index.ts';
import { formatTime } from '../output/format.ts';
import type { Session } from '../session.ts';
import { shellWord } from '../state-dir.ts';

/** A file with everything that a restore without us needs, except the password. */
export interface KitFile {
  readonly path: string;
  /** Writes the words before the repository gets them: words that only a repository knows would be lost. */
  secure(words: readonly string[]): Promise<void>;
  complete(plan: Plan, words: readonly string[]): Promise<void>;
  /** Takes the file away again: its words opened nothing. */
  discard(): Promise<void>;
}

/** @throws AppError `invalid_input` when the file exists or cannot be made */
export async function createKitFile(session: Session, name: string): Promise<KitFile> {
  const path = resolve(session.runtime.cwd, name);
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const exists = error.code === 'EEXIST';
    throw new AppError(
      'invalid_input',
      `--kit-file: ${path} ${exists ? 'exists already' : 'cannot be written'}`,
      {
        field: '--kit-file',
        hint: exists
          ? 'name a new file: it may hold the words of another plan'
          : `the system said ${error.code}`,
        cause: error,
      },
    );
  });
  return {
    path,
    secure: (words) =>
      writeAll(file, `Recovery words of a plan that is being set up:\n\n${wordLines(words)}\n`),
    async complete(plan, words) {
      await writeAll(file, kitText(plan, words, session.runtime.now()));
      await file.close();
    },
    async discard() {
      await file.close();
      await unlink(path);
    },
  };
}

async function writeAll(file: FileHandle, text: string): Promise<void> {
  const { bytesWritten } = await file.write(text, 0);
  await file.truncate(bytesWritten);
  await file.sync();
}

function wordLines(words: readonly string[]): string {
  return words.map((word, index) => `  ${index + 1}  ${word}`).join('\n');
}

function kitText(plan: Plan, words: readonly string[], now: number): string {
  const address = plan.repository?.address ?? '';
  const keys = plan.keys.map(
    ({ id, role, createdAt }) => `  ${role.padEnd(9)} ${id}  ${formatTime(createdAt)}`,
  );
  return `Recovery kit of the backup plan "${cleanText(plan.name)}"
Written ${formatTime(now)}. Keep it on paper or on another machine: it opens the snapshots.

Repository  ${address}
Id          ${plan.repository?.id ?? ''}
Plan id     ${plan.id}
Keys
${keys.join('\n')}

Recovery words, with one space between them when you type them as a password:

${wordLines(words)}

With this agent:
  olares-backup restore latest --plan ${shellWord(plan.name)}

Without it, with restic 0.18.1 or newer (it asks for the password: the words or your own):
  restic -r ${shellWord(address)} snapshots
  restic -r ${shellWord(address)} restore latest --target ./restored
${address.startsWith('s3:') ? 'Storage of a Space also needs its temporary keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY\nand AWS_SESSION_TOKEN.\n' : ''}`;
}
