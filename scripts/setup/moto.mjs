// moto, an S3 and STS that others wrote, for the tests of a Space on a cluster: Debian's, in a folder of this checkout.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fetchDebianTree } from './debian.mjs';
import { findProgram, isProgram, lastLines, run } from './process.mjs';

// The first one with moto; its Python does not run on the libraries of an older system, so all of it comes along.
const SUITE = 'trixie';
const PACKAGES = ['python3-moto', 'python3-flask', 'python3-flask-cors'];
const WITHOUT = 'the tests against a server of another maker are skipped';

/** Answers nothing: without moto those tests say that they were skipped. Order: MOTO_SERVER, .tools/bin, fetched. */
export async function ensureMoto({ root, say, warn }) {
  const own = join(root, '.tools', 'bin', 'moto_server');
  if (process.env.MOTO_SERVER || isProgram(own)) return;
  const bwrap = findProgram('bwrap', [join(root, '.tools', 'bin')]);
  if (!bwrap)
    return warn(`moto is missing (${WITHOUT}): it runs in bubblewrap`, 'apt-get install bubblewrap');
  say('fetching moto into .tools');
  const failed = await fetchMoto({ own, tools: join(root, '.tools'), bwrap });
  if (failed) warn(`moto is missing (${WITHOUT}): ${failed}`, 'MOTO_SERVER=/path/to/moto_server npm test');
}

async function fetchMoto({ own, tools, bwrap }) {
  const fetched = await fetchDebianTree({ names: PACKAGES, suite: SUITE, folder: tools });
  if (fetched.failed) return fetched.failed;
  try {
    finishTree(fetched.unpacked);
    const tree = join(tools, 'moto');
    rmSync(tree, { recursive: true, force: true });
    renameSync(fetched.unpacked, tree);
    return await install({ own, tree, bwrap });
  } finally {
    fetched.dispose();
  }
}

/** What the packages' scripts would do, as far as moto needs it. */
function finishTree(tree) {
  const at = (path) => join(tree, path);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (!existsSync(at(name))) symlinkSync(`usr/${name}`, at(name));
  }
  for (const name of ['dev', 'proc', 'tmp', 'etc/ssl/certs']) mkdirSync(at(name), { recursive: true });
  const certificates = at('usr/share/ca-certificates/mozilla');
  const texts = readdirSync(certificates).map((file) => readFileSync(join(certificates, file), 'utf8'));
  writeFileSync(at('etc/ssl/certs/ca-certificates.crt'), texts.join('\n'));
}

/** Puts it in its place after it has shown that it runs here; answers a reason if not. */
async function install({ own, tree, bwrap }) {
  const jail = `--ro-bind '${tree}' / --dev /dev --proc /proc --tmpfs /tmp --unshare-pid --die-with-parent`;
  const next = `${own}.new`;
  mkdirSync(join(own, '..'), { recursive: true });
  writeFileSync(next, `#!/bin/sh\nexec '${bwrap}' ${jail} /usr/bin/python3 -B -m moto.server "$@"\n`);
  chmodSync(next, 0o755);
  const { ok, output } = await run(next, ['--help']);
  if (!ok) return `it does not run here: ${lastLines(output, 1)}`;
  renameSync(next, own);
  return undefined;
}
