import { render } from 'preact';
import { createApiClient } from '../../contract/index.ts';
import { App } from './app.tsx';
import { codeOf } from './route.ts';
import { createAgent } from './state/agent.ts';
import { AgentContext, ClockContext } from './state/context.ts';
import { createStore } from './state/store.ts';
import { fetchTransport } from './state/transport.ts';

/** Relative times on the page are at most this old. */
const CLOCK_STEP_MS = 10_000;

const agent = createAgent(createApiClient(fetchTransport(PAGE_VERSION)), (path) => new EventSource(path));
const clock = createStore(Date.now());
const tick = () => clock.update(() => Date.now());
setInterval(tick, CLOCK_STEP_MS);
// What has just happened is not in the future.
agent.store.subscribe(tick);

/** The code is taken out of the address before anything else, so that it stays in no history. */
function openPage(): void {
  const code = codeOf(location.hash);
  if (code !== undefined) history.replaceState(null, '', `${location.pathname}#/`);
  void agent.open(code);
}

addEventListener('hashchange', () => {
  if (codeOf(location.hash) !== undefined) openPage();
});
document.addEventListener('visibilitychange', () => {
  tick();
  const { session, connection } = agent.store.get();
  if (!document.hidden && (session === 'closed' || connection === 'lost')) void agent.open();
});

const root = document.getElementById('app');
if (root) {
  openPage();
  render(
    <AgentContext.Provider value={agent}>
      <ClockContext.Provider value={clock}>
        <App />
      </ClockContext.Provider>
    </AgentContext.Provider>,
    root,
  );
}
