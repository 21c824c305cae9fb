import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, normalize, sep } from 'node:path';
import { AppError, cleanText, type Location } from '../../contract/index.ts';

/**
 * @param stateDir the agent's own, which can't be a source
 * @param options mayMiss: what is not there yet is taken too
 * @returns the paths, normalised
 * @throws AppError `invalid_input` with field `paths`, naming the path
 */
export function validSources(given: readonly string[], stateDir: string, { mayMiss = false } = {}): string[] {
  const paths = given.map(normalised);
  for (const [index, path] of paths.entries()) {
    if (paths.indexOf(path) !== index) throw sourceError(path, 'is named twice', 'name it once');
    if (!mayMiss || lstatSync(path, { throwIfNoEntry: false })) checkReadable(path);
    if (isInside(realOf(path), realOf(stateDir))) {
      throw sourceError(path, `is inside the agent's state directory ${stateDir}`, 'choose another folder');
    }
  }
  return paths;
}

/**
 * A repository inside its own source would grow with each snapshot of itself; one beside the agent's database would be
 * lost with it.
 * @throws AppError `invalid_input` with field `location`
 */
export function checkLocation(location: Location, sources: readonly string[], stateDir: string): void {
  checkFiles(location);
  if ('address' in location) checkAddress(location.address);
  if (location.kind !== 'directory') return;
  const place = realOf(normalize(location.path));
  if (isInside(place, realOf(stateDir))) {
    throw new AppError(
      'invalid_input',
      `the location ${quoted(location.path)} is inside the agent's state directory ${stateDir}`,
      { field: 'location', hint: 'choose another directory, best on another disk' },
    );
  }
  for (const source of sources) {
    const real = realOf(source);
    if (!isInside(place, real) && !isInside(real, place)) continue;
    const relation = isInside(place, real) ? 'is inside' : 'contains';
    throw new AppError(
      'invalid_input',
      `the location ${quoted(location.path)} ${relation} the source ${quoted(source)}`,
      {
        field: 'location',
        hint: 'choose a directory apart from what is backed up',
      },
    );
  }
}

/** By path segments: `/a/bc` is not inside `/a/b`. A path is inside itself. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function normalised(given: string): string {
  if (given.includes('\0')) throw sourceError(given, 'contains a NUL', 'correct it');
  if (!isAbsolute(given)) throw sourceError(given, 'is not absolute', 'start it with /');
  const path = normalize(given);
  return path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path;
}

function checkReadable(path: string): void {
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) {
      // restic would keep the link alone, and nothing of what it points to.
      throw sourceError(path, `is a symbolic link to ${quoted(realOf(path))}`, 'name what it points to');
    }
    accessSync(path, stat.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw sourceError(path, ...faultOf(error as NodeJS.ErrnoException));
  }
}

function faultOf(error: NodeJS.ErrnoException): [fault: string, hint: string] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    return ['does not exist', 'check its spelling, or make it'];
  if (error.code === 'EACCES') return ["can't be read by the agent", 'give the agent the right to read it'];
  return [`can't be read: ${error.message}`, 'check the path'];
}

/** With symbolic links resolved as far as the path exists. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What doesn't exist yet is judged by where it would be made.
    const parent = dirname(path);
    return parent === path ? path : normalize(`${realOf(parent)}/${path.slice(parent.length)}`);
  }
}

/** The daemon only looks that they are there and private; a helper reads them. */
function checkFiles(location: Location): void {
  if (location.kind === 's3' || location.kind === 'rest') {
    const form =
      location.kind === 's3' ? 'in the form of ~/.aws/credentials' : 'with username = … and password = …';
    checkPrivate('credentials file', location.credentialsFile, `make it ${form}`);
    if (location.caFile !== undefined && !statSync(location.caFile, { throwIfNoEntry: false })?.isFile())
      throw fileError('certificate', location.caFile, 'does not exist', 'name a PEM file');
  }
  if (location.kind === 'sftp') checkPrivate('SSH key', location.keyFile, 'make it with ssh-keygen -N ""');
}

function checkPrivate(what: string, path: string | undefined, hint: string): void {
  if (path === undefined) return;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw fileError(what, path, 'does not exist', hint);
  if ((stat.mode & 0o077) !== 0)
    throw fileError(what, path, 'can be read by other users', `chmod 600 ${path}`);
}

const fileError = (what: string, path: string, fault: string, hint: string): AppError =>
  new AppError('invalid_input', `the ${what} ${quoted(path)} ${fault}`, { field: 'location', hint });

/** An address is stored and shown, so it may hold no secret. */
function checkAddress(address: string): void {
  if (/^[^/]*\/\/[^/@]*:[^/@]*@/.test(address)) {
    throw new AppError(
      'invalid_input',
      "the location's address holds a password, which would be kept in clear",
      {
        field: 'location',
        hint: 'leave user and password out of the address; for a REST server put them into a file: --credentials-file',
      },
    );
  }
}

const sourceError = (path: string, fault: string, hint: string): AppError =>
  new AppError('invalid_input', `the path ${quoted(path)} ${fault}`, { field: 'paths', hint });

const quoted = (path: string): string => `"${cleanText(path, 200)}"`;
