// What compiling a native module needs: Python, make, a C++ compiler, and the headers of this very Node.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installDebianPackages } from './debian.mjs';
import { findProgram, SetupProblem } from './process.mjs';

const TOOLS = { python3: 'python3', make: 'make', 'g++': 'g++' };

export async function requireToolchain(say) {
  const missing = Object.entries(TOOLS).flatMap(([program, name]) => (findProgram(program) ? [] : [name]));
  const [failure] = await installDebianPackages(missing, say);
  if (failure) throw new SetupProblem(`${failure.name} is needed to compile a module`, failure.todo);
}

/** The prefix whose include/node belongs to the running Node, or undefined. */
export function findNodeHeaders() {
  const beside = dirname(dirname(process.execPath));
  return [beside, '/usr', '/usr/local'].find((prefix) => headersVersion(prefix) === process.versions.node);
}

function headersVersion(prefix) {
  const file = join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  return [part('MAJOR'), part('MINOR'), part('PATCH')].join('.');
}
