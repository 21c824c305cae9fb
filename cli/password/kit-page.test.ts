import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { formatKitCode, hasKitCode, parseKitCode } from '../disaster/kit-code.ts';
import { samplePlan } from '../test-support/samples.ts';
import { kitContent, kitText } from './kit-content.ts';
import { kitPage } from './kit-page.ts';

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six'];
const facts = {
  address: 's3:https://h/b/did:key:z6Mk-ab/olares-backups/a%20b-0b0e6c1e-0000-4000-8000-000000000001',
  repositoryId: 'ab'.repeat(32),
  planId: '0b0e6c1e-0000-4000-8000-000000000001',
  name: 'Fotos (照片)',
  keyIds: ['cd'.repeat(32)],
};

describe('the code of a kit', () => {
  it.each([
    ['as it is', (code: string) => code],
    ['broken into lines', (code: string) => code.replace(/(.{30})/g, '$1\n   ')],
    ['inside a text', (code: string) => `Recovery kit\n\n${code}\n\nfurther words`],
  ])('comes back %s', (_how, written) => {
    const text = written(formatKitCode(facts));
    expect(hasKitCode(text)).toBe(true);
    expect(parseKitCode(text)).toEqual(facts);
  });

  it('is refused when a part is missing', () => {
    expect(() => parseKitCode(formatKitCode(facts).slice(0, 60))).toThrow(
      expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('--kit') }),
    );
  });
});

describe('a kit', () => {
  const content = kitContent({ plan: samplePlan(), words: WORDS, machine: 'box', now: 0 });

  it('names machine, repository, words, commands and a code without the words', () => {
    const text = kitText(content);
    for (const part of ['box', ...WORDS, 'restic -r', 'olares-backup adopt']) expect(text).toContain(part);
    expect(parseKitCode(text)).toMatchObject({ planId: samplePlan().id });
    expect(Buffer.from(String(content.code?.split(':')[1]), 'base64url').toString()).not.toContain('three');
  });

  it('is a page whose table of objects is right, with the code as squares', () => {
    const page = kitPage(content).toString('latin1');
    expect(page.startsWith('%PDF-1.4')).toBe(true);
    const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(page)?.[1]);
    expect(page.slice(start, start + 4)).toBe('xref');
    const offsets = [...page.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, at]) => Number(at));
    expect(offsets).toHaveLength(4);
    offsets.forEach((at, index) => expect(page.slice(at).startsWith(`${index + 1} 0 obj`)).toBe(true));
    expect(page).toContain('(3  three) Tj');
    expect([...page.matchAll(/ re$/gm)].length).toBeGreaterThan(200);
  });

  const pageOf = (plan: Partial<Plan>, machine = '') =>
    kitPage(kitContent({ plan: samplePlan(plan), words: WORDS, machine, now: 0 })).toString('latin1');

  it('writes letters that its fonts lack so that a shell reads them', () => {
    const repository = { ...samplePlan().repository!, address: "/mnt/Ü диск's/照" };
    const page = pageOf({ name: 'Ü (照)', repository });
    const text = [...page.matchAll(/\((.*)\) Tj/g)].map(([, part = '']) => part.replace(/\\([\\()])/g, '$1'));
    expect(text.join('|')).toContain('"Ü (\\u7167)"');
    const command = text.find((line) => line.startsWith('restic') && line.endsWith('snapshots')) ?? '';
    const typed = `printf %s ${command.replace('restic -r', '').replace('snapshots', '')}`;
    expect(execFileSync('bash', ['--norc', '-c', typed], { env: { LC_ALL: 'C.UTF-8' } }).toString()).toBe(
      repository.address,
    );
  });

  it.each([
    ['short', {}, 'box'],
    ['long', { name: 'n'.repeat(100), repository: addressed('dir/'.repeat(200)) }, 'machine-'.repeat(30)],
    ['too long for a square', { repository: addressed('dir/'.repeat(900)) }, 'box'],
  ])('stays inside its pages: %s', (_how, plan, machine) => {
    const page = pageOf(plan, machine);
    const lines = [...page.matchAll(/^BT \/(F\d) ([\d.]+) Tf ([\d.]+) ([\d.-]+) Td \((.*)\) Tj ET$/gm)];
    expect(lines.length).toBeGreaterThan(15);
    for (const [whole, font, size, x, y, text = ''] of lines) {
      const width = text.replace(/\\([\\()])/g, '$1').length * Number(size) * (font === 'F3' ? 0.6 : 0.56);
      expect(Number(y), whole).toBeGreaterThanOrEqual(30);
      expect(Number(x) + width, whole).toBeLessThan(595);
    }
    const squares = [...page.matchAll(/^([\d.]+) ([\d.-]+) ([\d.]+) [\d.]+ re$/gm)];
    for (const [whole, , y] of squares) expect(Number(y), whole).toBeGreaterThanOrEqual(30);
    const count = Number(/\/Count (\d+)/.exec(page)?.[1]);
    expect([...page.matchAll(/\/Type \/Page /g)]).toHaveLength(count);
  });
});

function addressed(path: string) {
  return { ...samplePlan().repository!, address: `/${path}end` };
}
