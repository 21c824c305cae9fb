import { expect, it, vi } from 'vitest';
import { silentLog } from './base/log.ts';
import { lookEachMinute } from './each-minute.ts';

it('asks every part, also when one of them fails', async () => {
  const asked: string[] = [];
  const note = (name: string) => () => void asked.push(name);
  const noteLater = (name: string) => async () => void asked.push(name);
  lookEachMinute(
    {
      mounts: { look: () => Promise.reject(new Error('no mounts')) },
      index: { tend: noteLater('index') },
      repositories: { tend: noteLater('ledger') },
      requests: {
        expire() {
          throw new Error('the disk is full');
        },
      },
      space: { asked: { expire: note('asked') } },
      recovery: { tend: note('recovery') },
      overdue: note('overdue'),
      signedOut: note('signedOut'),
      health: { keepPlans: (ids) => void asked.push(`conditions of ${[...ids].join()}`) },
      plans: { list: () => [{ id: 'a' }, { id: 'b' }] },
    },
    silentLog,
  );
  await vi.waitFor(() =>
    expect(asked.toSorted()).toEqual([
      'asked',
      'conditions of a,b',
      'index',
      'ledger',
      'overdue',
      'recovery',
      'signedOut',
    ]),
  );
});
