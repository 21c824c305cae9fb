import * as Type from 'typebox';
import type { Static } from 'typebox';
import { closed } from '../../contract/index.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const DAY_MS = 86_400_000;
const kibPerSecond = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000, description }));
const rule = (description: string) =>
  Type.Optional(
    Type.Union([Type.Literal('allow'), Type.Literal('ask'), Type.Literal('never')], { description }),
  );
const delay = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 30 * DAY_MS, description }));

/** The configuration file. Every field may be left out; an unknown one is refused by name. */
export const configSchema = closed({
  logLevel: Type.Optional(
    Type.Union(
      LOG_LEVELS.map((level) => Type.Literal(level)),
      { description: 'How much is logged; default info.' },
    ),
  ),
  machineName: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'Name of this machine for people; default its host name.',
    }),
  ),
  http: Type.Optional(
    Type.Union(
      [
        Type.Literal(false),
        closed({
          host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
          port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
          allowRemote: Type.Optional(
            Type.Boolean({ description: 'Needed for a host that other machines can reach.' }),
          ),
        }),
      ],
      { description: 'Where the page is served, default 127.0.0.1:8640; false: nowhere.' },
    ),
  ),
  resticBin: Type.Optional(
    Type.String({ pattern: '^/', description: 'The restic to use; default: found by itself.' }),
  ),
  limits: Type.Optional(
    closed({
      uploadKiBPerSecond: kibPerSecond('Most that a backup sends; default no limit.'),
      downloadKiBPerSecond: kibPerSecond('Most that a restore fetches; default no limit.'),
    }),
  ),
  quota: Type.Optional(
    closed({
      atLimit: Type.Optional(
        Type.Union([Type.Literal('stop'), Type.Literal('make-room'), Type.Literal('pay')], {
          description:
            'What to do when the next snapshot does not fit into what Space includes; default stop. make-room: also stop, and say what would make room, since no snapshot is ever removed unasked. pay: go on up to payUpTo, where Space sells more.',
        }),
      ),
      payUpTo: Type.Optional(
        Type.String({
          pattern: '^[0-9]{1,9}(\\.[0-9]{1,2})? [A-Z]{3}$',
          description: 'Most that storage beyond what is included may cost a month, for example "5 EUR".',
        }),
      ),
    }),
  ),
  jobs: Type.Optional(
    closed({
      retryBaseMs: delay('First wait before a job that met a passing fault is tried again; default 30 s.'),
      retryMaxMs: delay('Longest such wait; default 1 h.'),
      giveUpAfterMs: delay('After this time of trying the job fails; default 24 h.'),
    }),
  ),
  scheduler: Type.Optional(
    closed({
      jitterMaxMs: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: DAY_MS,
          description:
            'A plan runs this much late at most, always by the same delay, so that many machines do not start at once.',
        }),
      ),
    }),
  ),
  remote: Type.Optional(
    closed({
      backup: rule(
        'May Space start and cancel backups? ask: each time a person at the machine says yes or no.',
      ),
      restore: rule('May Space propose restores? They wait for a person in any case.'),
      plan: rule('May Space pause and resume plans? ask: each time a person at the machine says yes or no.'),
    }),
  ),
  spaceLink: Type.Optional(
    closed({
      reconnectBaseMs: delay('First wait before Space is called again; default 1 s.'),
      reconnectMaxMs: delay('Longest such wait; default 5 min.'),
    }),
  ),
});
export type ConfigFile = Static<typeof configSchema>;
