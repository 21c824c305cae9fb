import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

const FOLDER = join(ROOT, 'systemd');
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));
/** Worst exposure each unit may have, in tenths as `systemd-analyze --threshold` counts (lower is better). */
const WORST_SCORE: Record<string, number> = { 'olares-backupd.service': 37 };

const isThere = spawnSync('systemd-analyze', ['--version']).status === 0;

interface Verdict {
  readonly ok: boolean;
  readonly output: string;
}

function analyze(...args: string[]): Verdict {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}

const scoreOf = (file: string, worst: number): Verdict =>
  analyze('security', '--offline=true', '--no-pager', `--threshold=${worst}`, file);

// Skipped only where set-up could not install systemd; it says so, and the reporter shows the skip.
describe.skipIf(!isThere)('the systemd units', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'units-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Writes a unit whose programs exist, since verify looks for them. */
  function place(name: string, text: string): string {
    const program = join(folder, 'olares-backupd');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
    mkdirSync(join(folder, 'units'), { recursive: true });
    const file = join(folder, 'units', name);
    writeFileSync(file, text.replaceAll('/usr/bin/olares-backupd', program));
    return file;
  }
  const unitText = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

  it('each have a score to keep', () => {
    expect(UNITS.toSorted()).toEqual(Object.keys(WORST_SCORE).toSorted());
  });

  it.each(UNITS)('%s passes verify without a word', (name) => {
    expect(analyze('verify', '--man=no', place(name, unitText(name)))).toEqual({ ok: true, output: '' });
  });

  it.each(UNITS)('%s is at least as closed as its score', (name) => {
    expect(scoreOf(join(FOLDER, name), WORST_SCORE[name] ?? 0)).toMatchObject({ ok: true });
  });

  it('are refused with a misspelt line, and with a line of hardening taken out', () => {
    const name = 'olares-backupd.service';
    const text = unitText(name);
    expect(
      analyze('verify', '--man=no', place(name, `${text}\n[Service]\nProtectHme=yes\n`)).output,
    ).toContain('ProtectHme');
    const weaker = place(name, text.replace('NoNewPrivileges=yes', ''));
    expect(scoreOf(weaker, WORST_SCORE[name] ?? 0).ok).toBe(false);
  });

  it('hide nothing from the backup', () => {
    const text = unitText('olares-backupd.service');
    expect(text).toMatch(/^ProtectHome=no$/m);
    expect(text).toMatch(/^PrivateTmp=no$/m);
    expect(text).not.toMatch(
      /^(InaccessiblePaths|TemporaryFileSystem|ProtectHome=(yes|tmpfs)|RootDirectory)/m,
    );
  });

  it('give the rights with which the jail starts and files get their owners', ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can hand out rights');
    const set = /^CapabilityBoundingSet=(.+)$/m.exec(unitText('olares-backupd.service'))?.[1] ?? '';
    const rights = set.split(' ').map((name) => `+${name.replace('CAP_', '').toLowerCase()}`);
    const script = `touch ${folder}/a && chown 1234:1234 ${folder}/a && stat -c %u ${folder}/a; ! touch ${folder}x 2>/dev/null`;
    const jail = ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--bind', folder, folder, '--unshare-pid'];
    const limits = ['--no-new-privs', '--bounding-set', ['-all', ...rights].join(','), '--inh-caps', '-all'];
    const output = execFileSync('setpriv', [...limits, ...jail, 'sh', '-c', script], { encoding: 'utf8' });
    expect(output.trim()).toBe('1234');
  });
});
