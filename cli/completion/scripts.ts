import type { Command } from 'commander';

/** Arguments and options whose value is the name of a plan. */
const PLAN_ARGUMENTS = new Set(['plan']);

export interface Completion {
  /** Words before this one, joined by a space: `plan pause`. */
  readonly path: string;
  readonly words: readonly string[];
  readonly takesPlan: boolean;
}

/** The script of a shell; everything in it comes from the commands themselves. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const table = completions(program);
  if (shell === 'fish') return fishScript(table);
  const script = bashScript(table);
  return shell === 'bash' ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`;
}

export function completions(program: Command): Completion[] {
  const globals = program.options.flatMap(({ long }) => long ?? []);
  const walk = (command: Command, path: readonly string[]): Completion[] => {
    const visible = command.commands.filter((child) => !child.name().startsWith('complete-'));
    const own = command === program ? [] : command.options.flatMap(({ long }) => long ?? []);
    return [
      {
        path: path.join(' '),
        words: [...visible.map((child) => child.name()), ...own, ...globals, '--help'],
        takesPlan: takesPlan(command),
      },
      ...visible.flatMap((child) => walk(child, [...path, child.name()])),
    ];
  };
  return walk(program, []);
}

function takesPlan(command: Command): boolean {
  const names = command.registeredArguments.map((argument) => argument.name());
  const isPlanVerb = command.parent?.name() === 'plan' && command.name() !== 'add' && names.includes('name');
  return isPlanVerb || names.some((name) => PLAN_ARGUMENTS.has(name));
}

function bashScript(table: readonly Completion[]): string {
  const cases = table.map(
    ({ path, words, takesPlan: plan }) =>
      `    '${path}') words='${words.join(' ')}'; plan=${plan ? 1 : 0} ;;`,
  );
  return `# completion of olares-backup
_olares_backup() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' plan=0 word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "\${path:+$path }$word" in
      ${table
        .filter(({ path }) => path !== '')
        .map(({ path }) => `'${path}'`)
        .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$previous" in
    --path|--target|--location|--password-file|--token-file|--kit-file|--credentials-file|--ca-file|--ssh-key|--kit|--state-dir)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    --plan) words=''; plan=1 ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if ((plan)) && [[ "$current" != -* ]]; then
    while IFS= read -r word; do
      [[ -n "$word" && "$word" == "$current"* ]] && COMPREPLY+=("\${word// /\\\\ }")
    done < <(olares-backup complete-names 2>/dev/null)
  fi
}
complete -F _olares_backup olares-backup
`;
}

function fishScript(table: readonly Completion[]): string {
  const lines = table.flatMap(({ path, words, takesPlan: plan }) => {
    const condition = path === '' ? '__fish_use_subcommand' : `__olares_backup_at ${path}`;
    const named = words.filter((word) => !word.startsWith('--'));
    const options = words.filter((word) => word.startsWith('--'));
    return [
      ...(named.length > 0 ? [`complete -c olares-backup -n '${condition}' -f -a '${named.join(' ')}'`] : []),
      ...options.map((option) => `complete -c olares-backup -n '${condition}' -l ${option.slice(2)}`),
      ...(plan
        ? [`complete -c olares-backup -n '${condition}' -f -a '(olares-backup complete-names 2>/dev/null)'`]
        : []),
    ];
  });
  return `# completion of olares-backup
function __olares_backup_at
  set -l words (commandline -opc | string match -v -- '-*')
  set -l wanted $argv
  test (count $words) -gt (count $wanted); or return 1
  for index in (seq (count $wanted))
    test "$words[(math $index + 1)]" = "$wanted[$index]"; or return 1
  end
end
${lines.join('\n')}
`;
}
