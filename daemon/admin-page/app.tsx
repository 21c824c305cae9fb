import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Foreign, Loading } from './components/basics.tsx';
import { ConnectionBanner, Notices } from './components/notices.tsx';
import { Icon } from './components/icon.tsx';
import { Home } from './home/home.tsx';
import { JobPage } from './jobs/job-page.tsx';
import { JobsPage } from './jobs/jobs-page.tsx';
import { SignIn } from './sign-in.tsx';
import { SnapshotPage } from './snapshots/snapshot-page.tsx';
import { SnapshotsPage } from './snapshots/snapshots-page.tsx';
import { useAgent, useAgentState } from './state/context.ts';
import { useRoute, type Route } from './route.ts';

const TITLES: Readonly<Record<Route['page'], string>> = {
  home: 'Home',
  snapshots: 'Snapshots',
  snapshot: 'Snapshot',
  jobs: 'Jobs',
  job: 'Job',
  unknown: 'Not found',
};

export function App(): JSX.Element {
  const session = useAgentState((state) => state.session);
  const hasStatus = useAgentState((state) => state.status !== undefined);
  if (session === 'closed') return <SignIn />;
  return (
    <>
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to content
      </a>
      <Header />
      <ConnectionBanner />
      {hasStatus ? (
        <Page />
      ) : (
        <main id="main" class="page">
          <Loading what="the agent's state" />
        </main>
      )}
      <Notices />
    </>
  );
}

function Page(): JSX.Element {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const isStale = useAgentState((state) => state.connection === 'lost');
  useEffect(() => {
    document.title = `${TITLES[route.page]} · Olares Backup`;
    // A new page starts at its top, for the eye and for the keyboard; the first one leaves the focus where it is.
    if (!isFirst.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [route.page, 'id' in route ? route.id : '']);
  return (
    <main id="main" class="page" tabIndex={-1} ref={main} {...(isStale ? { 'data-stale': '' } : {})}>
      <Content route={route} />
    </main>
  );
}

function Content({ route }: { route: Route }): JSX.Element {
  switch (route.page) {
    case 'home':
      return <Home />;
    case 'snapshots':
      return <SnapshotsPage plan={route.plan} />;
    case 'snapshot':
      return <SnapshotPage id={route.id} path={route.path} />;
    case 'jobs':
      return <JobsPage />;
    case 'job':
      return <JobPage id={route.id} />;
    case 'unknown':
      return (
        <>
          <h1>There is nothing here</h1>
          <p>
            <a href="#/">Go to the first page</a>
          </p>
        </>
      );
  }
}

function Header(): JSX.Element {
  const agent = useAgent();
  const machine = useAgentState((state) => state.status?.machine);
  const page = useRoute().page;
  const link = (href: string, label: string, pages: readonly string[]) => (
    <a href={href} {...(pages.includes(page) ? { 'aria-current': 'page' as const } : {})}>
      {label}
    </a>
  );
  return (
    <header class="top">
      <div class="top__inner">
        <a class="brand" href="#/" aria-label="Olares Backup, first page">
          <span class="brand__mark">
            <Icon name="shield" size={20} />
          </span>
          <span class="brand__text">
            <strong>Olares Backup</strong>
            {machine === undefined ? null : (
              <span class="muted">
                <Foreign text={machine} max={80} />
              </span>
            )}
          </span>
        </a>
        <nav class="nav" aria-label="Pages">
          {link('#/', 'Home', ['home'])}
          {link('#/snapshots', 'Snapshots', ['snapshots', 'snapshot'])}
          {link('#/jobs', 'Jobs', ['jobs', 'job'])}
        </nav>
        <button type="button" class="button button--quiet top__leave" onClick={() => void agent.leave()}>
          Sign out
        </button>
      </div>
    </header>
  );
}

/** `#main` is an address of the router, so the link must not be followed. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
