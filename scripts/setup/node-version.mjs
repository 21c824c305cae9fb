// The oldest Node this project runs on; package.json's `engines` says the same.
import { SetupProblem } from './process.mjs';

const OLDEST = [20, 19];

export function checkNodeVersion(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new SetupProblem(
    `Node ${version} is too old: ${OLDEST.join('.')} or newer is needed`,
    'install Node 22 (for example: nvm install 22) and run this again',
  );
}
