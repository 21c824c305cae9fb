import type { JSX } from 'preact';
import { cleanText, commandSubject, commandWords, type SpaceCommand } from '../../../contract/index.ts';
import { ActionButton, Badge, Fault, Foreign, When } from '../components/basics.tsx';
import { withAsked } from '../state/apply-event.ts';
import { useAction, useAgent } from '../state/context.ts';

/** A command of Space that waits for a yes or no. This page may do all of them by its own buttons, so it may say yes. */
export function AskedCard({ command }: { command: SpaceCommand }): JSX.Element {
  const agent = useAgent();
  const answer = (allow: boolean) => async () => {
    const params = { command: command.id };
    const answered = await agent.client.call('answerSpaceCommand', { params, body: { allow } });
    agent.apply((status) => withAsked(status, answered));
  };
  const approve = useAction(answer(true));
  const decline = useAction(answer(false));
  const what = commandWords(command);
  return (
    <article class="card card--request" data-asked={cleanText(command.id)}>
      <header class="card__head">
        <h3>
          <Foreign text={what} max={60} />
        </h3>
        <Badge tone="waiting" word="waits for you" />
      </header>
      <p>
        <Foreign text={commandSubject(command) ?? ''} max={200} />
      </p>
      <footer class="card__foot">
        <span class="muted">
          Asked <When at={command.receivedAt} />
          {command.expiresAt === undefined ? null : (
            <>
              {' '}
              · expires <When at={command.expiresAt} />
            </>
          )}
        </span>
        <span class="buttons">
          <ActionButton
            action={approve}
            label="Approve"
            busyLabel="Approving…"
            kind="primary"
            describes={what}
          />
          <ActionButton action={decline} label="Decline" busyLabel="Declining…" describes={what} />
        </span>
      </footer>
      <Fault error={approve.error ?? decline.error} />
    </article>
  );
}
