import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

// No Docker engine is needed for this: it checks what can be known from the files alone.
const dockerfile = read('Dockerfile');
const ignored = read('.dockerignore').split('\n');
const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };

interface Instruction {
  readonly word: string;
  readonly rest: string;
  readonly stage: string;
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function instructions(text: string): Instruction[] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter(Boolean);
  let stage = '';
  return lines.map((line) => {
    const [word = '', ...rest] = line.split(' ');
    if (word === 'FROM') stage = rest.at(-1) ?? '';
    return { word, rest: rest.join(' '), stage };
  });
}

/** Each COPY whose source isn't in the checkout, or comes from a stage that isn't there or comes later. */
function copyProblems(text: string): string[] {
  const stages: string[] = [];
  return instructions(text).flatMap(({ word, rest, stage }) => {
    if (word === 'FROM') stages.push(stage);
    if (word !== 'COPY') return [];
    const from = /^--from=(\S+) /.exec(rest)?.[1];
    if (from !== undefined) return stages.slice(0, -1).includes(from) ? [] : [`no stage ${from} before`];
    const sources = rest.split(' ').slice(0, -1);
    return sources.filter((path) => !existsSync(join(ROOT, path))).map((path) => `${path} is missing`);
  });
}

const ofStage = (stage: string, word: string): string[] =>
  instructions(dockerfile)
    .filter((line) => line.stage === stage && line.word === word)
    .map(({ rest }) => rest);

describe('the Dockerfile', () => {
  it('copies only what is there', () => {
    expect(copyProblems(dockerfile)).toEqual([]);
  });

  it('would be refused with a source or a stage that is not there', () => {
    expect(copyProblems('FROM x AS a\nCOPY nothing.json ./\n')).toEqual(['nothing.json is missing']);
    expect(copyProblems('FROM x AS a\nCOPY --from=later /a /b\nFROM x AS later\n')).toEqual([
      'no stage later before',
    ]);
  });

  it.each(['agent', 'space'])(
    'has the target %s with a volume, a health check and a first process',
    (stage) => {
      expect(ofStage(stage, 'VOLUME')).toHaveLength(1);
      expect(ofStage(stage, 'HEALTHCHECK')).toHaveLength(1);
      expect(ofStage(stage, 'ENTRYPOINT').join()).toContain('"tini", "--"');
    },
  );

  it('runs Space as an ordinary user', () => {
    expect(ofStage('space', 'USER')).toEqual(['olares-space']);
  });

  it('gives every program a name to type', () => {
    const text = [...ofStage('agent', 'RUN'), ...ofStage('space', 'RUN')].join(' ');
    for (const name of Object.keys(bin)) expect(text.split(/[\s;/"]+/)).toContain(name);
  });

  it('carries every package that the native module loads at run time', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { dependencies?: Record<string, string> }>;
    };
    // prebuild-install only serves the installation.
    const needed = (name: string): string[] => [
      name,
      ...Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {})
        .filter((dependency) => dependency !== 'prebuild-install')
        .flatMap(needed),
    ];
    const copied = [...dockerfile.matchAll(/ node_modules\/([\w-]+)/g)].map(([, name]) => name);
    expect(copied.toSorted()).toEqual(needed('better-sqlite3').toSorted());
  });

  it('keeps secrets, history and built things out of the build, and the inputs in', () => {
    for (const name of ['.git', 'node_modules', '.dev', 'dist', '.tools']) expect(ignored).toContain(name);
    for (const name of ['contract', 'daemon', 'helper', 'cli', 'space', 'scripts', 'LICENSE']) {
      expect(ignored).not.toContain(name);
    }
  });
});
