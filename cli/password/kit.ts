import { open, unlink, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, type Plan } from '../../contract/index.ts';
import type { Session } from '../session.ts';
import { kitContent, kitText, type KitContent } from './kit-content.ts';

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
  const write = async (content: KitContent) => await writeAll(file, await rendered(path, content));
  return {
    path,
    secure: (words) => write(unfinishedKit(words)),
    async complete(plan, words) {
      const machine = await session.api.call('getStatus').then(
        (status) => status.machine,
        // The words count; a name that is not there is no reason to lose them.
        () => '',
      );
      await write(kitContent({ plan, words, machine, now: session.runtime.now() }));
      await file.close();
    },
    async discard() {
      await file.close();
      await unlink(path);
    },
  };
}

const unfinishedKit = (words: readonly string[]): KitContent => ({
  title: 'Recovery words of a plan that is being set up',
  written: 'The rest of the kit is written when its keys are in the repository.',
  facts: [],
  words,
  commands: [],
  code: undefined,
});

/** By the end of its name: a page to print, or text. */
async function rendered(path: string, content: KitContent): Promise<Buffer> {
  if (!/\.pdf$/i.test(path)) return Buffer.from(kitText(content));
  return (await import('./kit-page.ts')).kitPage(content);
}

async function writeAll(file: FileHandle, content: Buffer): Promise<void> {
  const { bytesWritten } = await file.write(content, 0, content.length, 0);
  await file.truncate(bytesWritten);
  await file.sync();
}
