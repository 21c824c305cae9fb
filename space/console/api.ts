import type {
  ConsoleCommandRequest,
  ConsoleError,
  ConsolePairingCode,
  ConsoleRestoreRequest,
  ConsoleSnapshot,
  ConsoleState,
} from '../../contract/space/console.ts';

const API = '/console/api';

/** An answer that is not the wanted one, in words for the person. */
export class ApiError extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

export const api = {
  state: () => get<ConsoleState>('/state'),
  moreSnapshots: (accountId: string, backupId: string, offset: number) =>
    get<ConsoleSnapshot[]>(
      `/accounts/${accountId}/backups/${encodeURIComponent(backupId)}/snapshots?offset=${offset}`,
    ),
  login: (code: string) => post<unknown>('/login', { code }),
  logout: () => post<unknown>('/logout', {}),
  pairingCode: (name: string) => post<ConsolePairingCode>('/pairing-codes', { name }),
  restore: (wish: ConsoleRestoreRequest) => post<{ commandId: string }>('/restores', wish),
  command: (deviceId: string, request: ConsoleCommandRequest) =>
    post<{ commandId: string }>(`/devices/${deviceId}/commands`, request),
  revoke: (deviceId: string) => post<unknown>(`/devices/${deviceId}/revoke`, {}),
};

const get = <T>(path: string): Promise<T> => send<T>(path, {});
const post = <T>(path: string, body: unknown): Promise<T> =>
  send<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-olares-console': '1' },
    body: JSON.stringify(body),
  });

async function send<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(`${API}${path}`, {
    ...init,
    credentials: 'same-origin',
    cache: 'no-store',
  }).catch(() => {
    throw new ApiError(0, 'The Space does not answer. It may be stopped, or the network is away.');
  });
  if (response.ok) return (await response.json()) as T;
  const fault = ((await response.json().catch(() => null)) as ConsoleError | null)?.error;
  throw new ApiError(
    response.status,
    fault?.message ?? `The Space answered with ${response.status}.`,
    fault?.hint,
  );
}

/** Calls back whenever there is something new to fetch; the browser connects again by itself. */
export function watch(onChange: () => void, onLost: () => void): () => void {
  const source = new EventSource(`${API}/events`);
  source.addEventListener('changed', onChange);
  source.addEventListener('error', onLost);
  return () => source.close();
}
