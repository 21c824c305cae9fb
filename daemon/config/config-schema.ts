import { Type, type Static } from 'typebox';
import { closed } from '../../contract/index.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const DAY_MS = 86_400_000;
const KiBPerSecond = Type.Integer({ minimum: 1, maximum: 100_000_000 });
const Rule = Type.Union([Type.Literal('allow'), Type.Literal('ask'), Type.Literal('never')]);
const Delay = Type.Integer({ minimum: 1, maximum: 30 * DAY_MS });

/** The configuration file. Every field may be left out; an unknown one is refused by name. */
export const configSchema = closed({
  logLevel: Type.Optional(Type.Union(LOG_LEVELS.map((level) => Type.Literal(level)))),
  machineName: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  http: Type.Optional(
    Type.Union([
      Type.Literal(false),
      closed({
        host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
        port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
        /** Needed for a host that other machines can reach. */
        allowRemote: Type.Optional(Type.Boolean()),
      }),
    ]),
  ),
  resticBin: Type.Optional(Type.String({ pattern: '^/' })),
  limits: Type.Optional(
    closed({
      uploadKiBPerSecond: Type.Optional(KiBPerSecond),
      downloadKiBPerSecond: Type.Optional(KiBPerSecond),
    }),
  ),
  jobs: Type.Optional(
    closed({
      retryBaseMs: Type.Optional(Delay),
      retryMaxMs: Type.Optional(Delay),
      giveUpAfterMs: Type.Optional(Delay),
    }),
  ),
  scheduler: Type.Optional(
    closed({ jitterMaxMs: Type.Optional(Type.Integer({ minimum: 0, maximum: DAY_MS })) }),
  ),
  remote: Type.Optional(
    closed({ backup: Type.Optional(Rule), restore: Type.Optional(Rule), plan: Type.Optional(Rule) }),
  ),
  spaceLink: Type.Optional(
    closed({ reconnectBaseMs: Type.Optional(Delay), reconnectMaxMs: Type.Optional(Delay) }),
  ),
});
export type ConfigFile = Static<typeof configSchema>;
