import { AppError } from '../../contract/index.ts';
import type { Session } from '../session.ts';

const ASKED_BACK = 2;

/**
 * Shows the recovery words once, on a screen that leaves nothing behind, and asks two of them back.
 * @returns the words joined by single spaces, as the secret channel takes them
 */
export async function showRecoveryWords(session: Session, words: readonly string[]): Promise<void> {
  const { showSecretScreen, askText } = await import('../prompts/prompts.ts');
  for (;;) {
    await showSecretScreen(recoveryBox(words), 'Written down? Press Enter. Two of the words are asked next.');
    if (await knowsWords(session, words, askText)) return;
    session.print.warn('this is not the word; they are shown again');
  }
}

async function knowsWords(
  session: Session,
  words: readonly string[],
  askText: (message: string) => Promise<string>,
): Promise<boolean> {
  for (const place of pickPlaces(words.length, session.runtime.randomInt)) {
    const typed = await askText(`Recovery word number ${place + 1}`);
    if (typed.trim().toLowerCase() !== words[place]) return false;
  }
  return true;
}

function pickPlaces(count: number, randomInt: (below: number) => number): number[] {
  const places = new Set<number>();
  while (places.size < ASKED_BACK) places.add(randomInt(count));
  return [...places].sort((a, b) => a - b);
}

function recoveryBox(words: readonly string[]): string[] {
  const rows = words.map((word, index) => `${index + 1}  ${word}`);
  const inner = Math.max(...rows.map((row) => row.length)) + 8;
  const line = '─'.repeat(inner);
  return [
    'RECOVERY WORDS',
    '',
    'They open the snapshots of this plan when the password is lost. They are shown this once',
    'and stored nowhere. Write them on paper and keep it away from this machine.',
    '',
    `┌${line}┐`,
    ...rows.map((row) => `│    ${row.padEnd(inner - 4)}│`),
    `└${line}┘`,
  ];
}

/** @throws AppError `invalid_input`: the words can only be shown to a person */
export function requireTerminalForWords(session: Session): void {
  if (session.interactive) return;
  throw new AppError('invalid_input', 'recovery words are shown at a terminal only', {
    hint: 'run this command at a terminal',
  });
}
