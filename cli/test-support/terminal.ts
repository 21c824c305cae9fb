import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const WAIT_MS = 15_000;
const LOOK_EVERY_MS = 40;

/** A real terminal (tmux, without a person's settings) in which one program runs. */
export interface Terminal extends Disposable {
  /** What the screen shows now. */
  screen(): string;
  /** Waits until the screen shows this, and answers with the screen. */
  shows(wanted: string | RegExp): Promise<string>;
  type(text: string): void;
  /** A key by tmux's name: Enter, Down, C-c. */
  press(key: string): void;
}

/** @param command one shell line; its exit code is shown as `exit=N` when it ends */
export function openTerminal(command: string): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'olares-tmux-'));
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', join(folder, 'socket'), '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', TERM: 'xterm-256color' },
    });
  tmux(
    '-u',
    'new-session',
    '-d',
    '-x',
    '110',
    '-y',
    '40',
    `env TZ=UTC sh -c '${command}; echo exit=$?; cat >/dev/null'`,
  );
  const screen = () => tmux('capture-pane', '-p', '-J');
  return {
    screen,
    async shows(wanted) {
      for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += LOOK_EVERY_MS) {
        const now = screen();
        if (typeof wanted === 'string' ? now.includes(wanted) : wanted.test(now)) return now;
        await delay(LOOK_EVERY_MS);
      }
      throw new Error(`the terminal never showed ${String(wanted)}, but:\n${screen()}`);
    },
    type: (text) => void tmux('send-keys', '-l', text),
    press: (key) => void tmux('send-keys', key),
    [Symbol.dispose]() {
      tmux('kill-server');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
