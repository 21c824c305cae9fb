import { startStorage } from './storage-fixture.ts';

/** A storage in a process of its own, to be killed: prints its port and credentials, then serves. */
const [dir = ''] = process.argv.slice(2);
const fixture = await startStorage({ dir });
process.stdout.write(`${JSON.stringify({ port: fixture.port, credentials: await fixture.credentials() })}\n`);
