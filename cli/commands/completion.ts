import { setTimeout as delay } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import type { OpenSession } from '../session.ts';

/** A person who pressed Tab does not wait longer for names. */
const LONGEST_WAIT_MS = 1_000;
const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function registerCompletion(program: Command, open: OpenSession): void {
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .description('Prints a script that completes commands, options and names of plans in a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(olares-backup completion bash)\n  olares-backup completion fish > ~/.config/fish/completions/olares-backup.fish',
    )
    .action(async (shell: (typeof SHELLS)[number], _options: object, command: Command) => {
      const { completionScript } = await import('../completion/scripts.ts');
      open(command).runtime.stdout.write(completionScript(shell, program));
    });
  program
    .command('complete-names', { hidden: true })
    .description('names of plans, one on a line, for completion scripts')
    .action(async (_options: object, command: Command) => {
      const { api, runtime } = open(command);
      // A shell that completes must never show an error.
      const plans = await Promise.race([
        api.call('listPlans'),
        delay(LONGEST_WAIT_MS, [], { ref: false }),
      ]).catch(() => []);
      const names = plans.map(({ name }) => name).filter((name) => /^[\p{L}\p{N}._@ -]+$/u.test(name));
      if (names.length > 0) runtime.stdout.write(`${names.join('\n')}\n`);
    });
}
