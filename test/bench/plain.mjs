// Plain restic with its defaults, as a person without the agent runs it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

/** @param how `{restic, home, repository, password, env}` */
export async function plainRestic(how, args, okCodes = [0]) {
  const { restic, home, repository, password, env = {} } = how;
  const child = spawn(restic, ['-r', repository, ...args], {
    env: { PATH: process.env.PATH, HOME: home, RESTIC_PASSWORD: password, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const start = performance.now();
  const [code] = await once(child, 'close');
  if (!okCodes.includes(code)) throw new Error(`restic ${args[0]} ended with ${code}:\n${said}`);
  return performance.now() - start;
}

/** Temporary keys of the Space's storage, as docs/restore-without-us.md gets them. */
export async function temporaryKeys(spaceUrl, pairingCode) {
  const pair = {
    code: pairingCode,
    devicePublicKey: randomBytes(32).toString('base64'),
    machine: 'plain',
    agentVersion: 'none',
  };
  const paired = await post(`${spaceUrl}/v1/agent/pair`, JSON.stringify(pair), 'application/json');
  const form = new URLSearchParams({
    userid: paired.userid,
    token: paired.token,
    clusterId: Buffer.from(paired.clusterId).toString('base64'),
    cloudName: 'aws',
    region: '',
    durationSeconds: '43200',
    backupPrefix: '',
  });
  const keys = await post(
    `${spaceUrl}/v1/resource/stsToken/backup`,
    form.toString(),
    'application/x-www-form-urlencoded',
  );
  return { AWS_ACCESS_KEY_ID: keys.ak, AWS_SECRET_ACCESS_KEY: keys.sk, AWS_SESSION_TOKEN: keys.st };
}

async function post(url, body, type) {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  const { code, message, data } = await answer.json();
  if (code !== 200) throw new Error(`${url}: ${code} ${message}`);
  return data;
}
