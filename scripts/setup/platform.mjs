// Where this project runs: Linux, and Node from the version that package.json's `engines` names.
import { SetupProblem } from './process.mjs';

const OLDEST = [20, 19];

export function checkPlatform(platform = process.platform) {
  if (platform === 'linux') return;
  throw new SetupProblem(
    `Linux is needed, and this is ${platform}`,
    'run it on a Linux machine or in a Linux container',
  );
}

export function checkNodeVersion(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new SetupProblem(
    `Node ${version} is too old: ${OLDEST.join('.')} or newer is needed`,
    'install Node 22 (for example: nvm install 22) and run this again',
  );
}
