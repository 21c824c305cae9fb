import { isIP } from 'node:net';
import { AppError } from '../contract/errors.ts';

/** Under which names this Space may be reached, as they stand in `Host` and in what devices sign. */
export class SpaceHosts {
  readonly #listenHost: string;
  readonly #publicUrl: URL | undefined;
  readonly #more: string[];
  #port = 0;

  /** @throws AppError `config_invalid` for an address that cannot be safe */
  constructor(options: {
    host: string;
    publicUrl?: string;
    allowHosts?: readonly string[];
    behindProxy?: boolean;
  }) {
    this.#listenHost = options.host;
    this.#publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl);
    this.#more = [...(options.allowHosts ?? [])];
    if (!isLoopback(options.host) && options.behindProxy !== true) {
      throw new AppError(
        'config_invalid',
        `${options.host} can be reached by others, and this Space speaks plain http`,
        {
          field: 'listen',
          hint: 'listen on 127.0.0.1, or put a proxy with TLS in front and say --behind-proxy --public-url https://…',
        },
      );
    }
  }

  listening(port: number): void {
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    if (this.#publicUrl) return this.#publicUrl.origin;
    return `http://${bracketed(this.#listenHost)}:${this.#port}`;
  }

  get isHttps(): boolean {
    return this.#publicUrl?.protocol === 'https:';
  }

  allow(host: string): void {
    this.#more.push(host);
  }

  names(): string[] {
    const own = isLoopback(this.#listenHost) ? ['127.0.0.1', '[::1]', 'localhost'] : [];
    const local = [...own, bracketed(this.#listenHost)].map((name) =>
      this.#port === 80 ? name : `${name}:${this.#port}`,
    );
    return [...new Set([...(this.#publicUrl ? [this.#publicUrl.host] : []), ...local, ...this.#more])];
  }
}

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

function parsePublicUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  if (!url || !isPlain || !['http:', 'https:'].includes(url.protocol)) {
    throw new AppError('config_invalid', `"${text}" is not the address of a Space`, {
      field: 'public-url',
      hint: 'write it like https://space.example.com',
    });
  }
  return url;
}
