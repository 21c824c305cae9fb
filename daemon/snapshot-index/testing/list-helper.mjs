// Stands in for the helper and restic behind it: answers `ls-all` with as many files as the first argument says. The
// first eight digits of the snapshot's id are its generation: each has another hundredth of the files changed.
import { createInterface } from 'node:readline';

const PER_DIRECTORY = 100;
const BATCH = 250;
const WORDS = ['invoice', 'IMG', 'scan', 'Bericht', 'notes', 'backup', 'DSC', 'Résumé', 'track', 'report'];
const ENDINGS = ['jpg', 'pdf', 'txt', 'docx', 'mp3'];
const count = Number(process.argv[2]);

const directory = (path, mtime) => ({ ...common(path, mtime), type: 'dir', mode: 0o755 });
const common = (path, mtime) => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  modifiedAt: mtime,
  uid: 1000,
  gid: 1000,
});

function* tree(generation) {
  const born = 1_700_000_000_000;
  yield directory('/data', born + generation);
  for (let at = 0; at < count; at += 1) {
    const inner = Math.floor(at / PER_DIRECTORY);
    const outer = Math.floor(inner / PER_DIRECTORY);
    const outerPath = `/data/year-${String(outer).padStart(4, '0')}`;
    const innerPath = `${outerPath}/album ${String(inner).padStart(5, '0')}`;
    if (at % (PER_DIRECTORY * PER_DIRECTORY) === 0) yield directory(outerPath, born);
    if (at % PER_DIRECTORY === 0) yield directory(innerPath, born + (at % 977));
    const word = WORDS[at % WORDS.length];
    const name = `${word}_${String((at * 7919) % 1_000_003).padStart(7, '0')}.${ENDINGS[at % ENDINGS.length]}`;
    const changed = at % 100 === generation % 100;
    const sizeBytes = (at * 2_654_435_761) % 5_000_000;
    yield {
      ...common(`${innerPath}/${name}`, born + at + (changed ? generation : 0)),
      type: 'file',
      mode: 0o644,
      sizeBytes,
    };
  }
}

async function say(value) {
  if (!process.stdout.write(`${JSON.stringify(value)}\n`))
    await new Promise((go) => process.stdout.once('drain', go));
}

const input = createInterface({ input: process.stdin });
input.once('line', async (line) => {
  const { snapshotId } = JSON.parse(line);
  let batch = [];
  let entries = 0;
  for (const entry of tree(Number.parseInt(snapshotId.slice(0, 8), 16))) {
    entries += 1;
    if (batch.push(entry) < BATCH) continue;
    await say({ type: 'entries', entries: batch });
    batch = [];
  }
  if (batch.length > 0) await say({ type: 'entries', entries: batch });
  await say({ type: 'result', result: { entries } });
  input.close();
  process.stdin.destroy();
});
