import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useAgent, useAgentState } from '../state/context.ts';
import type { Notice } from '../state/notice.ts';
import { Foreign } from './basics.tsx';
import { Icon } from './icon.tsx';

const SHOWN_MS = 12_000;

/** Says that what is shown may be old, and that nothing has to be done about it. */
export function ConnectionBanner(): JSX.Element {
  const connection = useAgentState((state) => state.connection);
  const error = useAgentState((state) => state.connectionError);
  return (
    <div class="banner-region" role="status">
      {connection === 'lost' ? (
        <div class="banner">
          <Icon name="busy" size={18} spin />
          <span>
            <strong>Reconnecting to the agent…</strong> Backups go on without this page. If this stays, type{' '}
            <code>olares-backup doctor</code>.
            {error === undefined ? null : (
              <>
                {' '}
                The agent says: <Foreign text={error} />
              </>
            )}
          </span>
        </div>
      ) : null}
    </div>
  );
}

export function Notices(): JSX.Element {
  const notices = useAgentState((state) => state.notices);
  return (
    <section class="notices" aria-label="Messages" aria-live="polite">
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function NoticeCard({ notice }: { notice: Notice }): JSX.Element {
  const agent = useAgent();
  useEffect(() => {
    // Bad news stays until someone has seen it.
    if (notice.tone === 'error') return undefined;
    const timer = setTimeout(() => agent.dismiss(notice.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice.id]);
  const text = <bdi>{notice.text}</bdi>;
  return (
    <div class={`notice notice--${notice.tone}`}>
      <Icon name={notice.tone === 'info' ? 'waiting' : notice.tone} size={18} />
      {notice.href === undefined ? <span>{text}</span> : <a href={notice.href}>{text}</a>}
      <button
        type="button"
        class="button button--icon"
        aria-label="Dismiss"
        onClick={() => agent.dismiss(notice.id)}
      >
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
