import type { Command } from 'commander';
import { createApiClient, type ApiClient, type ErrorCode } from '../contract/index.ts';
import { createPrinter, type Printer } from './output/printer.ts';
import { createStyle, wantsColour } from './output/style.ts';
import type { Runtime, TextStream } from './runtime.ts';
import { agentPlace, type AgentPlace } from './state-dir.ts';
import { createTransport, type SocketTransport } from './transport.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly stateDir?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** commander turns `--no-color` into this. */
  readonly color?: boolean;
  readonly yes?: boolean;
}

/** What a command works with. */
export interface Session {
  readonly runtime: Runtime;
  readonly place: AgentPlace;
  readonly transport: SocketTransport;
  readonly api: ApiClient;
  readonly print: Printer;
  /** A person sits at a terminal and may be asked. */
  readonly interactive: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
  /** The daemon's version, once it answered. */
  daemonVersion(): string | undefined;
  /** The agent lives as long as this command, so nothing goes on without it. */
  readonly ephemeral: boolean;
  /** The same person and terminal with another agent, that this command has started. */
  at(stateDir: string): Session;
  /** Ends the program with this code's exit code although a result was printed. */
  endWith(code: ErrorCode): void;
}

/** How a command gets what it works with, once it was chosen. */
export type OpenSession = (command: Command) => Session;

export interface SessionOptions {
  readonly runtime: Runtime;
  readonly options: GlobalOptions;
  readonly endWith: (code: ErrorCode) => void;
}

export function createSession({ runtime, options, endWith }: SessionOptions): Session {
  return sessionAt({ runtime, options, endWith }, agentPlace(runtime, options.stateDir));
}

function sessionAt({ runtime, options, endWith }: SessionOptions, place: AgentPlace): Session {
  const print = printerFor(runtime, options);
  let daemonVersion: string | undefined;
  const transport = createTransport({
    place,
    version: runtime.version,
    onVersion: (version) => {
      if (daemonVersion === undefined && version !== runtime.version) {
        print.note(
          `note: this is olares-backup ${runtime.version}, the agent is ${version}; restart the older one`,
        );
      }
      daemonVersion = version;
    },
  });
  return {
    runtime,
    place,
    transport,
    api: createApiClient(transport),
    print,
    interactive: runtime.stdin.isTTY === true && runtime.stderr.isTTY === true && options.json !== true,
    yes: options.yes === true,
    quiet: options.quiet === true,
    daemonVersion: () => daemonVersion,
    ephemeral: false,
    at: (stateDir) => ({
      ...sessionAt({ runtime, options, endWith }, agentPlace(runtime, stateDir)),
      ephemeral: true,
    }),
    endWith,
  };
}

export function printerFor(runtime: Runtime, options: GlobalOptions): Printer {
  const coloursOf = (stream: TextStream) =>
    wantsColour({ isTerminal: stream.isTTY === true, noColor: options.color === false, env: runtime.env });
  const colours = { stdout: coloursOf(runtime.stdout), stderr: coloursOf(runtime.stderr) };
  return createPrinter({
    stdout: runtime.stdout,
    stderr: runtime.stderr,
    json: options.json === true,
    quiet: options.quiet === true,
    style: createStyle(colours.stdout),
    errorStyle: createStyle(colours.stderr),
    colours,
  });
}
