import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

const FOLDER = join(ROOT, 'systemd');
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));
/** Worst exposure each unit may have, in tenths as `systemd-analyze --threshold` counts (lower is better). */
const WORST_SCORE: Record<string, number> = { 'olares-backupd.service': 39 };

const unitText = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

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

  describe.skipIf(process.getuid?.() !== 0)('as root, by the rights they give', () => {
    const granted = [...unitText('olares-backupd.service').matchAll(/^CapabilityBoundingSet=(.+)$/gm)]
      .flatMap(([, set = '']) => set.split(' '))
      .map((name) => name.replace('CAP_', ''));
    const jailSource = readFileSync(join(ROOT, 'helper', 'restore', 'jail.ts'), 'utf8');
    // The plain list of the jail, then the one for special files.
    const [asked = [], special = []] = [...jailSource.matchAll(/CAPABILITIES = \[([^\]]+)\]/g)].map(
      ([, list = '']) => [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => name),
    );

    function inJail(args: readonly string[], script: string): string {
      const bounding = ['-all', ...granted.map((name) => `+${name.toLowerCase()}`)].join(',');
      const limits = ['--no-new-privs', '--bounding-set', bounding, '--inh-caps', '-all'];
      const jail = ['bwrap', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev', ...args];
      return execFileSync('setpriv', [...limits, ...jail, 'sh', '-c', script], { encoding: 'utf8' }).trim();
    }

    it('let the jail start, give files their owners, and write nowhere else', () => {
      const script = `touch ${folder}/a && chown 1234:1234 ${folder}/a && stat -c %u ${folder}/a; ! touch ${folder}x 2>/dev/null`;
      expect(inJail(['--bind', folder, folder], script)).toBe('1234');
    });

    it('cover all that the jail asks for, so that it can drop the rest: restic may not mount', () => {
      expect(granted).toEqual(expect.arrayContaining([...asked, ...special]));
      expect(asked.length).toBeGreaterThan(0);
      const kept = asked.flatMap((name) => ['--cap-add', `CAP_${name}`]);
      const effective = inJail(['--cap-drop', 'ALL', ...kept], "sed -n 's/CapEff:\t//p' /proc/self/status");
      const SYS_ADMIN = 1n << 21n;
      expect(BigInt(`0x${effective}`) & SYS_ADMIN).toBe(0n);
    });

    it('let the password check run without a network', () => {
      expect(inJail(['--unshare-net'], 'ls /sys/class/net >/dev/null; cat /proc/net/dev | grep -c :')).toBe(
        '1',
      );
    });
  });
});
