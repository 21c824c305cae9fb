import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError, type DoctorCheck } from '../../contract/index.ts';
import { stepLines } from '../output/step-lines.ts';
import type { OpenSession, Session } from '../session.ts';

export function registerDoctor(program: Command, open: OpenSession): void {
  program
    .command('doctor')
    .description('look for what is wrong with the set-up, and how to put it right')
    .action(async (_options: object, command: Command) => {
      const session = open(command);
      const local = [rightsCheck(session)];
      const remote = await session.api.call('runDoctor').catch((error: unknown) => {
        if (error instanceof AppError) return error;
        throw error;
      });
      const checks = [...local, agentCheck(session, remote), ...(remote instanceof AppError ? [] : remote)];
      session.print.result(checks, () => checks.flatMap((check) => stepLines(session.print.style, check)));
      if (remote instanceof AppError) session.endWith(remote.code);
      else if (checks.some(({ level }) => level === 'error')) session.endWith('failed');
    });
}

function rightsCheck({ place }: Session): DoctorCheck {
  const name = 'rights';
  for (const folder of place.socketDirs) {
    try {
      accessSync(join(folder, 'admin.sock'), constants.W_OK);
      return { name, level: 'ok', message: `you may change things here (${folder}/admin.sock)` };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') {
        return {
          name,
          level: 'warning',
          message: 'you may look but not change anything here',
          hint: 'use `sudo` for what changes something',
        };
      }
    }
  }
  return { name, level: 'warning', message: `there is no admin.sock in ${place.socketDirs.join(' or ')}` };
}

function agentCheck(session: Session, remote: unknown): DoctorCheck {
  const name = 'agent';
  if (remote instanceof AppError) {
    return {
      name,
      level: 'error',
      message: remote.message,
      ...(remote.hint === undefined ? {} : { hint: remote.hint }),
    };
  }
  const version = session.daemonVersion();
  if (version !== undefined && version !== session.runtime.version) {
    return {
      name,
      level: 'warning',
      message: `it runs version ${version}, this program is ${session.runtime.version}`,
      hint: 'restart the agent',
    };
  }
  return {
    name,
    level: 'ok',
    message: `it runs and answers${version === undefined ? '' : `, version ${version}`}`,
  };
}
