import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../contract/index.ts';
import {
  JOB_ID,
  NOW,
  sampleJob,
  samplePlan,
  samplePreview,
  sampleRequest,
  sampleSnapshot,
  sampleStatus,
  sampleUsage,
  backupResult,
  restoreResult,
} from '../test-support/samples.ts';
import { eventLine } from './event-line.ts';

import { jobResultLines } from './job-lines.ts';
import { toJsonText } from './json.ts';
import { planColumns, planLines } from './plan-lines.ts';
import type { Printer } from './printer.ts';
import { printer } from '../test-support/screen.ts';
import { describeProgress } from './progress.ts';
import { askedLines, previewLines, requestColumns, requestLines } from './request-lines.ts';
import { entryColumns, snapshotColumns, snapshotLines } from './snapshot-lines.ts';
import { statusLines } from './status-lines.ts';
import { createStyle } from './style.ts';

import { usageLines } from './usage-lines.ts';

const plain = createStyle(false);
const look = { style: plain, now: NOW };

describe('text from outside', () => {
  const EVIL = '\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u009b\u202egnp.exe\r\nline\u0000\u200f';
  const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

  const pages = (print: Printer): string[] => {
    const skipped = { count: 1, first: [{ path: EVIL, reason: EVIL }] };
    const error = { code: 'failed' as const, message: EVIL, hint: EVIL };
    const job = sampleJob({ planName: EVIL, reason: EVIL, error });
    const style = print.style;
    const plan = samplePlan({
      name: EVIL,
      paths: [EVIL],
      excludes: [EVIL],
      location: { kind: 'sftp', address: `sftp:${EVIL}` },
    });
    const event = { seq: 1, at: NOW, kind: 'notice', body: { text: EVIL } } as AgentEvent;
    const choice = { target: `/${EVIL}`, include: [`/${EVIL}`] };
    const request = sampleRequest({ note: EVIL, planName: EVIL, reason: EVIL, undoPath: EVIL, choice });
    return [
      ...statusLines(
        sampleStatus({
          sentence: EVIL,
          machine: EVIL,
          plans: [plan],
          jobs: [job],
          requests: [sampleRequest({ planName: EVIL })],
        }),
        print,
      ),
      ...planLines(plan, print, NOW),
      ...print.table([plan], planColumns(look)),
      ...print.table([sampleSnapshot({ planName: EVIL })], snapshotColumns(look)),
      ...print.table([{ name: EVIL, path: EVIL, type: 'file' }], entryColumns()),
      ...print.table([sampleRequest({ planName: EVIL, reason: EVIL })], requestColumns(look)),
      ...snapshotLines(sampleSnapshot({ planName: EVIL, paths: [EVIL] }), print, NOW),
      ...requestLines(request, { print, now: NOW }),
      ...askedLines(request, EVIL, { print, now: NOW }),
      ...previewLines(samplePreview({ target: EVIL, warnings: [EVIL] }), { style, now: NOW }),
      ...jobResultLines({ ...job, result: backupResult({ skipped, warnings: [EVIL] }) }, { style, now: NOW }),
      ...jobResultLines(
        { ...job, result: restoreResult({ target: EVIL, skipped, stripped: skipped, undoPath: EVIL }) },
        { style, now: NOW },
      ),
      ...usageLines(
        sampleUsage({ byPlan: [{ planId: JOB_ID, planName: EVIL, storedBytes: 1 }] }),
        print,
        NOW,
      ),
      eventLine(event, style),
      describeProgress({ jobId: JOB_ID, phase: EVIL as 'placing', filesDone: 0, bytesDone: 0, stall: EVIL }),
    ];
  };

  it('reaches no page with a character that drives a terminal', () => {
    const lines = pages(printer().print);
    expect(lines.filter((line) => DANGEROUS.test(line) || line.includes('\n'))).toEqual([]);
    expect(lines.join('\n')).toContain('red');
  });

  it('brings no colour of its own into a coloured page', () => {
    const lines = pages(printer({ colour: true }).print);
    expect(lines.join('')).not.toContain('\u001b[31mred');
  });

  it('is stopped by the printer where a page forgot to clean it', () => {
    const { print, screen } = printer();
    print.note(EVIL);
    print.warn(EVIL);
    print.result(null, () => [EVIL]);
    expect(DANGEROUS.test(screen.text)).toBe(false);
  });

  it('is escaped in JSON', () => {
    const text = toJsonText({ note: EVIL });
    expect(DANGEROUS.test(text)).toBe(false);
    expect(JSON.parse(text)).toEqual({ note: EVIL });
  });

  it('is quoted and named where Space wrote it', () => {
    expect(requestLines(sampleRequest({ note: 'hello' }), { print: printer().print, now: NOW })).toContain(
      'text from Space: "hello"',
    );
  });
});
