import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { VERB_PROGRAMS } from '../../contract/helper-messages.ts';
import { createPrivateFileSync } from '../state-files.ts';
import { MACHINE_KEY, RESTIC, writeGrantFile, type Answer, type Bench } from './bench.ts';
import { askProgram, buildHelper } from './helper-program.ts';

/** Who restores, and with which rights. Only root can be all of them. */
export interface Setting {
  readonly name: string;
  readonly uid: number;
  /** Becomes that user, gives rights away, and runs the rest of its arguments. */
  readonly wrapper: readonly string[];
  readonly mayMakeJail: boolean;
}

const USER = 20_001;
const NO_MORE_RIGHTS = ['--inh-caps=-all', '--no-new-privs'];
const AS_USER = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
const OWN_NAMESPACE = ['unshare', '--user', `--map-user=${USER}`, `--map-group=${USER}`, '--keep-caps'];
const NO_NAMESPACES =
  'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"';
/** What Docker leaves a root of a container without any option. */
const DOCKER =
  'chown,dac_override,fsetid,fowner,mknod,net_raw,setgid,setuid,setfcap,setpcap,net_bind_service,sys_chroot,kill,audit_write';
const bounded = (list: string) => ['setpriv', `--bounding-set=-all,${list.replace(/[a-z]\w+/g, '+$&')}`];

export const SETTINGS: readonly Setting[] = [
  { name: 'an ordinary user', uid: USER, wrapper: [...AS_USER, ...NO_MORE_RIGHTS], mayMakeJail: true },
  {
    name: 'an ordinary user without user namespaces',
    uid: USER,
    wrapper: [...AS_USER, ...OWN_NAMESPACE, 'sh', '-c', NO_NAMESPACES, 'sh'],
    mayMakeJail: false,
  },
  {
    name: 'root of a container that may not mount',
    uid: 0,
    wrapper: [...bounded(DOCKER), ...NO_MORE_RIGHTS],
    mayMakeJail: false,
  },
  {
    name: 'root of a container that may mount, and lacks other rights',
    uid: 0,
    wrapper: [...bounded(`${DOCKER},sys_admin`), ...NO_MORE_RIGHTS],
    mayMakeJail: true,
  },
];

/** A bench of the same repository whose helper runs in a setting, with a state directory of its own. */
export type SettingBench = Pick<Bench, 'common' | 'grant' | 'ask'>;

/** Puts the programs where every user can read them. */
export async function openPrograms(bench: Bench): Promise<(setting: Setting, name: string) => SettingBench> {
  const folder = join(bench.root, 'programs');
  const program = await buildHelper(folder);
  const restic = join(folder, 'restic');
  copyFileSync(RESTIC, restic);
  chmodSync(restic, 0o755);
  return ({ uid, wrapper }, name) => {
    const stateDir = join(bench.root, name);
    mkdirSync(stateDir, { mode: 0o700 });
    createPrivateFileSync(join(stateDir, 'keys', 'machine.key'), MACHINE_KEY);
    const give = () => execFileSync('chown', ['-R', `${uid}:${uid}`, stateDir]);
    give();
    return {
      common: bench.common,
      grant(request) {
        writeGrantFile(stateDir, request);
        give();
      },
      async ask(request) {
        const args = [program, VERB_PROGRAMS[request.verb], '--state-dir', stateDir];
        const outputs = await askProgram(
          { command: [...wrapper, process.execPath, ...args], restic },
          request,
        );
        return { ...outputs.at(-1), outputs, verdict: undefined } as unknown as Answer<typeof request.verb>;
      },
    };
  };
}
