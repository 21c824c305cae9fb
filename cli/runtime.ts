/** What the program gets from the process around it; only main.ts touches the process itself. */
export interface Runtime {
  /** Without the interpreter and the program's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly version: string;
  /** The Node that runs this program. */
  readonly execPath: string;
  /** Where this program's file lies; its siblings are beside it. */
  readonly programFolder: string;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** A uniform random integer from 0 to `below - 1`, fit for secrets. */
  readonly randomInt: (below: number) => number;
  /** Calls `listener` on each Ctrl-C until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void;
}

export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}
