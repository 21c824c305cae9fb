import type { JSX } from 'preact';
import type { Status } from '../../../contract/index.ts';
import { Badge, Foreign, When } from '../components/basics.tsx';
import { counted } from '../format/size.ts';
import { LINK_WORDS, wordingOf } from '../format/words.ts';

/** The connection to Space, the account, and what runs here. */
export function SpaceCard({ status }: { status: Status }): JSX.Element {
  const { link, account, version, engineVersion } = status;
  return (
    <section class="card" aria-labelledby="space-title">
      <header class="card__head">
        <h2 id="space-title">Space</h2>
        <Badge {...wordingOf(LINK_WORDS, link.state)} />
      </header>
      {link.reason === undefined ? null : (
        <p>
          <Foreign text={link.reason} max={500} />
        </p>
      )}
      <dl class="facts">
        {account === undefined ? null : (
          <>
            <div>
              <dt>Account</dt>
              <dd>
                <Foreign text={account.olaresName ?? account.userid} max={80} />
              </dd>
            </div>
            <div>
              <dt>Address</dt>
              <dd>
                <Foreign text={account.spaceUrl} max={120} />
              </dd>
            </div>
          </>
        )}
        {link.state === 'unpaired' ? null : (
          <div>
            <dt>Since</dt>
            <dd>
              <When at={link.since} />
            </dd>
          </div>
        )}
        {link.pendingReports === 0 ? null : (
          <div>
            <dt>Not yet confirmed</dt>
            <dd>{counted(link.pendingReports, 'report')}</dd>
          </div>
        )}
        <div>
          <dt>Agent</dt>
          <dd>
            {version}
            {engineVersion === undefined ? '' : `, restic ${engineVersion}`}
          </dd>
        </div>
      </dl>
      {account?.state === 'sign-in-again' ? (
        <p>
          Sign in again: type <code>olares-backup login</code> in a terminal.
        </p>
      ) : null}
      {account === undefined ? <p class="muted">Plans can use your own storage without a Space.</p> : null}
    </section>
  );
}
