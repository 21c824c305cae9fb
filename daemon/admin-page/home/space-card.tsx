import type { ComponentChildren, JSX } from 'preact';
import type { Status } from '../../../contract/index.ts';
import { Badge, Foreign, When } from '../components/basics.tsx';
import { counted } from '../format/size.ts';
import { LINK_WORDS, wordingOf } from '../format/words.ts';
import { SpaceTrail } from './space-trail.tsx';

/** The connection to Space, the account, and what runs here. */
export function SpaceCard({ status }: { status: Status }): JSX.Element {
  const { link, account } = status;
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
      <SpaceFacts status={status} />
      {account?.state === 'sign-in-again' ? (
        <p>
          Sign in again: type <code>olares-backup login</code> in a terminal.
        </p>
      ) : null}
      {account === undefined ? (
        <p class="muted">Plans can use your own storage without a Space.</p>
      ) : (
        <SpaceTrail />
      )}
    </section>
  );
}

function SpaceFacts({ status }: { status: Status }): JSX.Element {
  const { link, account, version, engineVersion } = status;
  const fact = (name: string, value: ComponentChildren) => (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
  return (
    <dl class="facts">
      {account ? fact('Account', <Foreign text={account.olaresName ?? account.userid} max={80} />) : null}
      {account ? fact('Address', <Foreign text={account.spaceUrl} max={120} />) : null}
      {link.state === 'unpaired' ? null : fact('Since', <When at={link.since} />)}
      {link.pendingReports === 0 ? null : fact('Not yet confirmed', counted(link.pendingReports, 'report'))}
      {fact('Agent', engineVersion === undefined ? version : `${version}, restic ${engineVersion}`)}
    </dl>
  );
}
