import { AppError, VERSION_HEADER, type ApiTransport } from '../../../contract/index.ts';

/** What an answer with this status means to the page, beside its own words. */
export const SIGNED_OUT = 401;

/** Requests to the daemon that served this page. */
export function fetchTransport(pageVersion: string): ApiTransport {
  return {
    async send({ method, path, body }) {
      const response = await fetch(path, {
        method,
        headers: {
          accept: 'application/json',
          [VERSION_HEADER]: pageVersion,
          // The daemon takes no write that a plain form could send, so a write without a body has an empty one.
          ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        },
        ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
        credentials: 'same-origin',
        redirect: 'error',
        cache: 'no-store',
      }).catch((cause: unknown) => {
        throw new AppError('daemon_not_running', 'the agent on this machine does not answer', {
          hint: 'see `olares-backup doctor`',
          retry: 'backoff',
          cause,
        });
      });
      return { status: response.status, body: await readJson(response) };
    },
  };
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('failed', `the agent answered with HTTP ${response.status} and no JSON`, { cause });
  }
}
