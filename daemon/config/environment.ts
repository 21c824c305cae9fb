import { AppError } from '../../contract/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Danger {
  readonly name: string;
  readonly isSet: (value: string) => boolean;
  readonly effect: string;
}

const DANGERS: readonly Danger[] = [
  {
    name: 'NODE_TLS_REJECT_UNAUTHORIZED',
    isSet: (value) => value === '0',
    effect: 'would accept any certificate',
  },
  {
    name: 'SSLKEYLOGFILE',
    isSet: (value) => value !== '',
    effect: 'would write the keys of connections to a file',
  },
  {
    name: 'NODE_OPTIONS',
    isSet: (value) =>
      /--(inspect|tls-keylog|tls-min-v1\.[01]|require|import|loader|experimental-loader)|(^|\s)-r\s/.test(
        value,
      ),
    effect: 'would let others look or reach into the agent',
  },
];

/** @throws AppError `config_invalid` naming the variable that would open the agent to others */
export function refuseDangerousEnvironment(environment: Environment): void {
  const danger = DANGERS.find(({ name, isSet }) => isSet(environment[name] ?? ''));
  if (!danger) return;
  throw new AppError('config_invalid', `${danger.name}=${environment[danger.name]} ${danger.effect}`, {
    field: danger.name,
    hint: `unset ${danger.name}`,
  });
}
